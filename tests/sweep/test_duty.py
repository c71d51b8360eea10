"""A duty is one process's at a time, survives what it raises, and passes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from router.postgres.accounts import Accounts
from router.postgres.allowance import Allowance
from router.postgres.pool import DatabaseAwayError, Pool
from router.sweep.duty import Duty
from router.sweep.rota import Rota

LEASE = 0.4


@asynccontextmanager
async def _doing(duty: Duty, pool: Pool, *, renewed: bool = True) -> AsyncIterator[None]:
    """A process with one duty. One that dies neither renews nor drops it."""
    names = [] if duty.shared else [duty.name]
    rota = Rota(Accounts(pool), uuid4(), names, lease=LEASE)
    tasks = [asyncio.create_task(rota.keep()), asyncio.create_task(duty.run(rota))]
    if not renewed:
        await asyncio.sleep(LEASE / 2)
        tasks[0].cancel()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Count:
    def __init__(self) -> None:
        self.rounds = 0
        self.done = asyncio.Event()

    async def __call__(self) -> bool:
        self.rounds += 1
        if self.rounds >= 3:
            self.done.set()
        return False


async def test_of_two_processes_one_does_it(database: str) -> None:
    mine, other = _Count(), _Count()
    async with Pool(database, application="test") as pool, _doing(Duty("cleaning", 0.01, mine), pool):
        async with asyncio.timeout(5):
            await mine.done.wait()
        async with _doing(Duty("cleaning", 0.01, other), pool):
            mine.rounds = 0
            mine.done.clear()
            async with asyncio.timeout(5):
                await mine.done.wait()
        assert other.rounds == 0


async def test_control_without_a_lease_both_do_it(database: str) -> None:
    mine, other = _Count(), _Count()
    async with Pool(database, application="test") as pool:
        async with (
            _doing(Duty("cleaning", 0.01, mine, shared=True), pool),
            _doing(Duty("cleaning", 0.01, other, shared=True), pool),
            asyncio.timeout(5),
        ):
            await mine.done.wait()
            await other.done.wait()
        assert other.rounds > 0


async def test_a_dead_process_s_duty_passes_on_when_its_lease_is_over(database: str) -> None:
    heir = _Count()
    async with Pool(database, application="test") as pool:
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO duty VALUES ('cleaning', $1, clock_timestamp() + interval '200 ms')", uuid4()
            )
        async with _doing(Duty("cleaning", 0.01, heir), pool), asyncio.timeout(5):
            await heir.done.wait()


class _Long:
    """One round that takes five leases."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> bool:
        self.begun.set()
        await asyncio.sleep(5 * LEASE)
        self.ended.set()
        return False


async def _a_long_round_stays_one_process_s(database: str, *, renewed: bool) -> None:
    mine, other = _Long(), _Count()
    async with (
        Pool(database, application="test") as pool,
        _doing(Duty("cleaning", 0.01, mine), pool, renewed=renewed),
    ):
        async with asyncio.timeout(5):
            await mine.begun.wait()
        async with _doing(Duty("cleaning", 0.01, other), pool):
            await asyncio.sleep(6 * LEASE)
            assert mine.ended.is_set()
            assert other.rounds == 0


async def test_a_long_round_keeps_its_lease_by_renewing_it(database: str) -> None:
    await _a_long_round_stays_one_process_s(database, renewed=True)


async def test_control_a_lease_that_is_not_renewed_passes_on_and_its_round_is_broken_off(
    database: str,
) -> None:
    with pytest.raises(AssertionError, match="is_set"):
        await _a_long_round_stays_one_process_s(database, renewed=False)


async def test_a_duty_of_a_killed_process_moves_within_seconds_though_it_is_rarely_due(
    database: str,
) -> None:
    """It is the lease that counts, not how often the duty comes round."""
    heir = _Count()
    async with Pool(database, application="test") as pool:
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO duty VALUES ('cleaning', $1, clock_timestamp() + interval '400 ms')", uuid4()
            )
        async with _doing(Duty("cleaning", 60.0, heir), pool):
            await asyncio.sleep(LEASE + 2)
        assert heir.rounds == 1


async def test_what_it_raises_ends_one_round_only(database: str, caplog: pytest.LogCaptureFixture) -> None:
    count = _Count()

    async def act() -> bool:
        await count()
        raise ValueError("+33639980001")

    async with Pool(database, application="test") as pool, _doing(Duty("cleaning", 0.01, act), pool):
        async with asyncio.timeout(5):
            await count.done.wait()
    assert "cleaning raised ValueError" in caplog.text
    assert "+33" not in caplog.text


async def test_a_round_that_hangs_is_broken_off(database: str) -> None:
    count = _Count()

    async def act() -> bool:
        await count()
        await asyncio.sleep(60)
        return False

    async with (
        Pool(database, application="test") as pool,
        _doing(Duty("cleaning", 0.01, act, longest=0.2), pool),
        asyncio.timeout(5),
    ):
        await count.done.wait()


@pytest.mark.parametrize("broken_off", ["hangs", "the database is away"])
async def test_what_is_seldom_due_comes_again_soon_after_it_was_broken_off(
    database: str, broken_off: str
) -> None:
    await _comes_again(database, broken_off, again=0.01)


async def test_control_else_it_waits_until_it_is_due(database: str) -> None:
    with pytest.raises(TimeoutError):
        await _comes_again(database, "hangs")


async def _comes_again(database: str, broken_off: str, again: float = 60.0) -> None:
    count = _Count()

    async def act() -> bool:
        await count()
        if broken_off != "hangs":
            raise DatabaseAwayError
        await asyncio.sleep(60)
        return False

    async with (
        Pool(database, application="test") as pool,
        _doing(Duty("cleaning", 60.0, act, longest=0.1, again=again), pool),
        asyncio.timeout(5),
    ):
        await count.done.wait()


async def test_no_more_calls_are_made_than_a_minute_allows(database: str) -> None:
    async with Pool(database, application="test") as pool, Pool(database, application="other") as other:
        processes = [Allowance(each, {"ovh": 10}) for each in (pool, other)]
        taken = await asyncio.gather(*(processes[n % 2].take("ovh") for n in range(60)))
        used = await _used(pool)
        assert all(minute <= 10 for minute in used)
        assert sum(taken) == sum(used)
        assert await processes[0].wait("ovh") > 0 or len(await _used(pool)) > 1


async def _used(pool: Pool) -> list[int]:
    async with pool.connection() as connection:
        return [row["used"] for row in await connection.fetch("SELECT used FROM allowance")]


async def test_asking_leaves_half_of_the_calls_to_sending(database: str) -> None:
    async with Pool(database, application="test") as pool:
        allowance = Allowance(pool, {"ovh": 10})
        asked = [await allowance.take("ovh", 0.5) for _ in range(10)]
        used = await _used(pool)
        assert all(minute <= 5 for minute in used)
        assert sum(asked) == sum(used) < 10
        assert await allowance.take("ovh")
        assert await allowance.take("twilio")

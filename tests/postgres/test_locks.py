"""Every lock by itself: somebody is in the middle of the same thing, and whoever comes second knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import asyncpg

from router.postgres.incoming import Cost, Incoming
from router.postgres.ledger import Ledger
from router.postgres.parked import Parking
from router.postgres.pool import Line, Pool
from router.postgres.purses import Purses
from router.postgres.receipts import Receipts
from router.postgres.upkeep import Upkeep
from router.rules.consent import Consent
from tests.postgres.scene import ACME, DAY, LEASE, MONTH, NOON, Owner, Scene, intent, proof, pseudonym, text
from tests.postgres.test_parked import notice
from tests.postgres.test_receiving_cost import PRICE

T = TypeVar("T")
_BLOCKED = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event <> 'extend'"""


@dataclass
class Ahead:
    """A connection in a transaction that is not over yet, as what SQL is said on."""

    held: asyncpg.Connection[asyncpg.Record]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        yield self.held

    @property
    def line(self) -> Line:
        return cast("Line", self)

    @property
    def pool(self) -> Pool:
        return cast("Pool", self)

    def ledger(self, owner: Owner) -> Ledger:
        return Ledger(owner.id, LEASE)


async def second(
    scene: Scene, first: Callable[[Ahead], Awaitable[Any]], then: Coroutine[Any, Any, T]
) -> tuple[T, bool]:
    """Begin `first`, then `then`; when that waits or is done, commit the first. Its word; if it waited."""
    connection = await asyncpg.connect(scene.dsn)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await first(Ahead(connection))
        task = asyncio.create_task(then)
        async with asyncio.timeout(20):
            while not (waits := await scene.look.fetchval(_BLOCKED)) and not task.done():  # noqa: ASYNC110 -- its doing
                await asyncio.sleep(0.01)
        await transaction.commit()
        return await task, bool(waits)
    finally:
        await connection.close()


async def test_a_claim_is_armed_once_though_its_owner_asks_twice(scene: Scene) -> None:
    owner, one = scene.owner(), text("ana")
    await owner.store(one)
    said, waited = await second(
        scene,
        lambda ahead: ahead.ledger(owner).arm(ahead.line, [intent(one.id)], NOON),
        owner.arm(intent(one.id)),
    )
    assert (said, waited) == (["lost"], True)


async def test_a_doubt_does_not_undo_what_is_being_settled(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("ana")
    said, _ = await second(
        scene,
        lambda ahead: ahead.ledger(owner).settle(ahead.line, [proof(sent, "accepted")], NOON),
        owner.settle(proof(sent, "unknown")),
    )
    assert said == ["accepted"]
    assert await scene.attempt(sent) == "accepted"


async def test_two_late_prices_share_what_room_is_left(scene: Scene) -> None:
    await scene.cap(ACME, 250)
    owner = scene.owner()
    one, other = [await owner.armed(name) for name in ("ana", "bea")]
    await second(
        scene,
        lambda ahead: ahead.ledger(owner).settle(ahead.line, [proof(one, "accepted", price=150)], NOON),
        owner.settle(proof(other, "accepted", price=150)),
    )
    assert await scene.window() == (0, 300, 50)


async def test_a_window_begins_with_the_cap_that_is_being_set(scene: Scene) -> None:
    owner, one = scene.owner(), text("ana")
    await owner.store(one)
    said, _ = await second(
        scene, lambda ahead: Purses(ahead.pool).set(ACME, 50, DAY), owner.arm(intent(one.id))
    )
    assert said == ["account_purse"]


async def test_a_window_that_two_begin_is_one(scene: Scene) -> None:
    owner, one, other = scene.owner(), text("ana"), text("bea")
    await owner.store(one, other)
    said, waited = await second(
        scene,
        lambda ahead: ahead.ledger(owner).arm(ahead.line, [intent(one.id)], NOON),
        owner.arm(intent(other.id)),
    )
    assert (said, waited) == (["armed"], True)


async def _costs(scene: Scene, *names: str) -> list[Cost]:
    await scene.owner().store(*(text(name, cost=PRICE) for name in names))
    return await Incoming(scene.pool).costs(9)


def _booked(pool: Pool, *costs: Cost, days: int = 0) -> Coroutine[Any, Any, int]:
    apart = timedelta(days=days)
    return Incoming(pool).book(costs, [(DAY + apart, MONTH + apart)] * len(costs), NOON)


async def test_a_cost_is_booked_once_though_it_is_of_another_day_for_the_second(scene: Scene) -> None:
    [cost] = await _costs(scene, "ana")
    said, waited = await second(
        scene, lambda ahead: _booked(ahead.pool, cost), _booked(scene.pool, cost, days=31)
    )
    assert (said, waited) == (0, True)


async def test_costs_share_what_room_is_left(scene: Scene) -> None:
    before, one, other = await _costs(scene, "ana", "bea", "cleo")
    await _booked(scene.pool, before)
    await second(scene, lambda ahead: _booked(ahead.pool, one), _booked(scene.pool, other))
    assert await scene.window() == (0, 1_200_000, 200_000)


async def test_a_cost_s_window_begins_with_the_cap_that_is_being_set(scene: Scene) -> None:
    [cost] = await _costs(scene, "ana")
    await second(scene, lambda ahead: Purses(ahead.pool).set(ACME, 50, DAY), _booked(scene.pool, cost))
    assert await scene.window() == (0, 400_000, 400_000 - 50)


async def test_a_window_that_two_costs_begin_is_one(scene: Scene) -> None:
    one, other = await _costs(scene, "ana", "bea")
    said, _ = await second(scene, lambda ahead: _booked(ahead.pool, one), _booked(scene.pool, other))
    assert said == 1


async def _nobody_waits(scene: Scene, held: str, then: Coroutine[Any, Any, T]) -> T:
    said, waited = await second(scene, lambda ahead: ahead.held.fetch(held), then)
    assert not waited
    return said


async def test_a_plain_receipt_of_a_text_that_is_being_settled_stays_parked(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("ana")
    await owner.settle(proof(sent, "accepted"))
    await Receipts().store(scene.pool.line(), [notice(reference=sent.reference)])
    parking = Parking(scene.pool)
    assert await _nobody_waits(scene, "SELECT FROM attempt FOR UPDATE", parking.plain([ACME], 9)) == []
    assert len(await parking.plain([ACME], 9)) == 1


async def test_what_becomes_due_is_left_to_who_has_it(scene: Scene) -> None:
    await scene.owner().store(text("ana", claim=False, not_before=NOON))
    held = "SELECT FROM reply FOR UPDATE"
    assert await _nobody_waits(scene, held, Upkeep(scene.pool).due(NOON)) == 0
    assert await Upkeep(scene.pool).due(NOON) == 1


async def test_what_expires_is_left_to_who_has_it(scene: Scene) -> None:
    await scene.owner().store(text("ana", claim=False))
    held, late = "SELECT FROM reply FOR UPDATE", NOON + timedelta(days=1)
    assert await _nobody_waits(scene, held, Upkeep(scene.pool).expire(late)) == []
    assert await Upkeep(scene.pool).expire(late) == ["expired"]


async def test_wishes_lock_texters_in_the_order_in_which_all_do(scene: Scene) -> None:
    first, last = sorted(map(pseudonym, ("ana", "bea")))
    owner = scene.owner()
    for each in (last, first):  # so they lie in the table
        await owner.inbox.consent(owner.line, [(each, Consent.RESUME, NOON)])
    wishing = await asyncpg.connect(scene.dsn)
    await wishing.execute("SET enable_nestloop = off; SET enable_mergejoin = off")
    wishes = [(each, Consent.OPT_OUT, NOON) for each in (first, last)]
    lock = "SELECT pseudonym FROM texter WHERE pseudonym = $1 FOR UPDATE SKIP LOCKED"
    try:
        async with scene.pool.connection() as other:
            transaction = other.transaction()
            await transaction.start()
            assert await other.fetchval(lock, first) == first
            task = asyncio.create_task(owner.inbox.consent(Ahead(wishing).line, wishes))
            async with asyncio.timeout(20):
                while not await scene.look.fetchval(_BLOCKED):  # noqa: ASYNC110 -- its doing
                    await asyncio.sleep(0.01)
            free = await scene.look.fetchval(lock, last)
            await transaction.commit()
            await task
    finally:
        await wishing.close()
    assert free == last, "whoever waits for the first of them holds the last"

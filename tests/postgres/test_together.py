"""Many connections at once: one grant, no cap passed, no deadlock; each with its protection taken away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from router.postgres.pool import DatabaseAwayError
from router.rules.consent import Consent
from tests.postgres.scene import ACME, BETA, DAY, MONTH, NOON, Scene, intent, proof, pseudonym, scene_in
from tests.postgres.scene import text as text_of

TEXTER_LOCK = "PERFORM 1 FROM texter WHERE pseudonym = ANY (texter_of) ORDER BY pseudonym FOR UPDATE;"
PURSE_LOCK = "FOR UPDATE OF w"


async def patch(scene: Scene, function: str, old: str, new: str) -> None:
    """Change the text of a function in this database; fails where there is no such text."""
    source: str = await scene.look.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
    assert old in source
    await scene.look.execute(source.replace(old, new))


async def grants(scene: Scene) -> int:
    """50 texts of one texter, armed at once over 8 connections; each has purse windows of its own.

    Shared windows would be one more lock, behind which a missing one could hide.
    """
    await scene.owner().armed("kim", next_allowed=NOON)  # the first insert is a lock too
    owners = [scene.owner() for _ in range(8)]
    texts = [text_of(f"kim {n}", texter=pseudonym("kim")) for n in range(50)]

    for place, owner in enumerate(owners):
        await owner.store(*texts[place::8])

    async def arm(place: int) -> list[str]:
        days = timedelta(days=place + 1)
        mine = texts[place::8]
        found = [
            await owners[place].arm(
                intent(one.id, account_window=DAY + days, total_window=MONTH + days, ceiling=100)
            )
            for one in mine
        ]
        return [verdict for (verdict,) in found]

    async with held_up(scene, 8):
        arms = asyncio.gather(*map(arm, range(8)))
    found = await arms
    return sum(verdicts.count("armed") for verdicts in found)


async def test_simultaneous_texts_of_one_texter_are_one_grant(scene: Scene) -> None:
    assert await grants(scene) == 1


async def test_without_the_texters_lock_there_are_more(database: str) -> None:
    async with scene_in(database, audited=False) as scene:
        await patch(scene, "arm", TEXTER_LOCK, "")
        with pytest.raises(AssertionError):
            assert await grants(scene) == 1


async def armed_of_a_purse_for_ten(scene: Scene) -> int:
    """160 sends through 8 connections, of a purse that pays ten; the first 8 calls are made as one."""
    await scene.cap(ACME, 1_000)
    await scene.owner().armed("first", estimate=0)

    async def arm(place: int) -> int:
        owner = scene.owner()
        texts = [text_of(f"{place} {n}") for n in range(20)]
        await owner.store(*texts)
        found = [await owner.arm(*(intent(one.id) for one in texts[n : n + 2])) for n in range(0, 20, 2)]
        return sum(verdicts.count("armed") for verdicts in found)

    async with held_up(scene, 8):
        arms = asyncio.gather(*map(arm, range(8)))
    return sum(await arms)


@asynccontextmanager
async def held_up(scene: Scene, calls: int) -> AsyncIterator[None]:
    """So many calls of `arm`, begun in the block, come as far as they can and none writes; then all go on."""
    await patch(scene, "arm", "-- 5. the writes", "PERFORM pg_advisory_xact_lock_shared(1); -- 5. the writes")
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND wait_event <> 'extend'"""  # a file that grows is waited for, too, and in nobody's way
    await scene.look.execute("SELECT pg_advisory_lock(1)")
    try:
        yield
        async with asyncio.timeout(60):
            while await scene.look.fetchval(waiting) < calls:  # noqa: ASYNC110 -- it is the database's doing
                await asyncio.sleep(0.01)
    finally:
        await scene.look.execute("SELECT pg_advisory_unlock(1)")


async def test_no_purse_is_ever_passed(scene: Scene) -> None:
    assert await armed_of_a_purse_for_ten(scene) == 10
    assert await scene.window() == (1_000, 0, 0)


async def test_without_the_purses_lock_it_is_passed(database: str) -> None:
    async with scene_in(database, audited=False) as scene:
        await patch(scene, "arm", PURSE_LOCK, "")
        await scene.look.execute("ALTER TABLE purse_window DROP CONSTRAINT purse_window_check1")
        with pytest.raises(AssertionError):
            assert await armed_of_a_purse_for_ten(scene) == 10


async def test_and_then_the_check_still_holds_the_purse(database: str) -> None:
    async with scene_in(database, audited=False) as scene:
        await patch(scene, "arm", PURSE_LOCK, "")
        with pytest.raises(asyncpg.CheckViolationError, match="purse_window_check1"):
            await armed_of_a_purse_for_ten(scene)


async def deadlocks(scene: Scene, seed: int = 1) -> int:
    """Random overlapping batches of arms, settles and wishes over 8 connections."""
    name = await scene.look.fetchval("SELECT current_database()")
    await scene.look.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '20ms'")
    everybody = [f"texter {n}" for n in range(30)]
    luck = random.Random(seed)

    async def work(place: int) -> int:
        owner, met = scene.owner(), 0
        mine = random.Random(luck.random())
        for turn in range(12):
            batch = mine.sample(everybody, 12)
            texts = [text_of(f"{place} {turn} {who}", texter=pseudonym(who)) for who in batch]
            await owner.store(*texts)
            intents = [
                intent(
                    one.id, account=mine.choice([ACME, BETA]), next_allowed=NOON, ceiling=10**6, estimate=1,
                    account_window=DAY + timedelta(days=mine.randrange(3)), in_flight=10**6,
                )
                for one in texts
            ]  # fmt: skip
            try:
                verdicts = await owner.arm(*intents)
                armed = [one for one, verdict in zip(intents, verdicts, strict=True) if verdict == "armed"]
                mine.shuffle(armed)
                outcomes = mine.choices(["accepted", "refused", "unknown"], k=len(armed))
                await owner.settle(*map(proof, armed, outcomes))
                wishes = [(pseudonym(who), Consent.RESUME, NOON) for who in mine.sample(everybody, 8)]
                await owner.inbox.consent(owner.line, wishes)
            except DatabaseAwayError as error:
                if not isinstance(error.__cause__, asyncpg.DeadlockDetectedError):
                    raise
                met += 1
        return met

    return sum(await asyncio.gather(*map(work, range(8))))


async def test_random_overlapping_batches_never_deadlock(scene: Scene) -> None:
    assert await deadlocks(scene) == 0


async def test_unordered_locks_do_deadlock(database: str) -> None:
    async with scene_in(database, audited=False) as scene:
        await patch(scene, "arm", TEXTER_LOCK, TEXTER_LOCK.replace("BY pseudonym FOR", "BY random() FOR"))
        with pytest.raises(AssertionError):
            assert await deadlocks(scene) == 0


async def wish_while_a_texter_is_met(scene: Scene) -> None:
    """A wish of somebody known and somebody new, while arming meets the same two."""
    owner, other = scene.owner(), scene.owner()
    known, new = sorted(("kim", "ada"), key=pseudonym)
    await owner.armed(known, next_allowed=NOON)
    texts = [text_of(f"{who} again", texter=pseudonym(who)) for who in (known, new)]
    await owner.store(*texts)
    await patch(scene, "arm", TEXTER_LOCK, f"PERFORM pg_sleep(0.3); {TEXTER_LOCK}")
    arming = asyncio.create_task(owner.arm(*(intent(one.id) for one in texts)))
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    )
    async with asyncio.timeout(5):
        while not await scene.look.fetchval(query):  # noqa: ASYNC110 -- it is the database's doing
            await asyncio.sleep(0.01)
    wishes = [(pseudonym(who), Consent.OPT_OUT, NOON) for who in (known, new)]
    await other.inbox.consent(other.line, wishes)
    assert await arming == ["armed", "armed"]
    assert (await scene.texter(new))["opted_out_at"] == NOON


async def test_a_wish_and_a_first_answer_at_once_do_not_wait_for_each_other(scene: Scene) -> None:
    await wish_while_a_texter_is_met(scene)


async def test_made_and_locked_in_one_statement_they_would(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_statement = """INSERT INTO texter (pseudonym, opted_out_at)
        SELECT * FROM unnest($1::bytea[], $2::timestamptz[]) AS t (pseudonym, at) ORDER BY pseudonym
        ON CONFLICT (pseudonym) DO UPDATE SET opted_out_at = excluded.opted_out_at"""
    monkeypatch.setattr("router.postgres.inbox._MET", "SELECT $1::bytea[]")
    monkeypatch.setattr("router.postgres.inbox._CONSENT", one_statement)
    with pytest.raises(DatabaseAwayError):
        await wish_while_a_texter_is_met(scene)

"""What time brings: due, expired, reaped; each by its own clock, each at most so many at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from router.postgres.upkeep import Upkeep
from tests.audit import audit
from tests.postgres.scene import NOON, Scene, intent, proof
from tests.postgres.scene import text as text_of

SECOND = timedelta(seconds=1)


async def test_due_replies_become_ready_so_many_at_once(scene: Scene) -> None:
    texts = [text_of(str(n), claim=False, not_before=NOON + n * SECOND) for n in range(5)]
    await scene.owner().store(*texts)
    upkeep = Upkeep(scene.pool, most=2)
    found = [await upkeep.due(NOON + 3 * SECOND) for _ in range(3)]
    assert found == [2, 2, 0]
    assert await scene.reply(texts[4]) == "delayed"
    since = await scene.look.fetchval("SELECT not_before FROM reply WHERE id = $1", texts[0].id)
    assert since == NOON  # how long it has waited for us is counted from then


@pytest.mark.parametrize("delayed", [False, True])
async def test_waiting_replies_expire_and_claimed_ones_do_not(scene: Scene, *, delayed: bool) -> None:
    owner = scene.owner()
    until = NOON if delayed else None
    waiting = text_of("kim", claim=False, not_before=until, expires_at=NOON + SECOND)
    claimed = text_of("ada", expires_at=NOON)
    await owner.store(waiting, claimed)
    upkeep = Upkeep(scene.pool)
    assert await upkeep.expire(NOON) == []
    assert await upkeep.expire(NOON + SECOND) == ["expired"]
    assert (await scene.reply(waiting), await scene.reply(claimed)) == ("suppressed", "claimed")
    assert await scene.look.fetchval("SELECT reason FROM reply WHERE id = $1", waiting.id) == "expired"


async def test_a_claim_whose_lease_is_over_waits_anew_and_its_owner_has_lost_it(scene: Scene) -> None:
    owner = scene.owner(lease=timedelta(milliseconds=30))
    kim = text_of("kim")
    await owner.store(kim)
    upkeep = Upkeep(scene.pool)
    await asyncio.sleep(0.05)
    assert await upkeep.reap() == (1, 0)
    assert await scene.reply(kim) == "queued"
    assert await owner.arm(intent(kim.id)) == ["lost"]
    assert not await owner.finish(kim.id, 1, "failed")
    (claim,) = await scene.owner().claim()
    assert claim.fence == 2


async def test_a_send_whose_lease_is_over_is_in_doubt_and_keeps_its_money(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await scene.end_leases()
    assert await Upkeep(scene.pool).reap() == (0, 1)
    assert (await scene.reply(sent), await scene.attempt(sent)) == ("in_doubt", "unknown")
    assert await scene.window() == (100, 0, 0)
    assert await Upkeep(scene.pool).reap() == (0, 0)
    assert await scene.owner().claim() == []


async def test_leases_that_are_not_over_are_nobodys_business(scene: Scene) -> None:
    owner = scene.owner()
    await owner.armed("kim")
    await owner.store(text_of("ada"))
    assert await Upkeep(scene.pool).reap() == (0, 0)


async def test_reaping_and_settling_at_once_end_in_one_truth(scene: Scene) -> None:
    owners = [scene.owner() for _ in range(4)]
    sent = [
        [await owner.armed(f"{place} {n}", in_flight=80) for n in range(20)]
        for place, owner in enumerate(owners)
    ]
    await scene.end_leases()
    upkeep = Upkeep(scene.pool, most=7)

    async def settle(place: int) -> None:
        for one in sent[place]:
            await owners[place].settle(proof(one, "accepted"))

    async def reap() -> None:
        while sum(await upkeep.reap()):
            await audit(scene.dsn)

    await asyncio.gather(reap(), reap(), *map(settle, range(4)))
    assert {await scene.reply(one) for row in sent for one in row} == {"accepted"}
    assert await scene.window() == (0, 8_000, 0)

"""A send whose lease ended: reaped as a doubt, and settled all the same when its owner wakes."""

from __future__ import annotations

from router.postgres.ledger import Intent
from router.postgres.upkeep import Upkeep
from tests.postgres.scene import Owner, Scene, proof


async def _reaped(scene: Scene, owner: Owner) -> Intent:
    sent = await owner.armed("kim")
    await scene.end_leases()
    assert await Upkeep(scene.pool).reap() == (0, 1)
    return sent


async def test_a_reaped_send_whose_owner_wakes_is_settled_by_its_answer(scene: Scene) -> None:
    owner = scene.owner()
    sent = await _reaped(scene, owner)
    assert await owner.settle(proof(sent, "accepted")) == ["accepted"]


async def test_a_reaped_send_that_was_refused_waits_anew_for_its_owner_holds_it_no_more(scene: Scene) -> None:
    owner = scene.owner()
    sent = await _reaped(scene, owner)
    assert await owner.settle(proof(sent, "refused", then="claimed")) == ["queued"]
    (claim,) = await scene.owner().claim()
    assert claim.id == sent.reply

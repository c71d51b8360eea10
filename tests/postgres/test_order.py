"""Whom to answer first among those who wait: who was never answered, then who was."""

from __future__ import annotations

from datetime import timedelta

from router.postgres.inbox import Finish
from router.rules.answer import Priority
from tests.postgres.scene import NOON, Scene, proof
from tests.postgres.scene import text as text_of


async def answered(scene: Scene, name: str) -> None:
    sent = await scene.owner().armed(name)
    await scene.owner().settle(proof(sent, "accepted"))


async def test_who_was_answered_before_is_claimed_after_who_was_not_though_newer(scene: Scene) -> None:
    await answered(scene, "known")
    owner, later = scene.owner(), NOON + timedelta(minutes=1)
    again = text_of("known", id=text_of("again").id, provider_id="again", claim=False, received_at=later)
    await owner.store(text_of("new", claim=False), again)
    found = await owner.claim()
    assert [claim.id for claim in found] == [text_of("new").id, again.id]
    assert found[1].priority == Priority.RETURNING


async def test_control_newest_goes_first_among_those_who_were_not(scene: Scene) -> None:
    owner, later = scene.owner(), text_of("later", claim=False, received_at=NOON + timedelta(minutes=1))
    await owner.store(text_of("new", claim=False), later)
    assert [claim.id for claim in await owner.claim()] == [later.id, text_of("new").id]


async def test_who_is_put_off_waits_in_the_place_that_history_gives(scene: Scene) -> None:
    owner, one, other = scene.owner(), text_of("one"), text_of("other")
    await owner.store(one, other)
    ends = [
        Finish(one.id, 1, "queued", "", None, int(Priority.RETURNING)),
        Finish(other.id, 1, "queued", "", None),
    ]
    assert await owner.inbox.finish(owner.line, ends) == [True, True]
    assert [claim.id for claim in await owner.claim()] == [other.id, one.id]

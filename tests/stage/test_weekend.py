"""The weekend of 2017 at a twentieth, through the real router: the story has a different ending."""

from __future__ import annotations

import asyncio

import pytest

from router.stage.drill.counting import tell
from router.stage.drill.drill import Order, play
from router.stage.drill.scenes import SCENARIOS

pytestmark = pytest.mark.timeout(280)


def test_nearly_everybody_is_answered_and_the_raid_ruins_nobody() -> None:
    order = Order(scenario=SCENARIOS["weekend"], seed=7, scale=0.05)
    tale = tell(asyncio.run(play(order, lambda _at, _texts: None)))
    people, raid = tale.people, tale.raiders
    assert [promise.key for promise in tale.promises if not promise.kept] == []
    assert people.answered >= 0.99 * people.texters
    assert people.inside_at_once >= 0.9 * people.inside
    assert people.by_account.keys() == {"twilio", "vonage"}
    assert (raid.texts, raid.alarms) == (1_000, 0)
    assert raid.found_after is not None
    assert raid.found_after <= 250
    assert raid.paid <= raid.phones <= 75
    assert (tale.money.over, len(tale.played.empties)) == (0, 1)
    assert tale.money.saved + tale.money.unpaid > 0.9 * 900 * tale.played.price
    assert raid.left > raid.released > 0
    assert tale.kept.sealed == len(tale.played.texts)

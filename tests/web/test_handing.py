"""Whether a text goes to the worker at once or waits in its lane."""

from __future__ import annotations

from router.rules import breaker
from router.rules.answer import History
from router.rules.health import State
from tests.web.house import House


async def test_a_claimed_text_is_handed_to_the_worker_after_it_is_stored(house: House) -> None:
    house.worker.places = True
    await house.text("Salut c'est Kevin")
    [claim] = house.worker.handed
    [row] = await house.rows("SELECT * FROM reply")
    assert (row["state"], row["id"], row["owner"]) == ("claimed", claim.id, house.office.owner)
    assert (claim.fence, claim.lane, claim.history) == (row["fence"], row["lane"], History())
    assert house.office.read(claim).body == "Salut c'est Kevin"
    await house.text("Salut c'est Kevin")
    assert len(house.worker.handed) == 1


async def test_a_text_waits_in_its_lane_when_the_worker_has_no_room(house: House) -> None:
    await house.text("Salut")
    assert house.worker.handed == []
    [row] = await house.rows("SELECT * FROM reply")
    assert row["state"] == "queued"


async def test_a_text_waits_in_its_lane_while_nobody_can_carry_it(house: House) -> None:
    house.worker.places = True
    health = {(name, ""): breaker.cut(State(account=name), house.office.now()) for name in ("twilio", "ovh")}
    facts = house.office.facts
    house.office.facts = type(facts)(read_at=facts.read_at, health=health, caps=facts.caps)
    await house.text("Salut")
    assert house.worker.handed == []
    house.office.facts = facts
    await house.text("Salut", sid="SM" + "2" * 32)
    assert len(house.worker.handed) == 1

"""What happened in a drill, in order: the flags on its charts and the list below them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from router.rules.budget import MICROS
from router.stage.drill.charts import Mark
from router.stage.drill.scenes import Event, Fault, Over, Restore, TopUp
from router.stage.drill.tale import Tale
from router.stage.drill.wording import Wording

_HOUR = 3_600.0


def marks(tale: Tale, say: Wording) -> list[Mark]:
    """Each with its moment, in the page's language."""
    begin = tale.hours[0].at if tale.hours else tale.played.order.scenario.launch
    return [
        Mark((at - begin).total_seconds() / _HOUR, say.say("mark", at=say.moment(at), what=what))
        for at, what in sorted(_happened(tale, say))
    ]


def _happened(tale: Tale, say: Wording) -> Iterator[tuple[datetime, str]]:
    played, scenario = tale.played, tale.played.order.scenario
    for event in scenario.events:
        if what := _event(event, played.order.scale, say):
            yield scenario.when(event), what
    came = [row.received_at for row in played.rows.texts if played.people[row.texter]]
    if came:
        yield min(came), say.say("mark.raid.first")
    yield from ((empty.since, say.say("mark.empty")) for empty in played.empties)
    yield from ((row.at, say.say(f"mark.{row.mode}")) for row in played.rows.raids)


def _event(event: Event, scale: float, say: Wording) -> str:
    match event:
        case Fault(account=account, name=name):
            return say.say(f"mark.{name or 'well'}", account=say.carrier(account))
        case Restore(account=account):
            return say.say("mark.restored", account=say.carrier(account))
        case TopUp(money=amount):
            added = say.money(round(float(amount) * scale * MICROS))
            return say.say("mark.top-up", money=say.say("money", amount=added))
        case Over():
            return ""

"""An evening with everything in it, small enough for a test: a cut-off, an empty purse, a top-up, a raid."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from router.postgres.night import Rows
from router.rules.abuse import score
from router.rules.answer import Text
from router.rules.nights import Added, Heard, Outcome
from router.rules.rehearsal import rehearse
from router.settings import load
from router.stage import drill
from router.stage.cast import cast
from router.stage.drill.counting import tell
from router.stage.drill.drill import Order, Played, play
from router.stage.drill.scenes import SCENARIOS, Fault, Restore, Scenario, TopUp
from router.stage.drill.tale import Tale
from router.stage.drill.ticks import ticks
from router.stage.drill.traffic import Crowd, Raid, Sent
from router.stage.policy import as_environment
from router.stage.replay import terms

DRILL = Path(drill.__file__).with_name("drill.toml")

EVENING = Scenario(
    name="evening",
    crowd=Crowd(texts=360, hours=8),
    raid=Raid(texts=150, begins=5, hours=1, phones=None),
    events=(
        Fault(1, "twilio", "suspend"),
        Fault(2, "twilio", ""),
        Restore(2, "twilio"),
        TopUp(4.5, Decimal(30)),
    ),
    budget=Decimal(7),
    hours=9,
)
"""At 7 cents an answer its purse is empty after two or three hours."""

QUICK: Mapping[str, Any] = {"raids": {"warm_up": 100}}
"""So few texts would never teach what is usual."""


def merged(*policies: Mapping[str, Any]) -> dict[str, Any]:
    """Policies laid over each other, section by section."""
    found: dict[str, Any] = {}
    for policy in policies:
        for section, said in policy.items():
            found[section] = {**found.get(section, {}), **said}
    return found


async def played(policy: Mapping[str, Any] = QUICK, *, seed: int = 1, **order: Any) -> Played:
    """The evening, once."""
    return await play(Order(scenario=EVENING, seed=seed, policy=policy, **order), lambda _at, _texts: None)


async def told(policy: Mapping[str, Any] = QUICK, *, seed: int = 1, **order: Any) -> Tale:
    """What the evening came to."""
    return tell(await played(policy, seed=seed, **order))


def nothing() -> Tale:
    """A drill in which nobody texted."""
    return tell(
        Played(
            order=Order(scenario=SCENARIOS["viral"]),
            texts=[],
            people={},
            unanswered=0,
            rows=Rows(*([] for _ in fields(Rows))),
            truth=[],
            received=[],
            price=70_000,
            receiving=6_900,
            warm_up=1,
            period=timedelta(days=1),
            expiry=timedelta(hours=6),
            rates={},
            depths=[],
            moves=[],
            empties=[],
            seconds=1.0,
        )
    )


def rehearsed(tale: Tale) -> Outcome:
    """The same texts by the rules alone, under the settings that it was played with."""
    played = tale.played
    made = cast()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **made.environment,
            "PARAVENT_DATA": folder,
            "TWILIO_URL": "http://127.0.0.1:1",
            "VONAGE_URL": "http://127.0.0.1:1",
            "PARAVENT_BUDGET__LIMIT": f"{EVENING.budget:.2f}",
        }
        settings = load(DRILL, {**environment, **as_environment(played.order.policy)})
    top_ups = [Added(row.at, row.purse, row.cap) for row in played.rows.top_ups]
    (number,) = settings.numbers
    texts = [
        Heard(
            Text(
                id=UUID(int=place),
                account="twilio",
                number=number,
                sender=text.sender,
                body=text.body,
                received_at=at,
                expires_at=at + settings.replies.expiry,
            ),
            text.sender.encode(),
            score(text.body).value,
        )
        for place, (at, text) in enumerate(_moved(played))
    ]
    return rehearse(texts, top_ups, terms(settings))


def _moved(played: Played) -> Iterator[tuple[datetime, Sent]]:
    """Each text, and when the router had it: with the move of the clock."""
    stops = [EVENING.when(event) for event in EVENING.events]
    for tick in ticks(played.texts, EVENING.launch, EVENING.ends, stops):
        yield from ((tick.at, text) for text in tick.texts)

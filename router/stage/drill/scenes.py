"""The scenarios, as data: what happens when, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from router.stage.drill.traffic import COPIED, HEATED, PARIS, QUIET, Crowd, Raid

_FRIDAY = datetime(2017, 11, 24, 18, tzinfo=PARIS).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Fault:
    """A carrier's account goes wrong, so many hours after the launch; an empty name: it is well again.

    Args:
        hours: When.
        account: Whose.
        name: As the simulator calls it.
    """

    hours: float
    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Restore:
    """The operator opens an account again, as `paravent accounts restore` does."""

    hours: float
    account: str


@dataclass(frozen=True, slots=True)
class TopUp:
    """The operator adds money (at scale 1) to the purse that all share, as `paravent budget top-up` does."""

    hours: float
    money: Decimal


@dataclass(frozen=True, slots=True)
class Over:
    """The operator says that the raid is over, if it is not yet, as `paravent raid end` does."""

    hours: float


Event: TypeAlias = Fault | Restore | TopUp | Over


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One night, or a few.

    Args:
        name: As it is asked for, and as `words.*.json` tell it.
        crowd: Who texts because they were given the number.
        raid: Who attacks it.
        events: What else happens, in order.
        budget: What may be spent at scale 1, in the ledger's currency.
        hours: How long it is watched, at least.
        launch: When the number is published, UTC.
    """

    name: str
    crowd: Crowd
    raid: Raid | None = None
    events: tuple[Event, ...] = ()
    budget: Decimal
    hours: float
    launch: datetime = _FRIDAY

    @property
    def ends(self) -> datetime:
        """Until when it is watched."""
        return self.launch + timedelta(hours=self.hours)

    def when(self, event: Event) -> datetime:
        """When that happens."""
        return self.launch + timedelta(hours=event.hours)


_SUSPENDED = (Fault(20, "twilio", "suspend"), Fault(26, "twilio", ""), Restore(26.5, "twilio"))
_NIGHT = Crowd(texts=6_000, hours=48)

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="weekend",
            crowd=Crowd(texts=34_700, hours=100),  # 30,000 of them by Monday 16:00
            raid=Raid(texts=20_000, begins=70, hours=7, phones=1_500),
            events=(*_SUSPENDED, TopUp(63, Decimal(1_000)), Over(90)),
            budget=Decimal(1_600),
            hours=100,
        ),
        Scenario(
            name="viral",
            crowd=Crowd(texts=16_000, hours=48, mix=HEATED, spike=10),
            budget=Decimal(2_000),
            hours=50,
        ),
        Scenario(
            name="raid-fresh",
            crowd=_NIGHT,
            raid=Raid(texts=20_000, begins=24, hours=6, phones=None),
            events=(Over(40),),
            budget=Decimal(3_000),
            hours=48,
        ),
        Scenario(
            name="raid-quiet",
            crowd=_NIGHT,
            raid=Raid(texts=4_000, begins=24, hours=6, phones=1_000, mix=QUIET),
            events=(Over(40),),
            budget=Decimal(1_000),
            hours=48,
        ),
        Scenario(
            name="copypasta",
            crowd=_NIGHT,
            raid=Raid(texts=6_000, begins=24, hours=4, phones=1_000, mix=COPIED),
            events=(Over(40),),
            budget=Decimal(1_000),
            hours=48,
        ),
        Scenario(
            name="cut-off",
            crowd=_NIGHT,
            events=(
                Fault(6, "twilio", "suspend"),
                Fault(9, "vonage", "unpaid"),
                Fault(10, "twilio", ""),
                Restore(10, "twilio"),
                Fault(14, "vonage", ""),
                Restore(14, "vonage"),
            ),
            budget=Decimal(1_000),
            hours=36,
        ),
    )
}
"""By name, in the order in which they are listed."""

"""Everything the console shows at a glance, as one object, and how it is put together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import AwareDatetime, BaseModel, Field

from router.office import Number, Office
from router.postgres.pool import DatabaseAwayError
from router.postgres.pulse import Action, Pulse, PulseDesk
from router.spool import Spool
from router.web import picture, raid, raiding, shapes
from router.web.lately import Decision, Lately
from router.web.reading import Reading, Readings

_COARSE = 3_600.0
_MINUTE = 60.0
_TOLD = (
    "account",
    "purse",
    "micros",
    "cluster",
    "texts",
    "label",
    "from",
    "to",
    "until",
    "whom",
    "full",
    "name",
)


class Passed(BaseModel):
    """An account that would not carry a text now, and why."""

    account: str
    why: str


class Door(BaseModel):
    """A published number, and who would answer it now."""

    name: str
    account: str = Field(description="The account its texts come in through.")
    preferred: str = Field(description="The account that its answers leave through when all is well.")
    through: str | None = Field(description="The account they would leave through now; null: none can.")
    passed: list[Passed] = Field(description="Accounts that would be passed over, in order.")


class Deed(BaseModel):
    """What an operator did."""

    at: AwareDatetime
    what: str
    about: dict[str, str] = Field(
        description="Account, sender, purse, amount, period, or for whom: names, never a texter."
    )
    by: str


class Spooled(BaseModel):
    """What waits on this machine's disk."""

    texts: int
    receipts: int
    oldest_seconds: float


class Snapshot(BaseModel):
    """The state of the house at a glance, the same whichever process of the fleet says it."""

    at: AwareDatetime = Field(description="The database's clock when this was read.")
    database_away: bool = Field(description="The database does not answer; what is said is older.")
    demo: bool
    currency: str
    timezone: str = Field(description="The settings' own: times are shown in it.")
    health: shapes.Health
    answers_last_minute: int
    answers_last_day: int
    spent_last_day: str
    answer_cost: str = Field(
        description="About what one answer costs at most, by its dearest number and way."
    )
    accounts: list[shapes.Account]
    numbers: list[Door]
    purses: list[shapes.Purse]
    spool: Spooled
    raid: raiding.Raid = Field(description="Without its past changes: GET /api/v1/raid has them.")
    decisions: list[Decision] = Field(description="The last, newest first.")
    deeds: list[Deed] = Field(description="The last that operators did, newest first.")


@dataclass(slots=True)
class Snapshots:
    """Puts snapshots together.

    Args:
        demo: Whether the carriers are simulated.
    """

    office: Office
    readings: Readings
    pulses: PulseDesk
    spool: Spool
    lately: Lately
    demo: bool
    _latest: Snapshot | None = field(default=None, init=False)

    async def take(self) -> Snapshot | None:
        """The state now. With the database away the last one, marked so; None where there was none yet."""
        texts, receipts, oldest = await asyncio.to_thread(self.spool.depth)
        spooled = Spooled(texts=texts, receipts=receipts, oldest_seconds=round(oldest))
        try:
            reading = await self.readings.latest()
            pulse = await self.pulses.read(self.office.now())
            raids = await raid.show(self.pulses.pool, self.office.raids, self.office.vault)
        except DatabaseAwayError:
            if self._latest is None:
                return None
            update = {"database_away": True, "spool": spooled, "decisions": self.lately.decisions()}
            return self._latest.model_copy(update=update)
        self.lately.hear(told for process, told in pulse.decisions.items() if process != self.office.owner)
        self._latest = self._snapshot(reading, pulse, raids, spooled)
        return self._latest

    def _snapshot(self, reading: Reading, pulse: Pulse, raids: raiding.Raid, spooled: Spooled) -> Snapshot:
        office, figures = self.office, reading.figures
        names = picture.names_of(office)
        purses = picture.budget(office, figures).purses
        return Snapshot(
            at=figures.read_at,
            database_away=False,
            demo=self.demo,
            currency=office.currency,
            timezone=str(office.purses.zone),
            health=picture.health(reading),
            answers_last_minute=pulse.minute,
            answers_last_day=pulse.day,
            spent_last_day=picture.money(pulse.spent),
            answer_cost=picture.money(reading.dearest),
            accounts=[picture.account(name, office, figures) for name in office.accounts],
            numbers=[_door(number, office) for number in office.numbers.values()],
            purses=[
                each.model_copy(update={"runway_seconds": _coarsely(each.runway_seconds)}) for each in purses
            ],
            spool=spooled,
            raid=raids.model_copy(update={"changes": []}),
            decisions=self.lately.decisions(),
            deeds=[_deed(action, names) for action in pulse.actions],
        )


def _door(number: Number, office: Office) -> Door:
    choice = office.carriers(number, office.now())
    return Door(
        name=number.name,
        account=number.account,
        preferred=number.plan[0].account,
        through=choice.routes[0].account if choice.routes else None,
        passed=[Passed(account=each.route.account, why=each.why.value) for each in choice.passed],
    )


def _deed(action: Action, names: Mapping[str, str]) -> Deed:
    about = {key: str(action.detail[key]) for key in _TOLD if action.detail.get(key) not in {None, ""}}
    if action.detail.get("sender"):
        about["sender"] = picture.sender(str(action.detail["sender"]), names)
    return Deed(at=action.at, what=action.what, about=about, by=action.by)


def _coarsely(seconds: float | None) -> float | None:
    """Long runways by the minute: they would else be news every second."""
    return seconds if seconds is None or seconds < _COARSE else seconds // _MINUTE * _MINUTE

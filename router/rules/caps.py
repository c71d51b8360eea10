"""How many answers may go to one country, to one range of numbers, or from one published number.

House rule: a cap puts off, it never drops. What is above it waits, unpaid, for the cap's next window, until
it is worthless. Counting is done as the send is armed, for all processes together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from router.rules.budget import Period, window
from router.rules.senders import country

_KINDS = ("country", "prefix", "number")


class Cap(BaseModel):
    """Section ``[caps.NAME]``: of what, and how many answers in what time."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    country: str | None = Field(default=None, description="Texters of this country, ISO 3166.")
    prefix: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{1,12}$")] | None = Field(
        default=None, description="A plus and one to twelve digits: texters whose number begins so."
    )
    number: str | None = Field(default=None, description="Texters of this published number, by its name.")
    answers: int = Field(ge=0, le=2**31 - 1, description="Most answers in one period. 0 answers nobody.")
    period: Period = Field(description="hour, day, week (from Monday), month, or fixed (never renews).")

    @model_validator(mode="after")
    def _of_one_thing(self) -> Cap:
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise ValueError("must have one of country, prefix and number")
        return self

    @property
    def of(self) -> str:
        """What it is of: ``country FR``, ``prefix +3363998`` or ``number poster``."""
        return next(f"{kind} {said}" for kind in _KINDS if (said := getattr(self, kind)) is not None)

    def covers(self, number: str, to: str) -> bool:
        """Whether an answer from this published number to that phone counts."""
        if self.number is not None:
            return number == self.number
        if self.prefix is not None:
            return to.startswith(self.prefix)
        return country(to) == self.country


class Slot(NamedTuple):
    """A cap in its present window: how many answers it has, and until when; None for ever."""

    cap: str
    starts_at: datetime
    answers: int
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caps:
    """Every cap by its name, and the zone whose midnights count."""

    caps: Mapping[str, Cap] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def slots(self, now: datetime) -> list[Slot]:
        """All of them at this moment of business time."""
        return [self._slot(name, cap, now) for name, cap in self.caps.items()]

    def over(self, number: str, to: str, now: datetime) -> tuple[Slot, ...]:
        """Those that an answer from this published number to that phone counts against."""
        return tuple(self._slot(name, cap, now) for name, cap in self.caps.items() if cap.covers(number, to))

    def _slot(self, name: str, cap: Cap, now: datetime) -> Slot:
        here = window(cap.period, now, self.zone)
        return Slot(name, here.start, cap.answers, here.end)


def again_at(slots: tuple[Slot, ...], worthless: datetime) -> datetime:
    """When an answer that one of these put off may be tried again: as the first of them begins anew."""
    return min([worthless, *(slot.ends_at for slot in slots if slot.ends_at is not None)])

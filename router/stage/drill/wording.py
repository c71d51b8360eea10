"""What a drill's report says in English or French, and how each writes numbers, money, moments and time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from router.stage.drill.traffic import PARIS

_CENT = 10_000
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": (
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ),
}  # fmt: skip
_CARRIERS = {"twilio": "Twilio", "vonage": "Vonage", "ovh": "OVH"}
"""As they write themselves."""

Value: TypeAlias = str | int | Decimal
"""What a sentence may name: a word, a count, an amount of money."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One language."""

    language: str
    words: Mapping[str, str] = field(repr=False)

    def say(self, key: str, **values: Value) -> str:
        """The words of a key, with counts and amounts as this language writes them."""
        return self.words[key].format(**{name: self._written(value) for name, value in values.items()})

    def many(self, key: str, count: int, **values: Value) -> str:
        """So many of something; nought is one in French, and many in English."""
        one = count == 1 or (count == 0 and self.language == "fr")
        return self.say(f"{key}.{'one' if one else 'other'}", count=count, **values)

    def story(self, scenario: str) -> str:
        """What happens in a scenario; one that is not told here is called by its name."""
        return self.words.get(f"story.{scenario}", scenario)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with its thousands, and so many decimals."""
        return self._spelt(f"{value:,.{digits}f}")

    def plain(self, value: float) -> str:
        """A number without decimals that say nothing."""
        return self._spelt(f"{value:g}")

    def money(self, micros: int) -> str:
        """Millionths as an amount with two decimals."""
        return self._amount(_cents(micros))

    def shown(self, parts: Sequence[int]) -> list[str]:
        """Parts of a sum as amounts that add up to it as shown; the first reads as it does alone."""
        cents = [_cents(part) if place == 0 else part // _CENT for place, part in enumerate(parts)]
        nearest = sorted(range(1, len(parts)), key=lambda place: -(parts[place] % _CENT))
        for place in nearest[: _cents(sum(parts)) - sum(cents)]:
            cents[place] += 1
        return [self._amount(each) for each in cents]

    def share(self, part: int, whole: int) -> str:
        """A part in percent, a dash of nothing."""
        return f"{self.number(100 * part / whole, 1)}{self._gap}%" if whole else "-"

    def moment(self, at: datetime) -> str:
        """Day and time where the number is."""
        here = at.astimezone(PARIS)
        day, month = _DAYS[self.language][here.weekday()], _MONTHS[self.language][here.month - 1]
        first = "1er" if self.language == "fr" and here.day == 1 else f"{here.day:02}"
        return f"{day} {first} {month} {here:%H:%M}"

    def hour(self, at: datetime) -> str:
        """Day and hour where the number is, for an axis."""
        here = at.astimezone(PARIS)
        close = "\u00a0" if self.language == "fr" else ""
        return f"{_DAYS[self.language][here.weekday()]} {here.hour}{close}h"

    def lasted(self, seconds: float) -> str:
        """Seconds, minutes or hours."""
        if seconds < 120:  # noqa: PLR2004 -- two minutes
            return f"{seconds:.0f}{self._gap}s"
        if seconds < 5_400:  # noqa: PLR2004 -- an hour and a half
            return f"{seconds / 60:.0f}{self._gap}min"
        return f"{self.plain(round(seconds / 3_600, 1))}{self._gap}h"

    def carrier(self, account: str) -> str:
        """Whose account it is."""
        return _CARRIERS.get(account, account)

    @property
    def _gap(self) -> str:
        """Before a unit; a line does not end there in French."""
        return "\u00a0" if self.language == "fr" else " "

    def _written(self, value: Value) -> str:
        match value:
            case str():
                return value
            case int():
                return self.number(value)
            case _:
                return self.number(float(value), 2)

    def _amount(self, cents: int) -> str:
        return self._spelt(f"{'-' * (cents < 0)}{abs(cents) // 100:,}.{abs(cents) % 100:02}")

    def _spelt(self, figure: str) -> str:
        return figure.translate(_FRENCH) if self.language == "fr" else figure


_FRENCH = str.maketrans({",": "\u202f", ".": ","})


def _cents(micros: int) -> int:
    return (micros + _CENT // 2) // _CENT


def _read(language: str) -> Wording:
    file = Path(__file__).with_name(f"words.{language}.json")
    return Wording(language, json.loads(file.read_text(encoding="utf-8")))


ENGLISH, FRENCH = _read("en"), _read("fr")

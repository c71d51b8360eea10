"""What many texts look like together: when they came, how worded, from where, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from router.evidence.verify import ends

_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 10, 30, 60, 180, 1_440))
_MOST_BARS = 120
_WORDINGS = 15
ANSWERED = "accepted"
"""The state of a reply that a carrier took."""


@dataclass(slots=True)
class Wording:
    """Texts that differ in a word or two.

    Args:
        name: Keyed: no word can be guessed from it.
        sample: One of them; empty where words are not shown.
    """

    name: str
    sample: str = field(default="", repr=False)
    texts: int = 0
    flagged: int = 0
    first: datetime | None = None
    last: datetime | None = None
    texters: set[str] = field(default_factory=set, repr=False)


@dataclass(frozen=True, slots=True)
class Bar:
    """Texts of one step of time, from `at` on."""

    at: datetime
    texts: int
    flagged: int


@dataclass(slots=True)
class Picture:
    """Filled text by text. Times are business time.

    Args:
        from_at: Where the period begins; moments are shown in its zone.
        to_at: Where it ends.
        changes: Payloads of changes of mode, in order.
        withheld: Texts whose words are not shown, by why.
        elsewhere: Texts of another time that the same trees have.
        whole: Texts that an earlier release sealed as a whole, of which nothing is told.
        twice: Decisions that do not follow from the first one that was sealed, which is shown.
    """

    from_at: datetime
    to_at: datetime
    texts: int = 0
    flagged: int = 0
    held: int = 0
    spent: int = 0
    texters: set[str] = field(default_factory=set, repr=False)
    ends: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    prefixes: Counter[str] = field(default_factory=Counter)
    wordings: dict[str, Wording] = field(default_factory=dict, repr=False)
    changes: list[Mapping[str, Any]] = field(default_factory=list)
    withheld: Counter[str] = field(default_factory=Counter)
    elsewhere: int = 0
    whole: int = 0
    twice: int = 0
    _minutes: Counter[tuple[int, bool]] = field(default_factory=Counter, repr=False)

    def add(self, row: Mapping[str, Any], decided: Mapping[str, Any]) -> None:
        """Count one text.

        Args:
            row: Its row of the table; of one that was sealed as a whole only what became of it.
            decided: Payload of its decision, empty for none yet.
        """
        self.texts += 1
        self.held += row["held"]
        self.spent += sum(attempt["spent_micros"] for attempt in decided.get("attempts", ()))
        self.ends[ends(row)] += 1
        if not row["received_at"]:
            self.whole += 1
            return
        at, flagged = datetime.fromisoformat(row["received_at"]), row["tier"] != "none"
        self.flagged += flagged
        self.numbers[row["number"]] += 1
        if row["texter"]:
            self.texters.add(row["texter"])
        if row["prefix"]:
            self.prefixes[row["prefix"]] += 1
        self._minutes[int((at - self.from_at) / _STEPS[0]), flagged] += 1
        if row["wording"]:
            self._word(at, row, flagged=flagged)

    def _word(self, at: datetime, row: Mapping[str, Any], *, flagged: bool) -> None:
        found = self.wordings.setdefault(row["wording"], Wording(row["wording"]))
        found.texts += 1
        found.flagged += flagged
        found.first = min(found.first or at, at)
        found.last = max(found.last or at, at)
        found.texters.add(row["texter"])
        found.sample = found.sample or row.get("text") or ""

    def here(self, at: datetime) -> datetime:
        """A moment in the zone that is spoken in."""
        return at.astimezone(self.from_at.tzinfo)

    @property
    def answered(self) -> int:
        """Texts whose answer a carrier took."""
        return self.ends[ANSWERED]

    def largest(self) -> list[Wording]:
        """The wordings of two texts or more, the largest first."""
        several = [each for each in self.wordings.values() if each.texts > 1]
        return sorted(several, key=lambda each: (-each.texts, each.name))[:_WORDINGS]

    def bars(self) -> tuple[timedelta, Sequence[Bar]]:
        """Texts over the period, in steps so long that a page takes them.

        Of a period of more days than that it begins with the first text's day and ends with the last one's:
        who asks for all there is names years in which nothing came.
        """
        from_at, whole = self._span()
        longest = _STEPS[-1] * -(-whole // (_STEPS[-1] * _MOST_BARS))
        step = next((each for each in _STEPS if whole / each <= _MOST_BARS), longest)
        width, begin = int(step / _STEPS[0]), int((from_at - self.from_at) / _STEPS[0])
        counts: Counter[tuple[int, bool]] = Counter()
        for (minute, flagged), many in self._minutes.items():
            counts[(minute - begin) // width, flagged] += many
        bars = (
            Bar(
                from_at + place * step,
                counts[(place, False)] + counts[(place, True)],
                counts[(place, True)],
            )
            for place in range(-(-whole // step))
        )
        return step, tuple(bars)

    def _span(self) -> tuple[datetime, timedelta]:
        """What the chart shows: where it begins, and how long that is."""
        whole, day = self.to_at - self.from_at, _STEPS[-1]
        if whole <= day * _MOST_BARS or not self._minutes:
            return self.from_at, min(whole, day * _MOST_BARS)
        minutes = [minute for minute, _ in self._minutes]
        first, last = (minute * _STEPS[0] // day for minute in (min(minutes), max(minutes)))
        return self.from_at + first * day, (last + 1 - first) * day

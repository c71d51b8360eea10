"""A made-up night through the pure rules: scored, counted, ranked, and answered or held, text by text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from math import inf
from typing import Any

from router.rules.abuse import SUSPICIOUS, judge, logit
from router.rules.campaign import Bucket, Campaign, Change, Mode, Raids, bucket_end, fold
from router.rules.clusters import Sighting
from router.rules.contrast import Terms, rank, terms
from router.rules.memory import Memory, Seen
from router.rules.spelling import spell
from tests.abuse.traffic import RAIDER, Sent


@lru_cache(maxsize=200_000)
def judged(body: str) -> tuple[bool, float, Terms]:
    """Whether a text is suspicious, its log odds and its terms."""
    spelt = spell(body)
    value = judge(spelt).value
    return value >= SUSPICIOUS, logit(value), terms(spelt)


@dataclass(slots=True)
class Night:
    """What became of a night's texts, after `spend`.

    Args:
        policy: When a raid is seen and how many ordinary texts it may hold.
        once: One answer per texter.
        worded: Words count beside the score; else every raid text is as if in words of its own.
        changes: Every change of mode.
        paid: Raid texts that got a paid answer as they came.
        answered: Genuine texters answered at once.
        held: Genuine texters who waited until the raid was over.
        inside: Genuine texters in a raid who were neither answered nor held before.
        inside_answered: Those of them who were answered at once.
        raiders: Raid texts that had come in when the raid was found; None if it never was.
        minutes: How long the raid had been on by then.
    """

    policy: Raids = field(default_factory=Raids)
    once: bool = True
    worded: bool = True
    changes: list[Change] = field(default_factory=list)
    paid: int = 0
    answered: int = 0
    held: int = 0
    inside: int = 0
    inside_answered: int = 0
    raiders: int | None = None
    minutes: float = 0.0
    _campaign: Campaign = field(default_factory=Campaign)
    _memory: Memory = field(default_factory=Memory)
    _line: float = inf
    _grave: float = inf
    _came: int = 0
    _first: datetime | None = None
    _seen: set[int] = field(default_factory=set)
    _waiting: set[int] = field(default_factory=set)
    _loose: set[int] = field(default_factory=set)

    @property
    def alarms(self) -> int:
        """How often a raid was seen."""
        return sum(change.mode is Mode.RAID for change in self.changes)

    @property
    def later(self) -> int:
        """Raiders who are answered in the end, because calm lets a text of theirs go."""
        return len({sender for sender in self._loose if sender >= RAIDER} - self._seen)

    @property
    def left(self) -> int:
        """Genuine texters whom calm does not let go: they wait for the operator."""
        return len(self._waiting - self._loose - self._seen)

    def spend(self, texts: Iterable[Sent]) -> Night:
        """Let it pass, its texts in order, bucket by bucket as the router does; it may go on with more."""
        table = self._memory.table()
        for at, group in groupby(texts, key=lambda text: bucket_end(text.at)):
            bucket = list(group)
            found = [self._judged(text.body) for text in bucket]
            for text, (_, odds, said) in zip(bucket, found, strict=True):
                place = rank(odds, said, table) if self._line < inf else -inf
                self._decide(text, suspicious=place > self._line, grave=place > self._grave)
            raiders = [text.at for text in bucket if text.raid]
            self._came += len(raiders)
            self._first = self._first or min(raiders, default=None)
            flagged = sum(suspect for suspect, _, _ in found)
            bucket_of_all = Bucket(at=at, texts=len(bucket), flagged=flagged)
            self._campaign, change = fold(self._campaign, bucket_of_all, self.policy)
            counted = [Seen(odds, Sighting(said, "", "", "")) for _, odds, said in found]
            mode = self._campaign.mode
            self._memory = self._memory.after(counted, mode, change)
            self._line = self._memory.line(mode, self.policy.held)
            self._grave = self._memory.line(mode, self.policy.grave)
            if mode is Mode.RAID:
                table = self._memory.table()
            if change:
                self._changed(change)
        return self

    def _judged(self, body: str) -> tuple[bool, float, Terms]:
        suspect, odds, said = judged(body)
        return suspect, odds, said if self.worded else said[:0]

    def as_from_here(self, **different: Any) -> Night:
        """The same night up to now, to go on by itself."""
        return replace(
            self,
            changes=[*self.changes],
            _seen={*self._seen},
            _waiting={*self._waiting},
            _loose={*self._loose},
            **different,
        )

    def _changed(self, change: Change) -> None:
        self.changes.append(change)
        if self.raiders is None and self._first and change.mode is Mode.RAID:
            self.raiders, self.minutes = self._came, (change.at - self._first).total_seconds() / 60

    def _decide(self, text: Sent, *, suspicious: bool, grave: bool) -> None:
        raid_on = self._campaign.mode is Mode.RAID
        if self.once and text.sender in self._seen:
            return
        if not suspicious:
            self._seen.add(text.sender)
        elif not grave:
            self._loose.add(text.sender)
        if text.raid:
            self.paid += not suspicious
            return
        if text.sender in self._waiting:
            return
        self.answered += not suspicious
        self.held += suspicious
        self.inside += raid_on
        self.inside_answered += raid_on and not suspicious
        if suspicious:
            self._waiting.add(text.sender)

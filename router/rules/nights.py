"""What a rehearsal is given, and what came of it: texts, money, terms, the outcome.

House rule: values only; who plays them is `router.rules.rehearsal`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from router.rules.answer import Policy, Reason, Text
from router.rules.budget import Purse
from router.rules.campaign import Change, Raids

AT_ONCE = timedelta(minutes=10)
"""An answer within this time did not wait."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One stored text: its `score` is that of then, `texter` a pseudonym."""

    text: Text
    texter: bytes
    score: float


@dataclass(frozen=True, slots=True)
class Added:
    """Millionths that were added to a purse."""

    at: datetime
    purse: str
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The settings that are tried.

    Args:
        policy: What answering goes by.
        raids: When a raid is seen, and how many it may hold.
        purses: Every purse by name.
        zone: Whose midnights count.
        plans: Accounts that answer a number, the preferred one first, by its name.
        price: Millionths of an answer by account, receiver and words; None where there is no price.
    """

    policy: Policy
    raids: Raids
    purses: Mapping[str, Purse]
    zone: ZoneInfo
    plans: Mapping[str, Sequence[str]]
    price: Callable[[str, str, str], int | None]


@dataclass(slots=True)
class Outcome:
    """What came of it; each text is counted once, times are seconds from a text to its answer.

    Args:
        texts: How many.
        texters: Who wrote, and `answered` who got an answer.
        answered: See `texters`.
        waits: Of every answer.
        held: Texts that a raid held, `let_go` how many of them were answered after it, and `grave` how many
            calm did not let go.
        let_go: See `held`.
        grave: See `held`.
        capped: Texts that a cap put off.
        silences: Texts that were not answered by rule, by reason.
        waiting: Texts that wait still at the end.
        spent: Millionths, by account.
        saved: Millionths that silences by rule would have cost.
        raids: Changes between calm and raid.
    """

    texts: int = 0
    texters: set[bytes] = field(default_factory=set)
    answered: set[bytes] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)
    held: int = 0
    let_go: int = 0
    grave: int = 0
    capped: int = 0
    silences: Counter[Reason] = field(default_factory=Counter)
    waiting: int = 0
    spent: Counter[str] = field(default_factory=Counter)
    saved: int = 0
    raids: list[Change] = field(default_factory=list)

    @property
    def at_once(self) -> int:
        """Answers that did not wait."""
        return sum(wait <= AT_ONCE.total_seconds() for wait in self.waits)

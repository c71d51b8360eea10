"""What a drill says, as values: people, raid, money, hours, and whether every promise was kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from router.stage.drill.drill import Moved, Played
from router.stage.drill.wording import ENGLISH, Wording


class Promise(NamedTuple):
    """One promise: its word in `words.*.json`, whether it was kept, and the figures that say so."""

    key: str
    kept: bool
    figures: Mapping[str, int | Decimal]

    def told(self, say: Wording) -> tuple[str, str]:
        """Its name, and what says whether it was kept."""
        key = f"promise.{self.key}"
        return say.say(key), say.say(f"{key}.said", **self.figures)

    def as_json(self) -> dict[str, Any]:
        """Plain values, in English."""
        name, said = self.told(ENGLISH)
        return {"name": name, "kept": self.kept, "said": said}


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The genuine texters, each counted once.

    Args:
        texters: How many wrote, and `texts` how many texts.
        texts: See `texters`. Each was answered (`by_account`), is `silent`, or one of the `rest`.
        silent: Texts that got no answer by rule, such as a second one within the period.
        rest: Texts that wait, expired, or that no carrier would answer.
        answered: How many got an answer.
        at_once: How many of these within ten minutes of their first text.
        waited: Median of seconds that the others waited; 0.0 for none.
        longest: The longest of these waits.
        held: How many had a text held in a raid, and `held_answered` how many of them were answered later.
        held_answered: See `held`.
        inside: How many wrote first while a raid was on, and `inside_at_once` how many of them did not wait.
        inside_at_once: See `inside`.
        waiting: How many wait still.
        expired: How many waited in vain.
        refused: How many no carrier would text.
        by_account: Answers by who carried them.
    """

    texters: int
    texts: int
    silent: int
    rest: int
    answered: int
    at_once: int
    waited: float
    longest: float
    held: int
    held_answered: int
    inside: int
    inside_at_once: int
    waiting: int
    expired: int
    refused: int
    by_account: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raiders:
    """The raid.

    Args:
        texts: How many came, from `phones` phones. Each is one of `paid`, `silent`, `left` and `rest`.
        phones: See `texts`.
        paid: How many got a paid answer, and `paid_later` how many of them only after they had been held.
        paid_later: See `paid`.
        paid_unseen: How many got one without being held although the raid was found: they look like anybody.
        held: How many waited, unpaid, and `released` how many were let go afterwards.
        released: See `held`.
        left: How many of the held wait still.
        silent: How many got no answer by rule, and `silent_later` how many of them after they had been held.
        silent_later: See `silent`.
        rest: How many wait for money or a carrier, expired, or were refused.
        found_after: How many had come when the raid was found; None if it was not.
        minutes: How long it had been on by then.
        alarms: How often a raid was found while none was on.
    """

    texts: int
    phones: int
    paid: int
    paid_later: int
    paid_unseen: int
    held: int
    released: int
    left: int
    silent: int
    silent_later: int
    rest: int
    found_after: int | None
    minutes: float | None
    alarms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """In millionths of the ledger's currency.

    Args:
        limit: What could be spent in all, top-ups included; None for unlimited.
        topped_up: What of it was added on the way.
        spent: What the ledger says.
        charged: What the carriers kept, by their journal.
        saved: What texts that were not answered by rule would have cost.
        unpaid: What answers to those that are still held would cost: the operator's to say.
        rest: What answers to those would cost that got none otherwise: they wait, expired, were refused.
        cheaper: How much less was spent than the answers would have cost through the preferred account.
        naive: What receiving, and one answer for every text, would have cost: the sum of the five.
        over: What was spent beyond the limit, but for receiving: nothing stops that.
        received: What of `spent` receiving took, where the settings have a price for it.
        receiving: What receiving would have cost besides, where the drill counts it at nothing.
        by_account: Sends, the ledger's and the carriers' word, by account.
    """

    limit: int | None
    topped_up: int
    spent: int
    charged: int
    saved: int
    unpaid: int
    rest: int
    cheaper: int
    naive: int
    over: int
    received: int
    receiving: int
    by_account: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What could be laid before a court.

    Args:
        sealed: Texts, and `raid` the raid's among them, that a leaf of the chain proves.
        raid: See `sealed`.
        leaves: Leaves of the chain, decisions and acts included, under so many `roots`.
        roots: See `leaves`.
        last: The last root, in hexadecimal: it proves all before it.
        wordings: Wordings that two raid texts or more have in common.
        largest: Texts of the commonest, and `phones` who sent them.
        phones: See `largest`.
    """

    sealed: int
    raid: int
    leaves: int
    roots: int
    last: str
    wordings: int
    largest: int
    phones: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What happened in an hour: texts, answers by account, and what waited at its end. Money so far."""

    at: datetime
    genuine: int
    raid: int
    answers: Mapping[str, int]
    waiting: int
    held: int
    spent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """All of it."""

    played: Played
    people: People
    raiders: Raiders
    money: Money
    kept: Kept
    moves: list[Moved]
    failovers: Mapping[str, int]
    refusals: Mapping[str, int]
    silences: Mapping[str, int]
    hours: list[Hour]
    promises: list[Promise]
    digest: str

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        order = self.played.order
        return {
            "scenario": order.scenario.name,
            "seed": order.seed,
            "scale": order.scale,
            "policy": dict(order.policy),
            "seconds": round(self.played.seconds, 2),
            "ticks": self.played.ticks,
            "texts": len(self.played.texts),
            **{name: asdict(getattr(self, name)) for name in ("people", "raiders", "money", "kept")},
            "empties": [empty._asdict() for empty in self.played.empties],
            "moves": [move._asdict() for move in self.moves],
            "failovers": dict(self.failovers),
            "refusals": dict(self.refusals),
            "silences": dict(self.silences),
            "raids": [row._asdict() for row in self.played.rows.raids],
            "hours": [asdict(hour) for hour in self.hours],
            "promises": [promise.as_json() for promise in self.promises],
            "good": self.good,
            "decisions": self.digest,
        }

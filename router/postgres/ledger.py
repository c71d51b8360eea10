"""Money and intent: arm before a byte leaves, settle by whatever proof comes (see migrations/0002)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from router.postgres.columns import columns
from router.postgres.pool import Line
from router.rules.caps import Slot


@dataclass(slots=True, kw_only=True)
class Intent:
    """A send that is about to be armed. Money is in millionths of the ledger currency.

    Args:
        fence: The fence of the claim; arming moves it up by one.
        next_allowed: Before this the texter is not answered again.
        ceiling: Answers a texter ever gets.
        in_flight: Most sends (jobs, where there are jobs) of the account at once, in the whole fleet.
        passed_over: Preferred accounts that did not carry it, and why.
        caps: Those that it counts against.
    """

    reply: UUID
    fence: int
    reference: str
    tag: str | None = None
    purpose: str = "answer"
    account: str
    sender: str = field(repr=False)
    estimate: int
    account_window: datetime
    total_window: datetime
    next_allowed: datetime
    ceiling: int
    in_flight: int
    passed_over: str = ""
    caps: Sequence[Slot] = ()


@dataclass(slots=True, kw_only=True)
class Proof:
    """What is known of an attempt now, and by what.

    Args:
        outcome: accepted, refused, unsent, unknown, written_off, or none.
        source: send, receipt, look_up, trace, write_off, reap.
        price: As billed, None where the estimate stands; with `amount`, `unit`, `rate` as stated.
        then: Where a refused reply goes: claimed, queued, delayed, failed.
        receipt: Its status and rank, None for a send's own answer.
    """

    reference: str
    outcome: str
    source: str
    code: str = ""
    provider_id: str = ""
    parts: int | None = None
    price: int | None = None
    amount: Decimal | None = None
    unit: str | None = None
    rate: Decimal | None = None
    then: str = "queued"
    not_before: datetime | None = None
    reason: str = ""
    opted_out: bool = False
    receipt: str = ""
    receipt_rank: int | None = None
    receipt_at: datetime | None = None


_ARM = """SELECT arm($1, $2, $3, $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::bigint[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::integer[],
    $16::integer[], $17::text[])"""

_CAPPED = _ARM.replace("arm(", "arm_capped(").replace(
    "$17::text[])", "$17::text[], $18::integer[], $19::text[], $20::timestamptz[], $21::integer[])"
)

_SETTLE = """SELECT settle($1, $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
    $8::bigint[], $9::numeric[], $10::text[], $11::numeric[], $12::text[], $13::timestamptz[], $14::text[],
    $15::boolean[], $16::text[], $17::smallint[], $18::timestamptz[])"""

_INTENTS = columns(
    "reply", "fence", "reference", "tag", "purpose", "account", "sender", "estimate",
    "account_window", "total_window", "next_allowed", "ceiling", "in_flight", "passed_over",
)  # fmt: skip
_PROOFS = columns(
    "reference", "outcome", "source", "code", "provider_id", "parts", "price", "amount", "unit",
    "rate", "then", "not_before", "reason", "opted_out", "receipt", "receipt_rank", "receipt_at",
)  # fmt: skip


class Ledger:
    """Arms and settles for one process: `owner` holds the claims, `lease` starts anew with each attempt."""

    def __init__(self, owner: UUID, lease: timedelta) -> None:
        self._owner = owner
        self._lease = lease

    async def arm(self, line: Line, intents: Sequence[Intent], now: datetime) -> list[str]:
        """Grant, reserve, count and write down, in one commit: 'armed' or why not, an intent each."""
        capped = [
            (place, slot.cap, slot.starts_at, slot.answers)
            for place, intent in enumerate(intents, 1)
            for slot in intent.caps
        ]
        async with line.connection() as connection:
            verdicts: list[str] = await connection.fetchval(
                _CAPPED if capped else _ARM,
                self._owner,
                self._lease,
                now,
                *_INTENTS(intents),
                *map(list, zip(*capped, strict=True)),
            )
        return verdicts

    async def settle(self, line: Line, proofs: Sequence[Proof], now: datetime) -> list[str]:
        """Book what became of attempts: the state of each reply after, '' where the reference is unknown."""
        answers = [""] * len(proofs)
        places = list(range(len(proofs)))
        while places:
            found = await self._settle_once(line, [proofs[place] for place in places], now)
            for place, answer in zip(places, found, strict=True):
                answers[place] = answer
            places = [place for place in places if answers[place] == "again"]
        return answers

    async def _settle_once(self, line: Line, proofs: Sequence[Proof], now: datetime) -> list[str]:
        async with line.connection() as connection:
            states: list[str] = await connection.fetchval(_SETTLE, now, *_PROOFS(proofs))
        return states

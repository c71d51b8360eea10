"""Texts and what is said of them: outgoing, inbound, accepted, receipt.

Numbers are E.164 with a plus. No number and no text ever shows in a repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from providers.contract.failure import Failure, RefusedReason, clean_code
from providers.contract.money import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One text to send (MT).

    Args:
        reference: Ours, 20 characters of base32 (a-z, 2-7), unguessable, unique per attempt.
        to: The texter, E.164.
        sender: E.164 number, short code or alphanumeric sender of this account.
        text: The text, any Unicode.
        receipt_url: Public URL for this account's receipts. It may carry a secret path token.
        valid_for: Seconds after which delivering it is worthless.
    """

    reference: str
    to: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    receipt_url: str = field(repr=False)
    valid_for: int = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One text for many receivers in one call, for a provider that declares `Ability.BATCH`.

    Args:
        tag: Ours, 20 characters of base32; the reference every member shares.
        receivers: E.164 numbers, each once.
    """

    tag: str
    receivers: tuple[str, ...] = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    receipt_url: str = field(repr=False)
    valid_for: int = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the text.

    Args:
        provider_id: The provider's id of the message; empty where it gives one only later.
        parts: Parts as billed, None where it does not say yet.
        price: For all parts together, None where it comes later.
    """

    provider_id: str
    parts: int | None = None
    price: Price | None = None


Outcome: TypeAlias = Accepted | Failure


@dataclass(frozen=True, slots=True)
class Part:
    """Which piece of a longer text this is; `index` counts from 1."""

    reference: str
    index: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One text that came in (MO).

    Args:
        provider_id: The provider's id, the only key for duplicates.
        sender: Who texted: E.164 with a plus, or whatever else the network put there, as is.
        to: The published number that was texted, E.164.
        text: As received, unharmed.
        at: The provider's own time, aware, None where it gives none.
        part: Set where the provider hands over long texts in pieces.
        price: What receiving it cost, None where it is free or unknown.
    """

    provider_id: str
    sender: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime | None = None
    part: Part | None = None
    price: Price | None = None


class Status(StrEnum):
    """How far a text got. It only ever moves up by `rank`."""

    QUEUED = "queued"
    SENT = "sent"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    FAILED = "failed"
    DELIVERED = "delivered"

    @property
    def rank(self) -> int:
        """0 queued, 1 sent, 2 not delivered (final), 3 delivered (final)."""
        return {"queued": 0, "sent": 1, "delivered": 3}.get(self.value, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider says later of a text we sent (DLR), by webhook, look-up or trace.

    Args:
        provider_id: The provider's id, None where it names only our reference.
        reference: Ours, None where the provider names only its id.
        to: The receiver, E.164, where one reference (a job's tag) covers several of them.
        status: How far it got.
        code: The provider's error code, empty where there is none.
        refused: Why the recipient or carrier refused, where the code says so (an opt-out is kept).
        proven_unsent: The code proves the text never left; only then may the reply be sent again.
        unbilled: The provider takes nothing for it: the booking is returned.
        price: For all parts together, as billed; None where it does not say.
        parts: As billed, None where it does not say.
        at: The provider's time, aware, None where it gives none.
    """

    provider_id: str | None
    reference: str | None
    to: str | None = field(default=None, repr=False)
    status: Status
    code: str = ""
    refused: RefusedReason | None = None
    proven_unsent: bool = False
    unbilled: bool = False
    price: Price | None = None
    parts: int | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", clean_code(self.code) if self.code else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left in an account: an amount in an ISO 4217 code or in ``credit``."""

    amount: float
    unit: str

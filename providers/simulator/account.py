"""What a customer has at a carrier, and a text as the carrier knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(kw_only=True)
class Account:
    """What a customer has at a carrier; a dialect adds its credentials. URLs may change while it runs.

    Args:
        numbers: Published numbers it owns, E.164; they may be texted and may send.
        inbound_url: Where inbound texts are posted, empty for nowhere.
        receipt_url: Where receipts go when the send names no place.
        balance: Money or credits, in `unit`.
        unit: An ISO 4217 code or ``credit``.
        price: For one part sent.
        inbound_price: For one text received.
        step_seconds: From acceptance to handing over, and again to the handset.
        port: Loopback port, 0 for any that is free.
    """

    numbers: tuple[str, ...] = field(default=(), repr=False)
    inbound_url: str = field(default="", repr=False)
    receipt_url: str = field(default="", repr=False)
    balance: Decimal = Decimal(1_000)
    unit: str = "EUR"
    price: Decimal = Decimal("0.05")
    inbound_price: Decimal = Decimal(0)
    step_seconds: float = 0.02
    port: int = 0


@dataclass(eq=False, slots=True, kw_only=True)
class Text:
    """A text as a carrier knows it, in either direction.

    Args:
        order: Position among all texts of this carrier, from 0.
        status: ``queued``, ``sent``, ``delivered``, ``undelivered``, ``failed``; ``received`` inbound.
        changed: When the status last changed.
        sent_at: When it was handed over, None while it was not.
        detail: Whatever else the dialect keeps of it.
    """

    order: int
    provider_id: str
    to: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime
    inbound: bool = False
    parts: int = 1
    price: Decimal = Decimal(0)
    reference: str = ""
    receipt_url: str = field(default="", repr=False)
    status: str = "queued"
    code: str = ""
    changed: datetime
    sent_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict, repr=False)

"""What a provider says a text costs: an exact amount and the unit it is counted in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

CREDIT = "credit"
_UNIT = re.compile(r"[A-Z]{3}|credit")
_CEILING = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Price:
    """An amount as a provider states it.

    Args:
        amount: Exact, never negative, below 10,000: a text that costs more is a misreading.
        unit: An ISO 4217 code in capitals, or ``credit`` where the provider sells credits.

    Raises:
        ValueError: The amount or the unit cannot be a price.
    """

    amount: Decimal
    unit: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or not 0 <= self.amount < _CEILING:
            raise ValueError("a price is a finite amount from 0 to below 10,000")
        if not _UNIT.fullmatch(self.unit):
            raise ValueError("a price is in an ISO 4217 code such as EUR, or in 'credit'")


def read_price(amount: object, unit: object) -> Price | None:
    """Read a price out of a provider's answer; None where there is none that makes sense.

    A missing, infinite or absurd amount is not an error of the send: the estimate simply stands.
    The sign is dropped, because Twilio writes what you pay as a negative number.
    """
    if isinstance(amount, bool) or not isinstance(amount, (str, int, float, Decimal)):
        return None
    try:
        return Price(abs(Decimal(str(amount))), str(unit))
    except (InvalidOperation, ValueError):
        return None

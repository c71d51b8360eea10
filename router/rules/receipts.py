"""What a receipt means for the money and for the reply.

House rule: whatever a receipt says, it proves that the text was accepted, unless it is proven that it
never left; only that sends the reply back to wait. Every other failure after acceptance is final.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from providers.contract.failure import RefusedReason
from providers.contract.message import Receipt, Status
from providers.contract.money import Price


class Fate(StrEnum):
    """What became of an attempt, in the words that `settle` knows."""

    ACCEPTED = "accepted"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a receipt proves.

    Args:
        fate: Accepted, or proven unsent.
        billed: What is owed for it, None where the estimate stands.
        opted_out: The receiver wants no more texts.
    """

    fate: Fate
    billed: Price | None
    opted_out: bool


def meaning(receipt: Receipt, unit: str) -> Meaning:
    """What a receipt proves; `unit` is what nothing is counted in where the provider names no price."""
    lost = receipt.status.rank == Status.FAILED.rank
    unsent = lost and receipt.proven_unsent
    billed = receipt.price
    if lost and receipt.unbilled:
        billed = Price(Decimal(0), unit if billed is None else billed.unit)
    return Meaning(
        fate=Fate.UNSENT if unsent else Fate.ACCEPTED,
        billed=billed,
        opted_out=receipt.refused is RefusedReason.OPTED_OUT,
    )


def hearsay(receipt: Receipt) -> Receipt:
    """What may be believed of a receipt that nobody proved and that cannot be traced: how far it got."""
    return replace(receipt, refused=None, proven_unsent=False, unbilled=False, price=None, parts=None)

"""A receipt as the proof that is settled, from wherever it came."""

from __future__ import annotations

from providers import Receipt
from router.office import Office
from router.postgres.ledger import Proof
from router.rules import budget
from router.rules.receipts import meaning

_MOST_PARTS = 255


def proof(office: Office, reference: str, receipt: Receipt, source: str) -> Proof:
    """What a receipt proves of an attempt. A price in a unit without a rate leaves the estimate standing."""
    meant = meaning(receipt, office.currency)
    billed = meant.billed
    money = None
    if billed is not None:
        money = budget.convert(billed, office.currency, office.rates, budget.Rounding.HALF_EVEN)
    parts = receipt.parts
    return Proof(
        reference=reference,
        outcome=meant.fate.value,
        source=source,
        code=receipt.code,
        provider_id=receipt.provider_id or "",
        parts=parts if parts is not None and 0 < parts <= _MOST_PARTS else None,
        price=None if money is None else money.micros,
        amount=None if billed is None else billed.amount,
        unit=None if billed is None else billed.unit,
        rate=None if money is None else money.rate,
        opted_out=meant.opted_out,
        receipt=receipt.status.value,
        receipt_rank=receipt.status.rank,
        receipt_at=receipt.at or office.now(),
    )

"""A receipt that came in, by whatever way, as the row it is stored as."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from providers import Receipt
from router.postgres.receipts import Notice
from router.vault import Vault

_LONGEST_ID = 200
_MOST_PARTS = 255


def notice(vault: Vault, account: str, receipt: Receipt, *, raw: bytes, now: datetime) -> Notice | None:
    """The row of one receipt; None where it names no text.

    Args:
        vault: Seals `raw`, and makes the receiver's pseudonym.
        account: The account it came in through.
        receipt: As the provider's page read it.
        raw: The request or record as received; it is sealed here.
        now: Business time it was received.
    """
    if not receipt.provider_id and not receipt.reference:
        return None
    price, parts = receipt.price, receipt.parts
    texter = None if receipt.to is None else vault.pseudonym(receipt.to)
    digest = _digest(receipt, texter)
    return Notice(
        account=account,
        digest=digest,
        provider_id=_storable(receipt.provider_id),
        reference=_storable(receipt.reference),
        texter=texter,
        status=receipt.status.value,
        code=receipt.code,
        refused=receipt.refused.value if receipt.refused else "",
        proven_unsent=receipt.proven_unsent,
        unbilled=receipt.unbilled,
        amount=price.amount if price else None,
        unit=price.unit if price else None,
        parts=parts if parts is not None and 0 < parts <= _MOST_PARTS else None,
        provider_at=receipt.at,
        received_at=now,
        raw=vault.put_record_away(raw, digest + b"raw"),
    )


def _digest(receipt: Receipt, texter: bytes | None) -> bytes:
    """The provider's time is left out: a receipt that is pushed again may be dated anew."""
    price = receipt.price
    said = (
        receipt.provider_id, receipt.reference, texter and texter.hex(), receipt.status, receipt.code,
        receipt.refused, receipt.proven_unsent, receipt.unbilled, receipt.parts,
        price and (str(price.amount), price.unit),
    )  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).digest()[:16]


def _storable(written: str | None) -> str | None:
    """What PostgreSQL takes as text, whatever was sent."""
    if not written:
        return None
    return written.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:_LONGEST_ID]

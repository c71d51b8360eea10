"""Receipts as rows: stored before anything is made of them, so that applying can never block storing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal

from router.postgres.columns import columns
from router.postgres.pool import Line


@dataclass(slots=True, kw_only=True)
class Notice:
    """One receipt to store.

    Args:
        digest: Of what it says: of two with one digest the second is not stored.
        texter: Pseudonym of the receiver, where the provider names one.
        amount: As billed, in `unit`; None where it does not say.
        provider_at: The provider's time.
        received_at: Business time.
        raw: The request as received, sealed under `digest`.
    """

    account: str
    digest: bytes
    provider_id: str | None
    reference: str | None
    texter: bytes | None
    status: str
    code: str
    refused: str
    proven_unsent: bool
    unbilled: bool
    amount: Decimal | None
    unit: str | None
    parts: int | None
    provider_at: datetime | None
    received_at: datetime
    raw: bytes = field(repr=False)


_COLUMNS = tuple(column.name for column in fields(Notice))
_STORE = f"""
INSERT INTO receipt ({", ".join(_COLUMNS)})
SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[],
    $8::text[], $9::boolean[], $10::boolean[], $11::numeric[], $12::text[], $13::smallint[],
    $14::timestamptz[], $15::timestamptz[], $16::bytea[]) AS item ({", ".join(_COLUMNS)})
ORDER BY account, digest
ON CONFLICT (account, digest) DO NOTHING RETURNING account, digest
"""  # noqa: S608 -- the columns are the fields of a class of ours
_NOTICES = columns(*_COLUMNS)


class Receipts:
    """Stores receipts."""

    async def store(self, line: Line, notices: Sequence[Notice]) -> list[bool]:
        """Store in one commit; False for each that was there already, or earlier in the batch."""
        async with line.connection() as connection:
            rows = await connection.fetch(_STORE, *_NOTICES(notices))
        fresh = {(row["account"], row["digest"]) for row in rows}
        answers = []
        for notice in notices:
            key = (notice.account, notice.digest)
            answers.append(key in fresh)
            fresh.discard(key)
        return answers

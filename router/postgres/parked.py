"""Receipts that wait to be applied: found with the attempt they speak of, put away, or put off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from providers.contract.failure import RefusedReason
from providers.contract.message import Receipt, Status
from providers.contract.money import read_price
from router.postgres.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An attempt that a receipt speaks of. `sent_at` is business time, `armed_at` the database's."""

    reference: str
    reply: UUID
    account: str
    sender: str = field(repr=False)
    sent_at: datetime
    armed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One stored receipt; its receiver is only known by pseudonym."""

    id: int
    account: str
    receipt: Receipt
    received_at: datetime
    tries: int
    attempt: Known | None


class PutOff(NamedTuple):
    """A receipt to try again after a wait of machine time; `tried`: this one counted."""

    id: int
    wait: timedelta
    tried: bool = True


class Applied(NamedTuple):
    """A receipt that needs nothing more: what it was applied to, and how long delivery took."""

    id: int
    attempt: str | None
    seconds: float | None


_ATTEMPT = "a.reference, a.reply, a.account, a.sender, a.at, a.armed_at"
_MATCH = f"""(
    SELECT {_ATTEMPT} FROM attempt a WHERE a.reference = r.reference AND a.account = r.account
    UNION ALL
    SELECT {_ATTEMPT} FROM attempt a
        WHERE a.tag = r.reference AND a.texter = r.texter AND a.account = r.account
    UNION ALL
    SELECT {_ATTEMPT} FROM attempt a WHERE a.provider_id = r.provider_id AND a.account = r.account
    LIMIT 1)"""  # noqa: S608 -- our own words

# Nearly every receipt says of an accepted text only how far it got. That moves no money and no reply.
_IS_PLAIN = """(r.account = ANY ($2) AND r.status IN ('queued', 'sent', 'delivered') AND r.amount IS NULL
    AND r.code = '' AND r.refused = '' AND NOT r.proven_unsent AND NOT r.unbilled AND r.texter IS NULL
    AND r.reference IS NOT NULL)"""

# A plain one may overtake the answer to its send; where that is booked within a second, it stays plain.
_DUE = f"""
SELECT r.*, a.reference AS known, a.reply, a.account AS carrier, a.sender, a.at, a.armed_at
FROM (SELECT id, account, provider_id, reference, texter, status, code, refused, proven_unsent, unbilled,
             amount, unit, parts, provider_at, received_at, tries
      FROM receipt r WHERE applied_at IS NULL AND try_after <= now()
          AND NOT ({_IS_PLAIN} AND tries = 0 AND try_after > now() - interval '1 s')
      ORDER BY try_after LIMIT $1) r
LEFT JOIN LATERAL {_MATCH} a ON true
ORDER BY r.id
"""  # noqa: S608 -- our own words

# No money and no reply: it needs neither their locks nor `settle`; and it waits for nobody, so it is in no
# circle of locks.
_PLAIN = f"""
WITH due AS (
    SELECT r.id, r.account, r.reference, r.status, r.parts, coalesce(r.provider_at, r.received_at) AS at,
           CASE r.status WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 ELSE 3 END AS rank
    FROM receipt r WHERE r.applied_at IS NULL AND r.try_after <= now() AND {_IS_PLAIN}
    ORDER BY r.try_after LIMIT $1
), held AS (
    SELECT a.reference, a.account, a.at, a.receipt_rank FROM attempt a
    WHERE a.reference IN (SELECT due.reference FROM due) AND a.state = 'accepted'
    FOR NO KEY UPDATE SKIP LOCKED
), applied AS (
    SELECT d.*, h.at AS sent_at, h.receipt_rank FROM due d JOIN held h USING (reference, account)
), noted AS (
    UPDATE attempt a SET receipt = b.status, receipt_rank = b.rank, receipt_at = b.at,
                         parts = coalesce(b.parts, a.parts)
    FROM (SELECT DISTINCT ON (reference) * FROM applied WHERE rank > receipt_rank
          ORDER BY reference, rank DESC) b
    WHERE a.reference = b.reference AND a.receipt_rank < b.rank
)
UPDATE receipt r SET applied_at = clock_timestamp(), attempt = d.reference,
    seconds = CASE d.status WHEN 'delivered' THEN greatest(0, extract(epoch FROM d.at - d.sent_at)) END
FROM applied d WHERE r.id = d.id
RETURNING r.account, r.seconds
"""  # noqa: S608 -- our own words

_FIND = f"""
SELECT a.reference AS known, a.reply, a.account AS carrier, a.sender, a.at, a.armed_at
FROM (SELECT $1::text AS account, $2::text AS provider_id, $3::text AS reference, $4::bytea AS texter) r
CROSS JOIN LATERAL {_MATCH} a
"""  # noqa: S608 -- our own words

_APPLIED = """
UPDATE receipt r SET applied_at = clock_timestamp(), attempt = i.attempt, seconds = i.seconds
FROM unnest($1::bigint[], $2::text[], $3::real[]) AS i (id, attempt, seconds) WHERE r.id = i.id
"""

_PUT_OFF = """
UPDATE receipt r SET tries = r.tries + i.tried::integer, try_after = clock_timestamp() + i.wait
FROM unnest($1::bigint[], $2::interval[], $3::boolean[]) AS i (id, wait, tried) WHERE r.id = i.id
"""

_UNSENT_BY = "UPDATE reply SET unsent_by = $2 WHERE id = $1"


class Parking:
    """Reads and moves parked receipts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._line = pool.line()

    async def due(self, accounts: Sequence[str], most: int) -> list[Parked]:
        """Receipts whose time has come, in the order they were stored.

        Those of these accounts that `plain` takes are left to it for a second.
        """
        async with self._line.connection() as connection:
            rows = await connection.fetch(_DUE, most, list(accounts))
        return [_parked(row) for row in rows]

    async def plain(self, accounts: Sequence[str], most: int) -> list[tuple[str, float | None]]:
        """Apply receipts of these accounts that only say how far an accepted text got.

        Answers the account of each, and the seconds to delivery where it was delivered. What is not plain,
        or held by somebody at this moment, stays parked.
        """
        async with self._line.connection() as connection:
            rows = await connection.fetch(_PLAIN, most, list(accounts))
        return [(row["account"], row["seconds"]) for row in rows]

    async def find(
        self, account: str, provider_id: str | None, reference: str | None, texter: bytes | None
    ) -> Known | None:
        """The attempt of this account that these speak of."""
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(_FIND, account, provider_id, reference, texter)
        return None if row is None else _known(row)

    async def applied(self, done: Sequence[Applied]) -> None:
        """Put receipts away."""
        if done:
            async with self._pool.connection() as connection:
                await connection.execute(_APPLIED, *map(list, zip(*done, strict=True)))

    async def put_off(self, later: Sequence[PutOff]) -> None:
        """Try these again later."""
        if later:
            async with self._pool.connection() as connection:
                await connection.execute(_PUT_OFF, *map(list, zip(*later, strict=True)))

    async def unsent_by(self, reply: UUID, account: str) -> None:
        """Remember who proved a reply unsent, before it may be claimed again."""
        async with self._pool.connection() as connection:
            await connection.execute(_UNSENT_BY, reply, account)


def _parked(row: asyncpg.Record) -> Parked:
    receipt = Receipt(
        provider_id=row["provider_id"],
        reference=row["reference"],
        status=Status(row["status"]),
        code=row["code"],
        refused=RefusedReason(row["refused"]) if row["refused"] else None,
        proven_unsent=row["proven_unsent"],
        unbilled=row["unbilled"],
        price=read_price(row["amount"], row["unit"]),
        parts=row["parts"],
        at=row["provider_at"],
    )
    return Parked(
        id=row["id"],
        account=row["account"],
        receipt=receipt,
        received_at=row["received_at"],
        tries=row["tries"],
        attempt=None if row["known"] is None else _known(row),
    )


def _known(row: asyncpg.Record) -> Known:
    return Known(
        reference=row["known"],
        reply=row["reply"],
        account=row["carrier"],
        sender=row["sender"],
        sent_at=row["at"],
        armed_at=row["armed_at"],
    )

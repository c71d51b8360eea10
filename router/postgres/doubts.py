"""Attempts that have to be asked after: those in doubt, and accepted ones with something still to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from router.postgres.inbox import letters
from router.postgres.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One attempt to ask the provider about.

    Args:
        reference: Of the attempt.
        tag: Of the job it left in, None if it left alone.
        at: When it was armed, business time.
        provider_id: The provider's id, where it is known.
        number: Name of the number that was texted.
        letters: The text it answers, sealed.
        purpose: What it was for.
        tries: How often it was asked about.
        others: Ids that the provider gave earlier sends of the same reply, which were proven unsent.
        priced: Its price is known.
        final: Its end is known.
    """

    reference: str
    tag: str | None
    account: str
    sender: str = field(repr=False)
    state: str
    at: datetime
    provider_id: str | None
    purpose: str
    tries: int
    reply: UUID
    number: str
    letters: tuple[tuple[UUID, bytes], ...] = field(repr=False)
    others: tuple[str, ...] = ()
    priced: bool = False
    final: bool = False


_ASKED = """a.reference, a.tag, a.account, a.sender, a.state, a.at, a.provider_id, a.purpose, a.reply,
    i.id, i.number, i.letter, i.part_reference"""

_IN_DOUBT = f"""
SELECT {_ASKED}, a.look_ups AS tries, false AS priced, false AS final,
    ARRAY(SELECT o.provider_id FROM attempt o WHERE o.reply = a.reply AND o.account = a.account
          AND o.reference <> a.reference AND o.provider_id IS NOT NULL) AS others
FROM attempt a JOIN inbound i ON i.id = a.reply
WHERE a.state = 'unknown' AND (a.look_after <= now() OR a.at <= $2)
ORDER BY a.look_after LIMIT $1
"""  # noqa: S608 -- our own words

_LOOKED = """
UPDATE attempt SET look_ups = look_ups + $2, look_after = clock_timestamp() + $3::interval
WHERE reference = $1 AND state = 'unknown'
"""

# A price is known by the row that closed the reservation, or by a receipt that named one.
_OPEN_ENDED = f"""
SELECT {_ASKED}, a.traces AS tries, a.receipt_rank >= 2 AS final, '{{}}'::text[] AS others,
    EXISTS (SELECT FROM ledger l WHERE l.reference = a.reference AND l.amount IS NOT NULL
            AND l.kind IN ('release', 'settle', 'write_off'))
    OR EXISTS (SELECT FROM receipt r WHERE r.attempt = a.reference AND r.amount IS NOT NULL) AS priced
FROM attempt a JOIN inbound i ON i.id = a.reply
WHERE a.trace_after <= now()
ORDER BY a.trace_after LIMIT $1
"""  # noqa: S608 -- our own words

_TRACED = """
UPDATE attempt SET traces = traces + $2, trace_after = clock_timestamp() + $3::interval WHERE reference = $1
"""

_HELD = "SELECT EXISTS (SELECT FROM attempt WHERE provider_id = $1 AND account = $2 AND reference <> $3)"


class Doubts:
    """Reads what is due to be asked, and says when to ask again. Waits are machine time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def in_doubt(self, most: int, write_off_before: datetime) -> list[Asked]:
        """Attempts in doubt that are due for a look-up, or armed so long ago that they are written off."""
        return await self._read(_IN_DOUBT, most, write_off_before)

    async def look_again(self, reference: str, wait: timedelta, *, looked: bool = True) -> None:
        """Look it up again after a wait, if it is still in doubt; `looked`: this one counted."""
        async with self._pool.connection() as connection:
            await connection.execute(_LOOKED, reference, int(looked), wait)

    async def open_ended(self, most: int) -> list[Asked]:
        """Attempts that are due to be traced, whatever became of them."""
        return await self._read(_OPEN_ENDED, most)

    async def trace_again(self, reference: str, wait: timedelta | None, *, traced: bool = True) -> None:
        """Trace it again after a wait, or never."""
        async with self._pool.connection() as connection:
            await connection.execute(_TRACED, reference, int(traced), wait)

    async def another_has(self, provider_id: str | None, asked: Asked) -> bool:
        """Whether the provider's text is known as that of another attempt through the same account."""
        if not provider_id:
            return False
        async with self._pool.connection() as connection:
            held: bool = await connection.fetchval(_HELD, provider_id, asked.account, asked.reference)
        return held

    async def _read(self, query: str, *arguments: object) -> list[Asked]:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            rows = await connection.fetch(query, *arguments)
            return [_asked(row, await letters(connection, row)) for row in rows]


def _asked(row: asyncpg.Record, sealed: tuple[tuple[UUID, bytes], ...]) -> Asked:
    return Asked(
        reference=row["reference"],
        tag=row["tag"],
        account=row["account"],
        sender=row["sender"],
        state=row["state"],
        at=row["at"],
        provider_id=row["provider_id"],
        purpose=row["purpose"],
        tries=row["tries"],
        reply=row["reply"],
        number=row["number"],
        letters=sealed,
        others=tuple(row["others"]),
        priced=row["priced"],
        final=row["final"],
    )

"""Texts that came in and are not done with: not proved yet, not paid yet, or perhaps missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from router.postgres.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """A stored text that nobody proved."""

    id: UUID
    account: str
    provider_id: str
    number: str
    letter: bytes = field(repr=False)
    received_at: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What the provider's own record says of a text: it stands in place of what was pushed.

    Args:
        due: When its reply may leave, None for at once.
        cost: Millionths, amount, unit and rate; None for nothing.
    """

    id: UUID
    texter: bytes
    letter: bytes = field(repr=False)
    provider_at: datetime | None
    due: datetime | None
    cost: tuple[int, Decimal, str, Decimal] | None


class Cost(NamedTuple):
    """A text whose receiving is not booked yet."""

    id: UUID
    account: str
    received_at: datetime


_UNPROVED = """
SELECT id, account, provider_id, number, letter, received_at, rereads AS tries FROM inbound
WHERE NOT verified AND account = ANY ($1::text[]) AND reread_after <= now()
ORDER BY reread_after LIMIT $2
"""

_COUNT = """
SELECT account, count(*) AS n FROM inbound WHERE NOT verified AND account = ANY ($1::text[]) GROUP BY account
"""

_PUT_OFF = """
UPDATE inbound SET rereads = rereads + $3, reread_after = clock_timestamp() + $2::interval WHERE id = $1
"""

_AWAIT = "UPDATE inbound SET reread_after = 'infinity' WHERE id = $1"

_PROVED = """
WITH waiting AS (
    SELECT id FROM reply WHERE id = $1 AND state = 'delayed' FOR UPDATE
), mine AS (
    UPDATE inbound SET verified = true, texter = $2, letter = $3, provider_at = coalesce($4, provider_at),
        cost = coalesce($6, cost), cost_amount = coalesce($7, cost_amount),
        cost_unit = coalesce($8, cost_unit), cost_rate = coalesce($9, cost_rate),
        cost_due = cost_due OR coalesce($6, 0) > 0 AND cost = 0
    WHERE id = $1 AND NOT verified RETURNING id
), freed AS (
    UPDATE reply SET texter = $2, state = CASE WHEN $5::timestamptz IS NULL THEN 'queued' ELSE 'delayed' END,
        not_before = $5, changed_at = clock_timestamp()
    FROM waiting JOIN mine USING (id) WHERE reply.id = waiting.id
)
SELECT count(*) FROM mine
"""

# What waits for proof is due only as it expires; whatever else delays a reply stays.
_BELIEVE = """
WITH later AS (
    UPDATE inbound SET rereads = 0, reread_after = clock_timestamp() + $3::interval
    WHERE id = $1 AND NOT verified RETURNING id
)
UPDATE reply SET state = CASE WHEN $2::timestamptz IS NULL THEN 'queued' ELSE 'delayed' END,
    not_before = $2, changed_at = clock_timestamp()
FROM later WHERE reply.id = later.id AND state = 'delayed' AND not_before = expires_at
"""

_KNOWN = "SELECT id, verified FROM inbound WHERE id = ANY ($1::uuid[])"

_HELD = "SELECT provider_id FROM inbound WHERE account = $1 AND received_at >= $2 AND verified"

_COSTS = "SELECT id, account, received_at FROM inbound WHERE cost_due ORDER BY received_at LIMIT $1"

_BOOK = "SELECT book_received($1, $2::uuid[], $3::timestamptz[], $4::timestamptz[])"

_MARK = "SELECT at FROM watermark WHERE account = $1 AND name = 'inbound_log'"

_MOVE_MARK = """
INSERT INTO watermark AS w (account, name, at) VALUES ($1, 'inbound_log', $2)
ON CONFLICT (account, name) DO UPDATE SET at = greatest(w.at, excluded.at)
"""


class Incoming:
    """Reads and moves of stored texts, beside the flow."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def unproved(self, accounts: Sequence[str], most: int) -> list[Unproved]:
        """Texts of these accounts that are due to be read again."""
        async with self._pool.connection() as connection:
            return [Unproved(**row) for row in await connection.fetch(_UNPROVED, accounts, most)]

    async def count_unproved(self, accounts: Sequence[str]) -> dict[str, int]:
        """How many texts of each of these accounts are not proved."""
        if not accounts:
            return {}
        async with self._pool.connection() as connection:
            return {row["account"]: row["n"] for row in await connection.fetch(_COUNT, accounts)}

    async def read_again(self, text: UUID, wait: timedelta | None, *, tried: bool = True) -> None:
        """Read it again after a wait of machine time, or leave it to the inbound log."""
        async with self._pool.connection() as connection:
            if wait is None:
                await connection.execute(_AWAIT, text)
            else:
                await connection.execute(_PUT_OFF, text, wait, int(tried))

    async def proved(self, text: Proved) -> bool:
        """Take the provider's word for it and let its reply go; False if it was proved before."""
        async with self._pool.connection() as connection:
            count = await connection.fetchval(
                _PROVED, text.id, text.texter, text.letter, text.provider_at, text.due,
                *(text.cost or (None, None, None, None)),
            )  # fmt: skip
        return bool(count)

    async def believe(self, text: UUID, due: datetime | None, again: timedelta) -> bool:
        """Let its reply go unproved, and read the text again after a while; False if it went already."""
        async with self._pool.connection() as connection:
            return (await connection.execute(_BELIEVE, text, due, again)).endswith(" 1")

    async def known(self, texts: Sequence[UUID]) -> dict[UUID, bool]:
        """Which of these are stored, and whether they are proved."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_KNOWN, texts)
        return {row["id"]: row["verified"] for row in rows}

    async def held(self, account: str, since: datetime) -> frozenset[str]:
        """Provider ids of the account's texts that came in since then and are proved."""
        async with self._pool.connection() as connection:
            return frozenset(row["provider_id"] for row in await connection.fetch(_HELD, account, since))

    async def costs(self, most: int) -> list[Cost]:
        """Texts whose receiving is still to be booked, oldest first."""
        async with self._pool.connection() as connection:
            return [Cost(*row) for row in await connection.fetch(_COSTS, most)]

    async def book(
        self, costs: Sequence[Cost], windows: Sequence[tuple[datetime, datetime]], now: datetime
    ) -> int:
        """Book them against their account's and the total window, once; answer how many were."""
        async with self._pool.connection() as connection:
            booked: int = await connection.fetchval(
                _BOOK,
                now,
                [cost.id for cost in costs],
                *(list(column) for column in zip(*windows, strict=True)),
            )
        return booked

    async def watermark(self, account: str) -> datetime | None:
        """Up to when the inbound log was read, business time."""
        async with self._pool.connection() as connection:
            at: datetime | None = await connection.fetchval(_MARK, account)
        return at

    async def move_watermark(self, account: str, at: datetime) -> None:
        """Remember up to when it was read; it never moves back."""
        async with self._pool.connection() as connection:
            await connection.execute(_MOVE_MARK, account, at)

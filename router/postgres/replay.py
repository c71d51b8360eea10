"""The texts of one's own nights, as they are stored, and the money that was added meanwhile: only read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from router.postgres.held import ONCE_HELD
from router.postgres.pool import Pool
from router.rules.nights import Added

_TEXTS = """
SELECT i.id, i.account, i.number, i.texter, i.letter, i.score, i.received_at
FROM reply r JOIN inbound i USING (id)
WHERE ($1::timestamptz IS NULL OR i.received_at >= $1) AND ($2::timestamptz IS NULL OR i.received_at < $2)
ORDER BY i.received_at, i.id
"""

_TOP_UPS = """
SELECT at, account AS purse, cap AS micros FROM ledger WHERE kind = 'top_up'
    AND ($1::timestamptz IS NULL OR at < $1) ORDER BY id
"""

_ANSWERS = f"""
SELECT count(DISTINCT r.texter) FILTER (WHERE r.state = 'accepted') AS answered, count(*) AS texts,
    count(DISTINCT r.texter) AS texters, count(*) FILTER (WHERE {ONCE_HELD}) AS held,
    coalesce(sum(a.spent), 0)::bigint AS spent
FROM reply r LEFT JOIN judgement j ON j.reply = r.id
LEFT JOIN attempt a ON a.reply = r.id AND a.live
WHERE ($1::timestamptz IS NULL OR r.received_at >= $1) AND ($2::timestamptz IS NULL OR r.received_at < $2)
"""  # noqa: S608 -- our own words


class Stored(NamedTuple):
    """A text as its row has it; an emptied letter is of a text that was erased."""

    id: UUID
    account: str
    number: str
    texter: bytes
    letter: bytes
    score: float
    received_at: datetime


class AsItWas(NamedTuple):
    """What really became of these texts; money is in millionths."""

    answered: int
    texts: int
    texters: int
    held: int
    spent: int


@dataclass(frozen=True, slots=True)
class Nights:
    """Everything that was read."""

    texts: list[Stored] = field(repr=False)
    top_ups: list[Added]
    as_it_was: AsItWas


async def read(pool: Pool, since: datetime | None, until: datetime | None) -> Nights:
    """Read what came in between two moments, business time, in one snapshot.

    Args:
        pool: The database.
        since: From then on; None for the first text.
        until: Before then; None for the last.

    Raises:
        DatabaseAwayError: It cannot be read now.
    """
    async with (
        pool.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        texts = [Stored(*row) for row in await connection.fetch(_TEXTS, since, until)]
        top_ups = [Added(*row) for row in await connection.fetch(_TOP_UPS, until)]
        was = await connection.fetchrow(_ANSWERS, since, until)
    assert was is not None  # noqa: S101 -- an aggregate always has a row
    return Nights(texts, top_ups, AsItWas(*was))

"""What time brings: replies that become due or expire, and leases that are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from router.postgres.pool import Pool

# What a cap put off says so only while it is put off. Its time stays: since then it waits for us.
_DUE = """
UPDATE reply SET state = 'queued', changed_at = clock_timestamp(),
    reason = CASE reason WHEN 'cap' THEN '' ELSE reason END
WHERE id IN (SELECT id FROM reply WHERE state = 'delayed' AND not_before <= $1
             ORDER BY not_before LIMIT $2 FOR UPDATE SKIP LOCKED)
"""

_SOON = """
SELECT EXISTS (SELECT FROM reply WHERE state = 'delayed' AND not_before <= $2 AND lane = ANY ($1::text[]))
"""

_EXPIRE = """
UPDATE reply SET state = 'suppressed', changed_at = clock_timestamp(),
    reason = CASE reason WHEN 'cap' THEN 'capped' ELSE 'expired' END
WHERE id IN (SELECT id FROM reply WHERE state IN ('queued', 'delayed') AND expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING reason
"""

_UNCAP = "UPDATE reply SET not_before = $1 WHERE state = 'delayed' AND reason = 'cap' AND not_before > $1"

# No byte left under a claim. Under an armed send one may have: it keeps its money and is looked up.
_REAP = """
WITH over AS (
    SELECT id, state FROM reply WHERE state IN ('claimed', 'sending') AND lease_until < statement_timestamp()
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
), doubted AS (
    UPDATE attempt a SET state = 'unknown', code = 'lease-over', look_after = clock_timestamp(),
        settled_at = clock_timestamp()
    FROM over WHERE a.reply = over.id AND over.state = 'sending' AND a.state = 'open'
    RETURNING a.account
), freed AS (
    UPDATE reply SET state = CASE over.state WHEN 'sending' THEN 'in_doubt' ELSE 'queued' END,
        owner = NULL, lease_until = NULL, changed_at = clock_timestamp()
    FROM over WHERE reply.id = over.id
    RETURNING over.state
)
SELECT (SELECT count(*) FROM freed WHERE state = 'claimed') AS freed,
       (SELECT count(*) FROM doubted) AS doubted
"""


class Upkeep:
    """Each call moves at most `most` rows, so that none holds its locks for long."""

    def __init__(self, pool: Pool, most: int = 500) -> None:
        self._pool = pool
        self._most = most

    async def due(self, now: datetime) -> int:
        """Make delayed replies ready whose time has come; answer how many."""
        async with self._pool.connection() as connection:
            return int((await connection.execute(_DUE, now, self._most)).split()[-1])

    async def due_soon(self, lanes: Sequence[str], by: datetime) -> bool:
        """Whether a delayed reply of these lanes becomes ready by then."""
        async with self._pool.connection() as connection:
            return bool(await connection.fetchval(_SOON, lanes, by))

    async def expire(self, now: datetime) -> list[str]:
        """Silence waiting replies that are worthless by now; answer the reason of each."""
        async with self._pool.connection() as connection:
            return [row["reason"] for row in await connection.fetch(_EXPIRE, now, self._most)]

    async def uncap(self, now: datetime) -> None:
        """Let what caps put off be tried again: the settings may have changed."""
        async with self._pool.connection() as connection:
            await connection.execute(_UNCAP, now)

    async def reap(self) -> tuple[int, int]:
        """End leases that are over: claims go back to wait, sends go into doubt. Answer how many of each."""
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(_REAP, self._most)
        return (row["freed"], row["doubted"]) if row else (0, 0)

"""Roots as they leave: which sink has them up to where, and what a timestamping authority said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from router.postgres.pool import Pool
from router.rules.evidence import Root

_SINKS = """
WITH gone AS (DELETE FROM evidence_sink WHERE name <> ALL ($1::text[]))
INSERT INTO evidence_sink (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
"""

# Due: there is something to tell, the last telling is long enough ago, and no failure is to be waited out.
_UNTOLD = """
SELECT r.number, r.previous, r.tree, r.leaves, r.at
FROM evidence_sink s JOIN evidence_root r ON r.number > s.upto
WHERE s.name = $1 AND s.try_after <= clock_timestamp()
  AND (s.told_at IS NULL OR s.told_at + $2::interval <= clock_timestamp())
ORDER BY r.number LIMIT $3
"""

_TOLD = """
UPDATE evidence_sink SET upto = greatest(upto, $2), tries = 0, told_at = clock_timestamp() WHERE name = $1
"""

_AGAIN = """
UPDATE evidence_sink SET tries = tries + 1,
    try_after = clock_timestamp() + ($2::interval[])[least(tries + 1, cardinality($2::interval[]))]
WHERE name = $1
"""

_UNSTAMPED = """
SELECT r.number, r.previous, r.tree, r.leaves, r.at FROM evidence_root r
WHERE NOT EXISTS (SELECT FROM evidence_stamp s
                  WHERE s.number = r.number OR s.at > clock_timestamp() - $1::interval)
ORDER BY r.number DESC LIMIT 1
"""

_STAMP = "INSERT INTO evidence_stamp (number, answer) VALUES ($1, $2) ON CONFLICT DO NOTHING"


@dataclass(slots=True)
class Roots:
    """Reads and writes of what was told where."""

    pool: Pool = field(repr=False)

    async def sinks(self, names: Sequence[str]) -> None:
        """These are the sinks now; one that is new has nothing yet."""
        async with self.pool.connection() as connection:
            await connection.execute(_SINKS, list(names))

    async def untold(self, sink: str, every: timedelta, most: int) -> list[Root]:
        """Roots that a sink is to be told now, in order.

        Args:
            sink: Its name.
            every: Between two tellings.
            most: Roots at once.
        """
        async with self.pool.connection() as connection:
            return [Root(**row) for row in await connection.fetch(_UNTOLD, sink, every, most)]

    async def told(self, sink: str, upto: int) -> None:
        """A sink has all roots up to this number."""
        async with self.pool.connection() as connection:
            await connection.execute(_TOLD, sink, upto)

    async def tell_again(self, sink: str, waits: tuple[timedelta, ...]) -> None:
        """A sink could not be told: after the next of these waits, again."""
        async with self.pool.connection() as connection:
            await connection.execute(_AGAIN, sink, list(waits))

    async def unstamped(self, every: timedelta) -> Root | None:
        """The newest root, if no stamp covers it yet and the last one is so long ago."""
        async with self.pool.connection() as connection:
            row = await connection.fetchrow(_UNSTAMPED, every)
        return None if row is None else Root(**row)

    async def stamp(self, number: int, answer: bytes) -> datetime:
        """Keep what the authority answered."""
        async with self.pool.connection() as connection:
            await connection.execute(_STAMP, number, answer)
            at: datetime = await connection.fetchval(
                "SELECT at FROM evidence_stamp WHERE number = $1", number
            )
        return at

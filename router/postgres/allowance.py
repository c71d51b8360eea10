"""Calls a minute that the whole fleet may make to a provider that tolerates few."""

from __future__ import annotations

from collections.abc import Mapping

from router.postgres.pool import DatabaseAwayError, Pool

_TAKE = """
INSERT INTO allowance AS a (account, minute, used)
SELECT $1, date_trunc('minute', clock_timestamp()), 1 WHERE $2 >= 1
ON CONFLICT (account, minute) DO UPDATE SET used = a.used + 1 WHERE a.used + 1 <= $2
RETURNING 1
"""

_LEFT = """
SELECT extract(epoch FROM date_trunc('minute', clock_timestamp()) + interval '1 min' - clock_timestamp())
"""

_FORGET = "DELETE FROM allowance WHERE minute < clock_timestamp() - interval '10 min'"


class Allowance:
    """Counts calls by account and minute of the database's clock.

    Args:
        limits: Calls a minute by account; an account that is left out, or None, has no limit.
    """

    def __init__(self, pool: Pool, limits: Mapping[str, int | None]) -> None:
        self._pool = pool
        self._limits = limits

    async def take(self, account: str, share: float = 1.0) -> bool:
        """Take one call, of a share of the minute's calls; False if none is left.

        Sends may take all of them, what proves a text most, everything else half: answering comes
        before asking.
        """
        limit = self._limits.get(account)
        if limit is None:
            return True
        async with self._pool.connection() as connection:
            return await connection.fetchval(_TAKE, account, max(1, int(limit * share))) is not None

    async def wait(self, account: str) -> float:
        """Take one call of all of them: 0.0, or the seconds until there are calls again.

        While the database is away nothing is sent, and certainly so.
        """
        try:
            if await self.take(account):
                return 0.0
            async with self._pool.connection() as connection:
                return float(await connection.fetchval(_LEFT))
        except DatabaseAwayError:
            return 1.0

    async def forget(self) -> None:
        """Drop the minutes that are over."""
        async with self._pool.connection() as connection:
            await connection.execute(_FORGET)

"""How accounts stand beside their health: balances, how fast they deliver, and what the operator is owed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from router.postgres.figures import Held
from router.postgres.pool import Pool
from router.rules.delivery import Deliveries


class Untold(NamedTuple):
    """One change of an account's state that the operator was not told yet."""

    id: int
    account: str
    of_sender: bool
    was: str
    status: str
    operator: str
    reason: str
    code: str
    by: str
    at: datetime
    tells: int


_BALANCE = """
INSERT INTO balance (account, amount, unit) VALUES ($1, $2, $3)
ON CONFLICT (account) DO UPDATE SET amount = excluded.amount, unit = excluded.unit, at = clock_timestamp()
"""

_DELIVERIES = """
SELECT account, count(*) AS total, count(*) FILTER (WHERE seconds > $2) AS late
FROM receipt WHERE received_at > $1 AND seconds IS NOT NULL GROUP BY account
"""

# What is a day old is history, not news: a notify_url set later is not flooded with it. Nor is a probe that
# found what was known.
_UNTOLD = """
SELECT id, account, sender <> '' AS of_sender, was, status, operator, reason, code, by, at, tells
FROM health_history
WHERE told_at IS NULL AND tell_after <= now() AND at > now() - interval '1 day'
  AND status <> 'probing' AND NOT (was = 'probing' AND status = 'cut_off' AND operator = '')
ORDER BY id LIMIT $1
"""

_TOLD = "UPDATE health_history SET told_at = clock_timestamp() WHERE id = $1"

_TELL_AGAIN = """
UPDATE health_history SET tells = tells + 1, tell_after = clock_timestamp() + $2::interval WHERE id = $1
"""


_SERVED = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1)
"""

ROUTER = "paravent"
"""What a router's connections are called in pg_stat_activity."""


class Standing:
    """Reads and writes of how accounts stand."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def served(self) -> bool:
        """Whether any router is connected to this database."""
        async with self._pool.connection() as connection:
            found: bool = await connection.fetchval(_SERVED, ROUTER)
        return found

    async def balance(self, account: str, amount: float, unit: str) -> None:
        """Keep what is left in an account."""
        async with self._pool.connection() as connection:
            await connection.execute(_BALANCE, account, amount, unit)

    async def balances(self) -> Mapping[str, Held]:
        """What is left in each account that ever said so."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch("SELECT * FROM balance")
        return {row["account"]: Held(row["amount"], row["unit"], row["at"]) for row in rows}

    async def deliveries(self, since: datetime, late_after: timedelta) -> Mapping[str, Deliveries]:
        """Deliveries reported since then (business time), and how many of them were late, by account."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_DELIVERIES, since, late_after.total_seconds())
        return {row["account"]: Deliveries(row["total"], row["late"]) for row in rows}

    async def untold(self, most: int) -> list[Untold]:
        """What the operator is still to be told, oldest first."""
        async with self._pool.connection() as connection:
            return [Untold(*row) for row in await connection.fetch(_UNTOLD, most)]

    async def told(self, change: int) -> None:
        """The operator knows it."""
        async with self._pool.connection() as connection:
            await connection.execute(_TOLD, change)

    async def tell_again(self, change: int, wait: timedelta) -> None:
        """The operator could not be told: after a wait of machine time, again."""
        async with self._pool.connection() as connection:
            await connection.execute(_TELL_AGAIN, change, wait)

"""The purses: what the settings say, what the operator says, and the windows that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from router.postgres.orders import record
from router.postgres.pool import Pool
from router.rules.budget import HEAD_START, Purse

_SYNC = """
INSERT INTO purse AS p (name, period, cap, unlimited, origin, file_says)
VALUES ($1, $2, $3::bigint, $3::bigint IS NULL, 'file', $4)
ON CONFLICT (name) DO UPDATE SET period = excluded.period, cap = excluded.cap, unlimited = excluded.unlimited,
    origin = 'file', file_says = excluded.file_says, changed_at = clock_timestamp()
WHERE p.file_says <> excluded.file_says
RETURNING name
"""

_SET = """
UPDATE purse SET cap = $2, unlimited = $2::bigint IS NULL, origin = 'operator', changed_at = clock_timestamp()
WHERE name = $1
"""

_UNSET = """
UPDATE purse SET cap = $2, unlimited = $2::bigint IS NULL, origin = 'file', changed_at = clock_timestamp()
WHERE name = $1
"""

# A window takes the new cap at once: lowering it below what is spent is the emergency brake.
_WINDOW = """
UPDATE purse_window SET cap = $3::bigint, unlimited = $3::bigint IS NULL,
    high_cap = CASE WHEN $3::bigint IS NULL THEN high_cap ELSE greatest(coalesce(high_cap, 0), $3,
        CASE WHEN unlimited THEN reserved + spent - overrun ELSE 0 END) END,
    spread = coalesce(spread, floor($3::bigint * (SELECT head_start FROM purse WHERE name = $1)))
WHERE purse = $1 AND starts_at = $2
"""

_OPEN = """
INSERT INTO purse_window (purse, starts_at, cap, high_cap, unlimited)
SELECT name, $2, cap, cap, unlimited FROM purse WHERE name = $1
ON CONFLICT DO NOTHING
"""

_TOP_UP = """
UPDATE purse_window SET cap = cap + $3::bigint, high_cap = greatest(high_cap, cap + $3::bigint)
WHERE purse = $1 AND starts_at = $2 AND NOT unlimited RETURNING cap
"""

_BOOK = """
INSERT INTO ledger (kind, account, account_window, cap, source, amount, unit, rate, at)
VALUES ('top_up', $1, $2, $3::bigint, 'operator', $3::numeric / 1000000, $4, 1, $5)
"""

_SHOW = """
SELECT p.name, p.period, p.origin, p.changed_at, here.starts_at,
    p.cap AS renews_to, p.unlimited AS renews_free,
    CASE WHEN w.purse IS NULL THEN p.cap ELSE w.cap END AS cap,
    CASE WHEN w.purse IS NULL THEN p.unlimited ELSE w.unlimited END AS unlimited,
    coalesce(w.reserved, 0) AS reserved, coalesce(w.spent, 0) AS spent, coalesce(w.overrun, 0) AS overrun
FROM purse p JOIN unnest($1::text[], $2::timestamptz[]) AS here (name, starts_at) USING (name)
LEFT JOIN purse_window w ON w.purse = p.name AND w.starts_at = here.starts_at
ORDER BY p.name = 'total', p.name
"""


_HEAD_START = "UPDATE purse SET head_start = $2 WHERE name = $1 AND head_start IS DISTINCT FROM $2"

# A window that was there before its purse was spread: the least of it, until the share that is due is known.
_BEGIN = """
UPDATE purse_window SET spread = floor(cap * $3::float8)
WHERE purse = $1 AND starts_at = $2 AND spread IS NULL
"""

_SPREAD = """
UPDATE purse_window SET spread = CASE WHEN NOT unlimited THEN floor(cap * $3::float8) END
WHERE purse = $1 AND starts_at = $2
"""

_AT_ONCE = "UPDATE purse_window SET spread = NULL WHERE spread IS NOT NULL AND NOT purse = ANY ($1::text[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurseNow:
    """One purse in its present window. Money is in millionths, None is unlimited.

    Args:
        origin: file, or operator where the limit was set by hand.
        changed_at: When the limit last changed.
        starts_at: Start of the window.
        limit: What may be spent in this window, top-ups included.
        renews_to: What the next window may spend.
    """

    name: str
    period: str
    origin: str
    changed_at: datetime
    starts_at: datetime
    limit: int | None
    renews_to: int | None
    reserved: int
    spent: int
    overrun: int

    @property
    def left(self) -> int | None:
        """What this window may still spend, never below zero."""
        return None if self.limit is None else max(0, self.limit - self.reserved - self.spent)


class Purses:
    """Reads and writes of purses. Caps are in millionths, None is unlimited."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def sync(self, purses: Mapping[str, Purse], windows: Mapping[str, datetime]) -> list[str]:
        """Take over what the settings say where their words changed; answer the names that did.

        What the operator set stands until that line of the settings changes.
        """
        changed = []
        async with self._pool.connection() as connection:
            for name, purse in sorted(purses.items()):
                async with connection.transaction():
                    says = f"{purse.limit} {purse.period}"
                    new = await connection.fetchval(_SYNC, name, purse.period.value, purse.micros, says)
                    await connection.execute(_HEAD_START, name, HEAD_START if purse.spread else None)
                    if new:
                        await connection.execute(_WINDOW, name, windows[name], purse.micros)
                        changed.append(name)
                    if purse.spread:
                        await connection.execute(_BEGIN, name, windows[name], HEAD_START)
        return changed

    async def show(self, windows: Mapping[str, datetime]) -> list[PurseNow]:
        """Every purse in its present window, the one that all share last."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_SHOW, list(windows), list(windows.values()))
        return [
            PurseNow(
                name=row["name"],
                period=row["period"],
                origin=row["origin"],
                changed_at=row["changed_at"],
                starts_at=row["starts_at"],
                limit=None if row["unlimited"] else row["cap"],
                renews_to=None if row["renews_free"] else row["renews_to"],
                reserved=row["reserved"],
                spent=row["spent"],
                overrun=row["overrun"],
            )
            for row in rows
        ]

    async def set(self, name: str, cap: int | None, window: datetime, *, by: str = "operator") -> bool:
        """Set a purse's limit by hand, now and for windows to come. False for a purse that is not there."""
        async with self._pool.connection() as connection, connection.transaction():
            found = await connection.execute(_SET, name, cap)
            await connection.execute(_WINDOW, name, window, cap)
            await record(connection, "budget set", {"purse": name, "micros": cap}, by)
        return bool(found == "UPDATE 1")

    async def unset(self, name: str, cap: int | None, window: datetime, *, by: str) -> None:
        """Give a purse the settings' limit back, now and for windows to come; top-ups go, too."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_UNSET, name, cap)
            await connection.execute(_WINDOW, name, window, cap)
            await record(connection, "budget unset", {"purse": name, "micros": cap}, by)

    async def spread(self, shares: Mapping[str, tuple[datetime, float]]) -> None:
        """Let these purses be used up to a share of their windows, all others at once.

        Args:
            shares: Start of the window, and the share of it that may be used by now.
        """
        async with self._pool.connection() as connection:
            for name, (window, share) in sorted(shares.items()):
                await connection.execute(_OPEN, name, window)
                await connection.execute(_SPREAD, name, window, share)
            await connection.execute(_AT_ONCE, list(shares))

    async def top_up(
        self, name: str, micros: int, window: datetime, currency: str, now: datetime, *, by: str
    ) -> int | None:
        """Add money to the present window alone, as a row of the ledger.

        Args:
            name: The purse.
            micros: Millionths, above zero.
            window: Start of the present window.
            currency: The ledger's.
            now: Business time.
            by: Who does it.

        Returns:
            What the window may spend now; None where it is unlimited, or there is no such purse.
        """
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_OPEN, name, window)
            cap: int | None = await connection.fetchval(_TOP_UP, name, window, micros)
            if cap is not None:
                await connection.execute(_BOOK, name, window, micros, currency, now)
                await record(connection, "budget top-up", {"purse": name, "micros": micros}, by)
        return cap

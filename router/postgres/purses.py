"""The purses: what the settings say, what the operator says, and the windows that follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from router.postgres.pool import Pool
from router.rules.budget import Purse

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

# A window takes the new cap at once: lowering it below what is spent is the emergency brake.
_WINDOW = """
UPDATE purse_window SET cap = $3::bigint, unlimited = $3::bigint IS NULL,
    high_cap = CASE WHEN $3::bigint IS NULL THEN high_cap ELSE greatest(coalesce(high_cap, 0), $3,
        CASE WHEN unlimited THEN reserved + spent - overrun ELSE 0 END) END
WHERE purse = $1 AND starts_at = $2
"""


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
                    if await connection.fetchval(_SYNC, name, purse.period.value, purse.micros, says):
                        await connection.execute(_WINDOW, name, windows[name], purse.micros)
                        changed.append(name)
        return changed

    async def set(self, name: str, cap: int | None, window: datetime) -> bool:
        """Set a purse's limit by hand, now and for windows to come. False for a purse that is not there."""
        async with self._pool.connection() as connection, connection.transaction():
            found = await connection.execute(_SET, name, cap)
            await connection.execute(_WINDOW, name, window, cap)
        return bool(found == "UPDATE 1")

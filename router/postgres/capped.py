"""How much of each cap is used in its present window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from router.postgres.pool import Pool
from router.rules.caps import Slot

_USED = """
SELECT here.cap, coalesce(w.used, 0) AS used
FROM unnest($1::text[], $2::timestamptz[]) AS here (cap, starts_at)
LEFT JOIN cap_window w ON w.cap = here.cap AND w.starts_at = here.starts_at
"""


class CapNow(NamedTuple):
    """Answers that left in a cap's present window, and how many may."""

    used: int
    answers: int


async def caps_now(pool: Pool, slots: Sequence[Slot]) -> Mapping[str, CapNow]:
    """Every cap by its name, used or not.

    Args:
        pool: Where.
        slots: All caps at this moment of business time.
    """
    if not slots:
        return {}
    async with pool.connection() as connection:
        rows = await connection.fetch(_USED, [s.cap for s in slots], [s.starts_at for s in slots])
    used = {row["cap"]: row["used"] for row in rows}
    return {slot.cap: CapNow(used[slot.cap], slot.answers) for slot in slots}

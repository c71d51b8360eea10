"""Duty: erase what has been kept for as long as the settings say; leaves and holds stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from router.postgres.keeping import Keeping


@dataclass(slots=True)
class Forgetting:
    """Erases.

    Args:
        keep: Ordinary texts, and the requests of receipts.
        keep_flagged: Texts that look abusive.
        now: Business time.
    """

    keeping: Keeping
    keep: timedelta
    keep_flagged: timedelta
    now: Callable[[], datetime]

    async def __call__(self) -> bool:
        """Erase one batch; True if more is due."""
        now = self.now()
        gone = await self.keeping.forget(now - self.keep, now - self.keep_flagged)
        more = await self.keeping.forget_receipts(now - self.keep)
        return more or gone >= self.keeping.most

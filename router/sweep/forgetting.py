"""Duty: erase what has been kept for as long as the settings say; leaves and holds stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from router.postgres.keeping import Keeping
from router.rules.campaign import Mode


@dataclass(slots=True)
class Forgetting:
    """Erases.

    Args:
        keep: Ordinary texts, the requests of receipts, and what raids are counted by in calm.
        keep_flagged: Texts that look abusive, and what raids were counted by.
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
        more = [
            await self.keeping.forget_receipts(now - self.keep),
            await self.keeping.forget_buckets(Mode.CALM, now - self.keep),
            await self.keeping.forget_buckets(Mode.RAID, now - self.keep_flagged),
        ]
        return any(more) or gone >= self.keeping.most

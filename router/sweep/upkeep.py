"""Duty: what time brings to replies: due, expired, and leases that are over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from router.office import Office
from router.postgres.upkeep import Upkeep
from router.rules.answer import Reason
from router.sweep.ears import Ears
from router.wire import boottime


@dataclass(slots=True)
class TimeBrings:
    """Moves replies on. Several processes may do it at once: each takes other rows.

    What caps put off is tried again as a process begins, for its settings may be others; and a minute, two,
    four and so on later: while a fleet restarts, one of the old may have put it off anew.
    """

    office: Office
    upkeep: Upkeep
    ears: Ears
    _uncap_at: float = 0.0
    _pause: float = 60.0

    async def __call__(self) -> bool:
        """Move what is due now."""
        now = self.office.now()
        if boottime() >= self._uncap_at:
            await self.upkeep.uncap(now)
            self._uncap_at, self._pause = boottime() + self._pause, 2 * self._pause
        freed, _ = await self.upkeep.reap()
        for reason, texts in Counter(await self.upkeep.expire(now)).items():
            self.ears.silenced(Reason(reason), texts)
        if await self.upkeep.due(now) or freed:
            self.ears.ready()
        return False

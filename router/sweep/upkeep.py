"""Duty: what time brings to replies: due, expired, and leases that are over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from router.office import Office
from router.postgres.upkeep import Upkeep
from router.rules.answer import Reason
from router.sweep.ears import Ears


@dataclass(slots=True)
class TimeBrings:
    """Moves replies on. Several processes may do it at once: each takes other rows."""

    office: Office
    upkeep: Upkeep
    ears: Ears
    _began: bool = False

    async def __call__(self) -> bool:
        """Move what is due now."""
        now = self.office.now()
        if not self._began:
            await self.upkeep.uncap(now)
            self._began = True
        freed, _ = await self.upkeep.reap()
        for reason, texts in Counter(await self.upkeep.expire(now)).items():
            self.ears.silenced(Reason(reason), texts)
        if await self.upkeep.due(now) or freed:
            self.ears.ready()
        return False

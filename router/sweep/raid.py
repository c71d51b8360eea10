"""Duty: watch for a raid, and in calm let held texts go that look ordinary enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from router.lookout import Lookout
from router.office import Office
from router.postgres.held import HeldBooks
from router.rules.answer import Reason
from router.rules.campaign import Mode
from router.sweep.ears import Ears


@dataclass(slots=True)
class RaidWatch:
    """Counts and folds if nobody else is at it; then this process knows how things stand."""

    office: Office
    lookout: Lookout

    async def __call__(self) -> bool:
        """One step at the present business time, unless another process is at it."""
        await self.lookout.step(self.office.now())
        self.office.stance = await self.lookout.stance()
        return False

    async def step(self, now: datetime) -> bool:
        """Fold what is over by `now`, and know the stance after it.

        True if every text that was stored before is counted: where business time stands still until then,
        the same texts give the same stance in every process. False: step again.
        """
        complete = await self.lookout.step(now, patient=True)
        self.office.stance = await self.lookout.stance()
        return complete


@dataclass(slots=True)
class LetGo:
    """In calm, lets held texts go, oldest first, after all others, as lanes carry them.

    The gravest of them wait for the operator, until their reply is worthless.

    Args:
        places: Texts let go that wait in a lane at once: the next are let go as these are answered.
    """

    office: Office
    lookout: Lookout
    held: HeldBooks
    ears: Ears
    places: int = 50

    async def __call__(self) -> bool:
        """Let some go; True if more may follow at once."""
        now = self.office.now()
        if not await self.held.any(now):
            return False
        stance = await self.lookout.stance()
        if stance.mode is Mode.RAID:
            return False
        if forgone := await self.held.forgo(now):
            self.ears.silenced(Reason.EXPIRED, forgone)
        freed = await self.held.calm(now, self.office.open_lanes(now), self.places)
        if freed:
            self.ears.ready()
        return False

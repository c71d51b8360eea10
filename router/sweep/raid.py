"""Duty: watch for a raid, judge what waits in one, and in calm let held texts go that look ordinary."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from router import papers
from router.lookout import Lookout
from router.office import Office
from router.postgres.held import HeldBooks, Verdict
from router.postgres.inbox import Claimed
from router.rules.answer import History, Priority, Reason, Silence, decide
from router.rules.campaign import Mode
from router.rules.holding import Judgement, Stance, judged
from router.sweep.ears import Ears

_BREATH = 5


@dataclass(slots=True)
class RaidWatch:
    """Counts and folds if nobody else is at it; then this process knows how things stand.

    Args:
        by_hand: It is stepped by whoever moves the clock, and does nothing by itself.
    """

    office: Office
    lookout: Lookout
    by_hand: bool = False

    async def __call__(self) -> bool:
        """One step at the present business time, unless another process is at it."""
        if self.by_hand:
            return False
        await self.lookout.step(self.office.now())
        await self.know()
        return False

    async def know(self) -> None:
        """Know how things stand by what anybody folded."""
        self.office.stance = await self.lookout.stance()

    async def step(self, now: datetime) -> bool:
        """Fold what is over by `now`, and know the stance after it.

        True if every text that was stored before is counted: where business time stands still until then,
        the same texts give the same stance in every process. False: step again.
        """
        complete = await self.lookout.step(now, patient=True)
        await self.know()
        return complete


@dataclass(slots=True)
class Triage:
    """In a raid, judges texts that wait unclaimed, as `relay` judges those that are claimed.

    Without money or a carrier nobody claims them: they would wait unjudged until calm, and then be paid.

    Args:
        most: Texts judged in one round.
    """

    office: Office
    held: HeldBooks
    ears: Ears
    most: int = 200
    _passed: set[UUID] = field(default_factory=set)

    async def __call__(self) -> bool:
        """Judge some; True if more may follow at once."""
        stance = self.office.stance
        if stance.mode is Mode.CALM:
            self._passed.clear()
            return False
        waiting = await self.held.unjudged(stance.version, self._passed, self.most)
        if verdicts := await self._judge(waiting, stance):
            written = await self.held.judge(verdicts)
            self.ears.held(sum(each.held for each, wrote in zip(verdicts, written, strict=True) if wrote))
        return len(waiting) > 0

    async def _judge(self, waiting: Sequence[Claimed], stance: Stance) -> list[Verdict]:
        found = []
        for place, text in enumerate(waiting, 1):
            judgement = self._place(text, stance)
            if judgement is not None:
                found.append(papers.verdict(text, judgement, self.office))
            # what an earlier raid held stays told as that one judged it
            if judgement is None or (text.priority >= Priority.SUSPECT and not judgement.held):
                self._passed.add(text.id)
            if place % _BREATH == 0:
                await asyncio.sleep(0)  # others of this process have texts to answer
        return found

    def _place(self, waits: Claimed, stance: Stance) -> Judgement | None:
        """None for a text that gets no answer whoever wrote it, and for a STOP; what is known comes later."""
        try:
            text = self.office.read(waits)
            decision = decide(text, History(), self.office.policy, self.office.now())
        except Exception:  # noqa: BLE001 - one text must not stop the others; the worker says so and sets it aside
            return None
        return None if isinstance(decision, Silence) else judged(text.body, decision.purpose, stance)


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

"""Duty: drain the spool into the database once it is back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.arrivals import late
from router.office import Office
from router.postgres.inbox import POISON, Arrival, Finish
from router.postgres.receipts import Notice
from router.spool import Item, Spool
from router.spool.segment import Segment
from router.sweep.ears import Ears

_AT_ONCE = 400
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Spooled:
    """Stores what was spooled, oldest first, also what a process left that was killed.

    The same key as the door's makes it harmless that some of it may be stored already. Every process does
    it, each segment is one process's. A heap of them is looked at before it is answered: see `late`.
    """

    office: Office
    spool: Spool
    ears: Ears
    _drained: int = 0

    async def __call__(self) -> bool:
        """Drain all there is. While the database is away, this is what finds out that it is back."""
        desk = self.office.desk
        if not desk.away and not self.spool.waiting():
            return False
        await desk.back()
        await asyncio.to_thread(self.spool.rotate)
        self._drained = 0
        while (segment := await asyncio.to_thread(self.spool.take)) is not None:
            with segment:
                await self._drain(segment)
        return False

    async def _drain(self, segment: Segment) -> None:
        for start in range(0, len(segment.items), _AT_ONCE):
            batch = segment.items[start : start + _AT_ONCE]
            kept = await _all([self._store(item) for _, item in batch])
            segment.bad += [line for (line, _), stored in zip(batch, kept, strict=True) if not stored]
            self.ears.ready()
        if segment.bad:
            _log.error("spool: %d lines cannot be stored; they are kept beside it", len(segment.bad))
        await asyncio.to_thread(segment.remove)

    async def _store(self, item: Item) -> bool:
        """False if the database refuses what is in it."""
        try:
            await (self._text(item) if isinstance(item, Arrival) else self._receipt(item))
        except POISON:
            return False
        return True

    async def _text(self, text: Arrival) -> None:
        desk, number = self.office.desk, self.office.numbers.get(text.number)
        # Settings may have changed since: its lane must be one that is looked into.
        lane = text.lane if number is None else number.lane
        due, self._drained = late(self.office, text, self._drained), self._drained + 1
        stored = await desk.store(replace(text, source="spool", claim=False, lane=lane, not_before=due))
        if stored.fresh:
            self.ears.received(text.account, text.number, text.tier)
        elif text.claim:
            # It was stored as claimed while the door hung up on the database: nobody relays it.
            await desk.finish(Finish(text.id, 1, "queued", "", None))

    async def _receipt(self, receipt: Notice) -> None:
        if await self.office.desk.receive(receipt):
            self.ears.receipt(receipt.account, receipt.status)


async def _all(stores: Sequence[Awaitable[bool]]) -> list[bool]:
    """Wait for all, also if one fails: none may be under way when the segment is let go."""
    found: list[Any] = await asyncio.gather(*stores, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return found

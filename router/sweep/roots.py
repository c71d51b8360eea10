"""Duty: tell roots to every place away from this machine, and have the newest one timestamped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from providers import Wire
from router.evidence.sinks import Sink, SinkError
from router.evidence.stamps import StampError, stamp
from router.postgres.roots import Roots

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800))
"""Between two tries to tell a sink; the last for ever."""

_MOST = 1_000
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Telling:
    """Tells. A sink that fails holds up no other.

    Args:
        every: Between two tellings of one sink, and between two timestamps.
        stamps_from: A timestamping authority; None for none.
    """

    wire: Wire
    roots: Roots
    sinks: Sequence[Sink]
    every: timedelta
    stamps_from: str | None = field(default=None, repr=False)

    async def __call__(self) -> bool:
        """Tell every sink what is due."""
        await self.roots.sinks([sink.name for sink in self.sinks])
        await asyncio.gather(self._stamp(), *(self._tell(sink) for sink in self.sinks))
        return False

    async def _tell(self, sink: Sink) -> None:
        untold = await self.roots.untold(sink.name, self.every, _MOST)
        if not untold:
            return
        try:
            await sink.tell(untold)
        except SinkError as error:
            _log.warning("roots did not reach %s: %s", sink.name, error)
            await self.roots.tell_again(sink.name, WAITS)
            return
        await self.roots.told(sink.name, untold[-1].number)

    async def _stamp(self) -> None:
        if self.stamps_from is None or (root := await self.roots.unstamped(self.every)) is None:
            return
        try:
            await self.roots.stamp(root.number, await stamp(self.wire, self.stamps_from, root))
        except StampError as error:
            _log.warning("root %d has no timestamp: %s", root.number, error)

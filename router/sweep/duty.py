"""A duty: something done again and again, by one process of the fleet at a time."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from router.postgres.pool import DatabaseAwayError
from router.sweep.rota import Rota
from router.wire import boottime

_GLANCE = 0.5
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Duty:
    """One thing that has to be done.

    Args:
        name: In the table of duties.
        every: Seconds between two rounds.
        act: One round; True if there is more to do at once.
        longest: Seconds after which a round hangs, and is broken off.
        shared: Every process does it, because it can be done by several at once.
        again: Seconds until the next round after one that was broken off, where that is sooner.
        gather: Seconds to wait once woken, so that one round does what several would.
    """

    name: str
    every: float
    act: Callable[[], Awaitable[bool]]
    longest: float = 30.0
    shared: bool = False
    again: float = float("inf")
    gather: float = 0.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, rota: Rota) -> None:
        """Do it until cancelled. Whatever it raises, the next round comes."""
        while True:
            self.woken.clear()
            more, whole = False, True
            try:
                if self._ours(rota):
                    more = await self._round(rota)
            except (DatabaseAwayError, TimeoutError):
                whole = False
            except Exception as error:  # noqa: BLE001 -- no duty may end for good
                # where, but no traceback: it may hold a text
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(last.filename).name}:{last.lineno}"
                _log.error("duty %s raised %s at %s", self.name, type(error).__name__, place)
            if not more:
                await self._rest(rota, self.every if whole else min(self.every, self.again))

    def _ours(self, rota: Rota) -> bool:
        return self.shared or rota.ours(self.name)

    async def _round(self, rota: Rota) -> bool:
        """One round; TimeoutError where it is broken off: it hangs, or the duty is ours no longer."""
        act = asyncio.ensure_future(self.act())
        deadline = boottime() + self.longest
        try:
            while not act.done() and self._ours(rota) and boottime() < deadline:
                await asyncio.wait({act}, timeout=_GLANCE)
            if not act.done():
                raise TimeoutError
            return act.result()
        finally:
            act.cancel()
            await asyncio.gather(act, return_exceptions=True)

    async def _rest(self, rota: Rota, seconds: float) -> None:
        """Until the next round; while it is another's, until it may have become ours."""
        if not self._ours(rota):
            seconds = min(seconds, _GLANCE)
        try:
            async with asyncio.timeout(seconds):
                await self.woken.wait()
                await asyncio.sleep(self.gather)
        except TimeoutError:
            return

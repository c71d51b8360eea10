"""An asyncio loop in virtual time that takes of all that is ready what its seed says: same seed, same run."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from typing import Any


class StuckError(RuntimeError):
    """Everybody waits for somebody, for ever."""


class SeededLoop(asyncio.BaseEventLoop):
    """It opens no socket and starts no thread; `luck` is for those who run in it.

    Args:
        seed: Any number.
    """

    _ready: deque[Any]
    _scheduled: list[Any]

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._order = random.Random(seed)
        self.luck = random.Random(~seed)
        self._now = 0.0

    def time(self) -> float:
        """Seconds since the beginning; they pass only while nobody is ready."""
        return self._now

    def _run_once(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        if not self._ready:
            if not self._scheduled:
                raise StuckError
            self._now = max(self._now, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._now:
            self._ready.append(heapq.heappop(self._scheduled))
        place = self._order.randrange(len(self._ready))
        self._ready.rotate(-place)
        handle = self._ready.popleft()
        if not handle.cancelled():
            handle._run()

    def _process_events(self, _events: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No other thread wakes it."""

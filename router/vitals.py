"""The vital signs of a process, measured again and again: its loop, its use of the machine, its database."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from router.coalesce import Coalesce
from router.metrics import STATEMENTS, Machine
from router.postgres.desk import Desk
from router.postgres.pool import Pool
from router.postgres.reach import clock

_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Vitals:
    """Measures one process for its metrics, as long as it is entered.

    Args:
        processes: How many are to run on this host, this one included.
        every: Seconds between two looks at the loop.
        ask_every: Seconds between two questions to the database.
    """

    machine: Machine
    pool: Pool
    desk: Desk
    processes: int = 1
    every: float = 0.5
    ask_every: float = 5.0
    _processor: float = field(default_factory=time.process_time)
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self.machine.started(self.processes)
        self._tasks += [asyncio.create_task(self._turn()), asyncio.create_task(self._ask())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self.every
            await asyncio.sleep(self.every)
            self._look(max(0.0, loop.time() - due))

    def _look(self, late: float) -> None:
        processor = time.process_time()
        self.machine.turned(late, processor - self._processor, _memory())
        self._processor = processor
        for name in STATEMENTS:
            gathered: Coalesce[object, object] = getattr(self.desk, name)
            items, commits = self._seen.get(name, (0, 0))
            self.machine.coalesced(name, gathered.items - items, gathered.flushes - commits)
            self._seen[name] = gathered.items, gathered.flushes

    async def _ask(self) -> None:
        while True:
            began = time.perf_counter()
            try:
                theirs = await clock(self.pool)
            except Exception:  # noqa: BLE001 -- whatever it is, the database did not answer
                self.machine.database_away()
            else:
                took = time.perf_counter() - began
                skew = (datetime.now(UTC) - theirs).total_seconds() - took / 2
                self.machine.database(took, skew)
            await asyncio.sleep(self.ask_every)


def _memory() -> int:
    """Bytes that this process occupies."""
    return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE

"""A process of the bench's own, and the pipe that tells it what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any


class Stagehand:
    """A spawned process that answers what it is told over a pipe, until the pipe closes."""

    def __init__(self, entry: Callable[..., None], *details: object) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=entry, args=(theirs, *details), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id, for its CPU."""
        return self._process.pid or 0

    async def hear(self, seconds: float = 60.0) -> Any:
        """What it says next.

        Raises:
            TimeoutError: It says nothing for so many seconds.
        """
        if not await asyncio.to_thread(self._pipe.poll, seconds):
            raise TimeoutError(f"a process of the bench was silent for {seconds:.0f} s")
        said = self._pipe.recv()
        if isinstance(said, Exception):
            raise said
        return said

    async def ask(self, message: object, seconds: float = 60.0) -> Any:
        """Tell it something and hear what it answers."""
        self._pipe.send(message)
        return await self.hear(seconds)

    def close(self) -> None:
        """Close the pipe and wait for its end."""
        self._pipe.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(10)

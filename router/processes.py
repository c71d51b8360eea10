"""Processes: one that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until it ends, or SIGTERM or Ctrl-C cancels it; then it may finish in peace, whoever insists."""

    async def watched() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        told = False

        def stop() -> None:
            nonlocal told
            if not told:
                told = True
                task.cancel()

        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop)
        try:
            await task
        except asyncio.CancelledError:
            if not told:
                raise

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(watched())


def loop_factory() -> Any:
    """Makes uvloop's loops where it is installed (the extra `fast`), else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 -- it may not be there
    except ImportError:
        return None
    return uvloop.new_event_loop

"""A small family of processes for tests of `router.processes`; run as a program of its own."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path

from router import processes
from router.processes import Child, Parent, Pulse


async def _steady(pulse: Pulse) -> None:
    await pulse.beat()


def _hangs_once(folder: Path) -> Callable[[Pulse], Coroutine[None, None, None]]:
    """Blocks its loop in its first life, after it was ready; lives in peace from the second on."""

    async def work(pulse: Pulse) -> None:
        beating = asyncio.create_task(pulse.beat())
        if _births(folder) == 1:
            await asyncio.sleep(0.2)
            time.sleep(3600)  # noqa: ASYNC251 -- the fault
        await beating

    return work


def _births(folder: Path) -> int:
    """Births so far, this one included."""
    (folder / f"born-{os.getpid()}").touch()
    return len(list(folder.glob("born-*")))


async def _dies_young(_pulse: Pulse) -> None:
    raise RuntimeError("with words of a stranger")


async def _takes_long_to_be_ready(pulse: Pulse) -> None:
    async with pulse.busy():
        await asyncio.sleep(2.5)
    await pulse.beat()


def _hears_no_end(pulse: Pulse, what: bytes) -> bool:
    with suppress(OSError):
        os.write(pulse._pipe, what)
    return True


def main(folder: Path, how: str, *protections_off: str) -> str:
    parent = Parent(silence=1.5, start=1.5, patience=3.0)
    if "watchdog" in protections_off:
        parent.silence = float("inf")
    if "lifeline" in protections_off:
        setattr(Pulse, "_say", _hears_no_end)  # noqa: B010 -- to mypy, methods are not assigned
    if "word" in protections_off:
        setattr(processes, "_BUSY", b"")  # noqa: B010 -- to mypy, constants are not assigned
    works = {
        "long": _takes_long_to_be_ready,
        "steady": _steady,
        "hangs": _hangs_once(folder),
        "dies": _dies_young,
    }
    return parent.run([[Child(how, works[how])]], lambda: print("ready", flush=True))


if __name__ == "__main__":
    processes._BEAT = 0.1
    failed = main(Path(sys.argv[1]), *sys.argv[2:])
    print(f"failed: {failed}" if failed else "told to stop", flush=True)

"""How the drill hears its carriers: an answer may be longer than a pipe holds."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection

import uvloop

from router.stage.drill.carriers import _heard

LONG = "x" * 5_000_000


def _speak(pipe: Connection) -> None:
    pipe.send(LONG)


def test_a_long_answer_is_heard_whole_under_uvloop_too() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_speak, args=(theirs,))
    process.start()
    theirs.close()
    with ours, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_heard(ours)) == LONG
    process.join()

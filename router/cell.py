"""Where a plugin's code runs: in a thread with a deadline, so that it holds up nobody but itself.

A page that comes with Paravent is called where it stands. Of a plugin one call out and one call in run at a
time, as its author may expect of pure code. A call that takes too long is given up: where it spins, an
exception ends it; where it sleeps, its thread is left behind. For a while after that nothing of the plugin is
called, and what is asked of it fails at once: its account is closed by its strikes, and others carry.

What holds the interpreter itself (a regular expression that explodes) stops every thread of the process. No
process contains that: its parent kills it after 15 s of silence, and the stack that is logged before names
the plugin's file. Nor is its memory bounded: that is the service manager's (`MemoryMax`).
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from providers import Provider

T = TypeVar("T")
PATIENCE = 1.0
"""Seconds for one step of pure code, which takes microseconds where it is well."""
PAUSE = 10.0
"""Seconds without a call after one that was given up."""
_MOST_LEFT = 4
_PROMPT = 0.001
_OURS = "providers"
_log = logging.getLogger(__name__)


class HungError(Exception):
    """A plugin did not come to an end in time, or did not lately and was not called."""


class BrokenOffError(Exception):
    """A plugin raised what would end a thread or a process; the message is its kind."""


class _Leave(BaseException):
    """Ends a call that was given up."""


class Here:
    """Code that comes with Paravent: called where it stands."""

    async def run(self, call: Callable[[], T]) -> T:
        """Call it.

        Raises:
            HungError: It does not end.
            BrokenOffError: It raised what would end a thread or a process.
            Exception: What it raised.
        """
        return call()


class _Job:
    """One call, and who waits for it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self.loop.create_future()
        self.thread: threading.Thread | None = None
        self.given_up = False

    def end(self, value: Any, error: BaseException | None) -> None:
        """Tell who waits, from any thread."""
        try:
            self.loop.call_soon_threadsafe(self._tell, value, error)
        except RuntimeError:  # the loop is gone, and everybody with it
            return

    def _tell(self, value: Any, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(value)
        else:
            self.answer.set_exception(error)


class Cell(Here):
    """Code of a plugin.

    Args:
        name: What the plugin is called.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._left: list[threading.Thread] = []
        self._shut_until = 0.0
        # A thread that spins hands the interpreter on this often: the loop must not wait long for its turn.
        sys.setswitchinterval(_PROMPT)

    async def run(self, call: Callable[[], T]) -> T:
        """Call it in the plugin's thread. See `Here.run`."""
        self._left = [thread for thread in self._left if thread.is_alive()]
        if time.monotonic() < self._shut_until or len(self._left) >= _MOST_LEFT:
            raise HungError(self.name)
        job = _Job(call)
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=_work, args=(self._jobs,), name=self.name, daemon=True)
            self._thread.start()
        done, _ = await asyncio.wait([job.answer], timeout=PATIENCE)
        if not done:
            self._give_up(job)
            raise HungError(self.name)
        found: T = job.answer.result()
        return found

    def _give_up(self, job: _Job) -> None:
        job.given_up = True
        if job.thread is None or job.thread is not self._thread:
            return  # it waited behind one that hung
        _log.error(
            "plugin %s: a call took over %.0f s and was given up; none for %.0f s", self.name, PATIENCE, PAUSE
        )
        self._shut_until = time.monotonic() + PAUSE
        self._left.append(job.thread)
        self._thread, behind, self._jobs = None, self._jobs, SimpleQueue()
        behind.put(None)
        if job.thread.ident is not None:
            leave = ctypes.py_object(_Leave)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(job.thread.ident), leave)


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    """A plugin's thread."""
    try:
        while (job := jobs.get()) is not None:
            if job.given_up:
                continue
            job.thread = threading.current_thread()
            try:
                value, error = job.call(), None
            except _Leave:
                return
            except Exception as raised:  # noqa: BLE001 -- it belongs to whoever called
                value, error = (
                    None,
                    RuntimeError(type(raised).__name__) if isinstance(raised, StopIteration) else raised,
                )
            except BaseException as raised:  # noqa: BLE001 -- a plugin may raise anything, and ends nothing of ours
                value, error = None, BrokenOffError(type(raised).__name__)
            job.end(value, error)
    except _Leave:
        return


HERE = Here()
_ways_out: WeakKeyDictionary[type, Cell] = WeakKeyDictionary()
_ways_in: WeakKeyDictionary[type, Cell] = WeakKeyDictionary()


def cell_of(provider: Provider, *, door: bool = False) -> Here:
    """Where a provider's code runs: one cell for all accounts of a plugin, and another for their doors.

    A plugin that hangs while it sends still takes texts in.
    """
    kind, cells = type(provider), _ways_in if door else _ways_out
    if kind.__module__.partition(".")[0] == _OURS:
        return HERE
    return cells.get(kind) or cells.setdefault(kind, Cell(str(kind.name)))

"""Processes: one that runs until it is told to stop, and a parent that keeps several of them running."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import os
import selectors
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

_BEAT = 1.0
_NAMED = 12.0
_ALIVE, _BUSY, _WORDS = b".", b"~", b"!"
_LONGEST_PAUSE = 30.0
_log = logging.getLogger(__name__)


def run_until_stopped(
    work: Coroutine[Any, Any, None], signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
) -> None:
    """Run until it ends, or a signal cancels it; then it may finish in peace, whoever insists."""

    async def watched() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        told = False

        def stop() -> None:
            nonlocal told
            if not told:
                told = True
                task.cancel()

        for each in signals:
            loop.add_signal_handler(each, stop)
        try:
            await task
        except asyncio.CancelledError:
            if not told:
                raise

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(watched())


def _loop_factory() -> Any:
    """Makes uvloop's loops where it is installed (the extra `fast`), else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 -- it may not be there
    except ImportError:
        return None
    return uvloop.new_event_loop


def _collect_less() -> None:
    """Look for garbage in circles seldom: what is loaded stays, and texts on their way leave hardly any."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class Pulse:
    """A child's end of the pipe to its parent: tells that its loop turns, learns that the parent is gone."""

    def __init__(self, pipe: int) -> None:
        os.set_blocking(pipe, False)
        self._pipe = pipe

    async def beat(self) -> None:
        """Beat until the parent is gone. The first beat says that the child is ready."""
        # Whoever holds the interpreter until the parent kills us is named: files and lines, no values.
        while self._say(_ALIVE):
            faulthandler.dump_traceback_later(_NAMED)
            await asyncio.sleep(_BEAT)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """For the block, tell that something is under way that may take longer than a start may."""
        telling = asyncio.create_task(self._tell_busy())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell_busy(self) -> None:
        while self._say(_BUSY):  # noqa: ASYNC110 -- nothing is waited for
            await asyncio.sleep(_BEAT)

    def last_words(self, words: str) -> None:
        """Say why this child ends; heard if it was not ready yet."""
        self._say(_WORDS + words.encode()[:1_000])

    def _say(self, what: bytes) -> bool:
        try:
            os.write(self._pipe, what)
        except BlockingIOError:  # the parent is held up; it is still there
            return True
        except BrokenPipeError:
            return False
        return True


@dataclass(slots=True)
class Child:
    """One process that is kept running.

    Args:
        name: For the log.
        work: What it does, until it is cancelled; it must beat.
        last: It is stopped after the others.
    """

    name: str
    work: Callable[[Pulse], Coroutine[Any, Any, None]]
    last: bool = False
    pid: int | None = None
    pipe: int = -1
    was_ready: bool = False
    ready: bool = False
    heard_at: float = 0.0
    start_at: float = 0.0
    pause: float = 0.0
    words: str = ""


@dataclass(slots=True)
class Parent:
    """Starts children by fork, restarts the dead with back-off and kills those that hang.

    It runs no loop and no thread, so that forking is safe at any time; patches made before are inherited.

    Args:
        bury: Told the pid of each child that died.
        silence: Seconds without a beat after which a child hangs.
        start: Seconds a child may take until its first beat, or since it last said that it is busy.
        patience: Seconds that children have to stop.
    """

    bury: Callable[[int], None] = lambda _pid: None
    silence: float = 15.0
    start: float = 90.0
    patience: float = 18.0
    children: list[Child] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _told: bool = False
    _failed: str = ""

    def run(self, stages: Sequence[Sequence[Child]], ready: Callable[[], None]) -> str:
        """Run until SIGTERM, Ctrl-C, or until a child fails before it was ever ready.

        Args:
            stages: Children; each stage is started once the one before is ready.
            ready: Called when all are.

        Returns:
            Why it failed, empty if it was told to stop.
        """
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(wake, selectors.EVENT_READ)
        before = signal.set_wakeup_fd(waker)
        handlers = {each: signal.signal(each, self._stop) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            for stage in stages:
                for child in stage:
                    self.children.append(child)
                    self._fork(child)
                while not (self._told or self._failed or all(child.was_ready for child in stage)):
                    self._turn()
            if not (self._told or self._failed):
                ready()
            while not (self._told or self._failed):
                self._turn()
        finally:
            self._end()
            for each, handler in handlers.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(before)
            os.close(wake)
            os.close(waker)
        return self._failed

    def _stop(self, *_ignored: object) -> None:
        self._told = True

    def _turn(self) -> None:
        """Wait for a beat, a death or a signal, then see to every child."""
        for key, _ in self._selector.select(_BEAT / 2):
            if isinstance(key.data, Child):
                self._hear(key.data)
            else:
                os.read(key.fd, 64)
        now = time.monotonic()
        for child in self.children:
            limit = self.silence if child.ready else self.start
            if child.pid is None and now >= child.start_at:
                self._fork(child)
            elif child.pid is not None and now - child.heard_at > limit:
                _log.error("process %s (%d) hangs: killed", child.name, child.pid)
                os.kill(child.pid, signal.SIGKILL)
                self._mourn(child)

    def _hear(self, child: Child) -> None:
        said = os.read(child.pipe, 4_096)
        if not said:
            self._mourn(child)
            return
        beats, marked, words = said.partition(_WORDS)
        child.words += words.decode(errors="replace") if marked else ""
        if beats:
            child.heard_at = time.monotonic()
        if _ALIVE in beats:
            child.ready = child.was_ready = True

    def _mourn(self, child: Child) -> None:
        """Wait for a child that closed its pipe or was killed, and plan the next one."""
        pid, child.pid = child.pid, None
        self._selector.unregister(child.pipe)
        os.close(child.pipe)
        if pid is None:
            return
        os.waitpid(pid, 0)
        self.bury(pid)
        if not child.was_ready:
            self._failed = child.words or f"process {child.name} ended as it started"
            return
        lived = time.monotonic() - child.start_at
        child.pause = 0.1 if lived > _LONGEST_PAUSE else min(max(child.pause * 2, 0.1), _LONGEST_PAUSE)
        child.start_at = time.monotonic() + child.pause
        _log.error("process %s (%d) died; the next one starts in %.1f s", child.name, pid, child.pause)

    def _fork(self, child: Child) -> None:
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            os.close(ours)
            self._be(child, theirs)
        os.close(theirs)
        child.pid, child.pipe, child.ready, child.words = pid, ours, False, ""
        child.start_at = child.heard_at = time.monotonic()
        self._selector.register(ours, selectors.EVENT_READ, child)

    def _be(self, child: Child, pipe: int) -> NoReturn:
        """In the child: no reading end may stay open here, or nobody would notice the parent's end."""
        code = 1
        pulse = Pulse(pipe)
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            # Ctrl-C reaches the whole group; in which order children stop is the parent's to say.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for key in list(self._selector.get_map().values()):
                os.close(key.fd)
            _collect_less()
            run_until_stopped(child.work(pulse), (signal.SIGTERM,))
            code = 0
        except Exception as error:  # noqa: BLE001 -- the last frame of a process; no traceback: it may hold a text
            ours = type(error).__module__.startswith("router.")  # and so without a number or a text
            words = str(error) if ours else type(error).__name__
            pulse.last_words(words)
            _log.error("process %s: %s", child.name, words)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _end(self) -> None:
        """Stop the children, those of the last kind after the others."""
        for last in (False, True):
            some = [child for child in self.children if child.last is last and child.pid is not None]
            for child in some:
                os.kill(child.pid or 0, signal.SIGTERM)
            deadline = time.monotonic() + self.patience
            while some and time.monotonic() < deadline:
                for key, _ in self._selector.select(deadline - time.monotonic()):
                    if not isinstance(key.data, Child):
                        os.read(key.fd, 64)
                    elif not os.read(key.data.pipe, 4_096):
                        self._close(key.data)
                some = [child for child in some if child.pid is not None]
            for child in some:
                os.kill(child.pid or 0, signal.SIGKILL)
                self._close(child)

    def _close(self, child: Child) -> None:
        pid, child.pid = child.pid, None
        self._selector.unregister(child.pipe)
        os.close(child.pipe)
        if pid is not None:
            os.waitpid(pid, 0)
            self.bury(pid)

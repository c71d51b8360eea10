"""Relays texts: those the door hands over at once, and those that wait in the open lanes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from router.gates import Gates
from router.office import Office
from router.postgres.inbox import POISON, Claimed, Finish, Inbox
from router.postgres.pool import DatabaseAwayError, Line
from router.relay import relay
from router.rules.story import Story

_log = logging.getLogger(__name__)
_IN_TURN = 2.0
"""Seconds that a text waits for its texter's text before: one that hangs must not keep places from others."""


class Worker:
    """Many relays at once in one process.

    Args:
        gates: How far the lanes are open.
        places: Texts relayed at once.
        batch: Most texts claimed at once, as soon as there is room for so many, or for half of all.
        tell: Told every story: metrics, health and the log are folds over them.
        idle: Seconds between two looks into empty lanes.
    """

    def __init__(
        self,
        office: Office,
        gates: Gates,
        inbox: Inbox,
        line: Line,
        tell: Callable[[Story], Awaitable[None]],
        *,
        places: int = 1_000,
        batch: int = 50,
        idle: float = 0.5,
    ) -> None:
        self._office = office
        self._gates = gates
        self._inbox = inbox
        self._line = line
        self._tell = tell
        self._places = places
        self._batch = batch
        self._step = max(1, min(batch, places // 2))
        self._idle = idle
        self._relays: set[asyncio.Task[Story | None]] = set()
        self._last: dict[bytes, asyncio.Task[Story | None]] = {}
        self._woken = asyncio.Event()
        self._stopping = False

    def room(self) -> bool:
        """Whether a text may be stored as claimed by us already: it spares the queue, and a second claim."""
        return not self._stopping and len(self._relays) < self._places

    def open_lanes(self) -> list[str]:
        """Lanes whose texts may be handed over as they come in: nothing that waited goes before them."""
        return self._gates.wide()

    def hand(self, claim: Claimed, office: Office | None = None) -> asyncio.Task[Story | None]:
        """Relay a text that is ours, as another office sees the world if one is given.

        A texter's are relayed one after the other, as they are handed over, unless one hangs: which of them
        is answered is not chance. The story is None where there is none to tell.
        """
        first = self._last.get(claim.texter)
        task = asyncio.get_running_loop().create_task(self._relay(claim, office or self._office, first))
        self._last[claim.texter] = task
        task.add_done_callback(lambda done: self._forget(claim.texter, done))
        self._relays.add(task)
        task.add_done_callback(self._done)
        return task

    async def quiet(self) -> None:
        """Wait until no text is being relayed; others may come meanwhile, and are waited for too."""
        while self._relays:
            await asyncio.wait(self._relays)

    def wake(self) -> None:
        """Look into the lanes now: something became ready."""
        self._woken.set()

    async def run(self) -> None:
        """Claim and relay until stopped."""
        least = self._step
        while not self._stopping:
            self._woken.clear()
            most = min(self._batch, self._places - len(self._relays))
            if most < least or await self._claim(most) < most:
                least = self._step if await self._wakes() else 1
            else:
                least = self._step

    async def _wakes(self) -> bool:
        """Wait for room or for a text; False if nothing came for so long that it looks by itself."""
        try:
            async with asyncio.timeout(self._idle):
                return await self._woken.wait()
        except TimeoutError:
            return False

    async def stop(self, patience: float) -> None:
        """Claim no more, and let what is under way end; what is not done by then is reaped later."""
        self._stopping = True
        self.wake()
        if self._relays:
            await asyncio.wait(self._relays, timeout=patience)
        for task in self._relays:
            task.cancel()

    async def _claim(self, most: int) -> int:
        claimed = 0
        try:
            for lanes, few in self._gates.ways(most):
                claims = await self._inbox.claim(self._line, lanes, min(few, most - claimed))
                self._gates.passed(lanes, len(claims))
                claimed += len(claims)
                for claim in claims:
                    await self._take(claim)
        except DatabaseAwayError:
            pass
        except Exception as error:  # noqa: BLE001 - answering never ends for good; no traceback: it may hold a text
            _log.error("claiming raised %s", type(error).__name__)
        return claimed

    async def _take(self, claim: Claimed) -> None:
        if self._stopping:
            await self._office.desk.finish(Finish(claim.id, claim.fence, "queued", "", None))
        else:
            self.hand(claim)

    async def _relay(
        self, claim: Claimed, office: Office, first: asyncio.Task[Story | None] | None
    ) -> Story | None:
        if first is not None:
            await asyncio.wait({first}, timeout=_IN_TURN)
        try:
            story = await relay(claim, office)
        except DatabaseAwayError:
            return None  # the lease runs out, and what was in flight is looked up
        except Exception as error:  # noqa: BLE001 - one text must not stop the others
            # no traceback: it may hold the text
            _log.error("text %s: relaying raised %s; set aside", claim.id, type(error).__name__)
            await self._set_aside(claim)
            return None
        await self._tell(story)
        return story

    async def _set_aside(self, claim: Claimed) -> None:
        """Unless it was armed already, so that it does not come back for ever. It stays stored."""
        with suppress(DatabaseAwayError, *POISON):
            await self._office.desk.finish(Finish(claim.id, claim.fence, "failed", "set_aside", None))

    def _forget(self, texter: bytes, task: asyncio.Task[Story | None]) -> None:
        if self._last.get(texter) is task:
            del self._last[texter]

    def _done(self, task: asyncio.Task[Story | None]) -> None:
        self._relays.discard(task)
        if len(self._relays) == self._places - self._step:
            self.wake()

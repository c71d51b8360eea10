"""What the console watches: snapshots as server-sent events, one composed for all who listen."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from aiohttp import web

from router.web.guard import trouble
from router.web.snapshot import Snapshots

MOST = 32
"""Listeners at once in one process."""

EVERY = 1.0
"""Seconds between two looks, while anybody listens."""

KEEP_ALIVE = 15.0
_PATIENCE = 10.0
_HEADERS = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
_log = logging.getLogger(__name__)


class _Listener:
    """Has the newest snapshot waiting; one that was not fetched in time is never sent."""

    def __init__(self, news: str | None) -> None:
        self._news = news
        self._rung = asyncio.Event()
        if news is not None:
            self._rung.set()

    def hear(self, news: str) -> None:
        self._news = news
        self._rung.set()

    def end(self) -> None:
        self._news = None
        self._rung.set()

    async def next(self) -> bytes | None:
        """The next bytes to send: news, a comment where there is none for long, None at the end."""
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._rung.wait()
        except TimeoutError:
            return b":\n\n"
        self._rung.clear()
        return None if self._news is None else f"data: {self._news}\n\n".encode()


@dataclass(slots=True)
class Events:
    """Looks once a second while anybody listens, and tells all of them what changed."""

    snapshots: Snapshots
    _listeners: set[_Listener] = field(default_factory=set)
    _said: str | None = None
    _news: str | None = None
    _looking: asyncio.Task[None] | None = None
    _over: bool = False

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send a snapshot at once, and another whenever something of it has changed."""
        if self._over or len(self._listeners) >= MOST:
            return trouble(429, "too many are watching", "close other consoles, then open this one again")
        response = web.StreamResponse(headers=_HEADERS)
        listener = _Listener(self._news)
        self._listeners.add(listener)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(_PATIENCE):
                await response.prepare(request)
            while (said := await listener.next()) is not None:
                async with asyncio.timeout(_PATIENCE):
                    await response.write(said)
        except (ConnectionError, TimeoutError):
            pass  # gone, or it does not read
        finally:
            self._listeners.discard(listener)
        return response

    async def end(self, _application: web.Application) -> None:
        """Let every listener go."""
        self._over = True
        for listener in self._listeners:
            listener.end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        while self._listeners:
            try:
                await self._tell()
            except Exception as error:  # noqa: BLE001 - looking never ends for good while anybody listens
                _log.error("a snapshot raised %s", type(error).__name__)
            await asyncio.sleep(EVERY)
        self._looking, self._said, self._news = None, None, None

    async def _tell(self) -> None:
        snapshot = await self.snapshots.take()
        if snapshot is None:
            return
        said = snapshot.model_dump_json(exclude={"at": True, "health": {"read_at": True}})
        if said != self._said:
            self._said, self._news = said, snapshot.model_dump_json()
            for listener in self._listeners:
                listener.hear(self._news)

"""A way to the router that can be shut, or fall silent without an end, as networks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_STREAM = b"GET /api/v1/events "


@dataclass(eq=False)
class _Pair:
    """One connection of a browser, and the one behind it."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    silent: bool = False
    asked: bytes = b""


@dataclass
class Passage:
    """Passes on what comes, to the address given, until it is told otherwise.

    Args:
        shut: Whether new connections are turned away.
        turned_away: How many were.
    """

    to: str
    shut: bool = False
    turned_away: int = 0
    url: str = ""
    _pairs: set[_Pair] = field(default_factory=set)

    @property
    def streams(self) -> int:
        """Event streams that a browser holds open."""
        return sum(pair.asked.startswith(_STREAM) for pair in self._pairs)

    def close(self) -> None:
        """Break off every connection, and turn new ones away."""
        self.shut = True
        for pair in self._pairs:
            pair.near.transport.abort()

    def swallow(self) -> None:
        """The connections there are stay open, and nothing passes any more; new ones do."""
        for pair in self._pairs:
            pair.silent = True

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.shut:
            self.turned_away += 1
            writer.transport.abort()
            return
        where = urlsplit(self.to)
        back, far = await asyncio.open_connection(where.hostname, where.port)
        pair = _Pair(writer, far)
        self._pairs.add(pair)
        outward = asyncio.create_task(_pass(reader, far, pair, asks=True))
        inward = asyncio.create_task(_pass(back, writer, pair))
        try:
            await asyncio.wait((outward, inward), return_when=asyncio.FIRST_COMPLETED)
        finally:
            outward.cancel()
            inward.cancel()
            self._pairs.discard(pair)
            writer.transport.abort()
            far.transport.abort()


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: _Pair, *, asks: bool = False
) -> None:
    try:
        while piece := await reader.read(1 << 16):
            if asks:
                pair.asked = piece
            if not pair.silent:
                writer.write(piece)
                await writer.drain()
    except ConnectionError:
        pass  # gone, as after an end


@asynccontextmanager
async def passage(to: str) -> AsyncIterator[Passage]:
    """Open one on a free port of 127.0.0.1."""
    made = Passage(to)
    server = await asyncio.start_server(made.enter, "127.0.0.1")
    made.url = "http://{}:{}/".format(*server.sockets[0].getsockname()[:2])
    try:
        yield made
    finally:
        server.close()
        made.close()

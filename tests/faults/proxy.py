"""A proxy between a client and a server that delays, slices, stalls, resets or cuts what passes through.

Both sides are TCP addresses or paths of Unix sockets. What it does to connections may be changed while they
are open: a stalled connection goes on where it stood once the stall is over.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

Place: TypeAlias = Path | tuple[str, int]
_CHUNK = 65_536


class Proxy:
    """Carries connections to `server`. Use `proxied`.

    Attributes:
        latency: Seconds that every chunk waits, each way.
        slice: Most bytes of a chunk.
        connections: How many were taken so far.
    """

    def __init__(self, server: Place) -> None:
        self._server = server
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False
        self.latency = 0.0
        self.slice = _CHUNK
        self.connections = 0

    def stall(self) -> None:
        """From now on nothing passes, and nobody is told; connections are still taken."""
        self._flows.clear()

    def resume(self) -> None:
        """Let everything pass again."""
        self._refuses = False
        self._flows.set()

    def refuse(self) -> None:
        """Cut everything, and hang up on whoever comes."""
        self._refuses = True
        self.cut()

    def cut(self) -> None:
        """Close what is open, as a server that ends."""
        for writer in list(self._open):
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    def move(self, server: Place) -> None:
        """Close what is open; whoever comes is carried to another server."""
        self._server = server
        self.cut()

    def reset(self) -> None:
        """Break off what is open without a farewell (RST over TCP)."""
        for writer in list(self._open):
            sock = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def close(self) -> None:
        """End everything."""
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            if not self._refuses:
                await self._both(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _both(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)  # from now on: it may be cut before the server has answered
        try:
            await self._flows.wait()
            if isinstance(self._server, Path):
                back, forth = await asyncio.open_unix_connection(self._server)
            else:
                back, forth = await asyncio.open_connection(*self._server)
            self._open.add(forth)
            try:
                if not writer.is_closing():
                    await self._until_one_ends(self._flow(reader, forth), self._flow(back, writer))
            finally:
                self._open.discard(forth)
                forth.close()
        finally:
            self._open.discard(writer)

    async def _until_one_ends(self, *flows: Coroutine[Any, Any, None]) -> None:
        ways = [asyncio.create_task(flow) for flow in flows]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _flow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            for start in range(0, len(chunk), self.slice):
                if self.latency:
                    await asyncio.sleep(self.latency)
                await self._flows.wait()
                writer.write(chunk[start : start + self.slice])
                await writer.drain()


@asynccontextmanager
async def proxied(server: Place, door: Place) -> AsyncIterator[Proxy]:
    """Have a proxy listening at `door` until the block ends."""
    proxy = Proxy(server)
    if isinstance(door, Path):
        listening = await asyncio.start_unix_server(proxy.carry, door)
    else:
        listening = await asyncio.start_server(proxy.carry, *door)
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.close()
        if isinstance(door, Path):
            door.unlink(missing_ok=True)

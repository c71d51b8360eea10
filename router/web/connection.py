"""Connections that do not wait for ever: a head gets few seconds, an idle connection some more."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from typing import Any

from aiohttp import web

from router.web.body import PATIENCE

_IDLE = 30.0
_LINGERING = 1.0
# Turns of asyncio's loop from the accepted socket to the protocol that answers for it.
_HANDING_OVER = 3
_MOST = 8_192
_OTHER_FILES = 512
_log = logging.getLogger(__name__)


def most() -> int:
    """Connections at once: files enough are left for the database, the spool and the providers."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST, max(files // 2, files - _OTHER_FILES))


class Connection(web.RequestHandler):
    """aiohttp's, but that by itself it lets a head drip for as long as a connection may idle.

    It would also log what broke HTTP, word by word; and that may be a text, or a number.
    """

    __slots__ = ("_crowd", "_deadline")

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop, crowd: set[Connection]) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # documented: None is for no log
            auto_decompress=False,
            keepalive_timeout=_IDLE,
            lingering_time=_LINGERING,
            max_headers=64,
        )
        self._crowd = crowd
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head; hang up where there are too many."""
        super().connection_made(transport)
        self._crowd.add(self)
        if len(self._crowd) > most():
            self.force_close()
            return
        self._deadline = asyncio.get_running_loop().call_later(PATIENCE, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no more."""
        self._crowd.discard(self)
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Time every head from its first byte."""
        super().data_received(data)
        if self._messages or self._current_request is not None:
            self._in_time()
        elif self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(PATIENCE, self.force_close)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Read on where reading was paused; else aiohttp would parse and wake all the same, at every body."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- it repeats what was sent
    ) -> web.StreamResponse:
        """Answer the status and nothing else."""
        self.log_exception("", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer was sent already")
        response = web.Response(status=status, headers={"Server": "paravent"})
        response.force_close()
        return response

    def log_exception(self, *_args: Any, **kwargs: Any) -> None:
        """Say what kind of error it was, and not a word of it."""
        _log.info("a request could not be answered: %s", type(kwargs.get("exc_info")).__name__)

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Site(web.BaseSite):
    """Where a runner's connections come in: an address, or a socket that is bound already."""

    __slots__ = ("_address", "_reuse_port", "_sock")

    def __init__(
        self,
        runner: web.BaseRunner,
        address: tuple[str, int] | None,
        sock: socket.socket | None,
        *,
        reuse_port: bool,
    ) -> None:
        super().__init__(runner, backlog=1_024)
        self._address = address
        self._sock = sock
        self._reuse_port = reuse_port

    @property
    def name(self) -> str:
        """The address, for people."""
        bound = self._sock.getsockname() if self._sock is not None else self._address
        return f"http://{bound[0]}:{bound[1]}" if bound else "http://"

    async def start(self) -> None:
        """Listen."""
        await super().start()
        loop = asyncio.get_running_loop()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")

        crowd: set[Connection] = set()

        def connection() -> Connection:
            return Connection(server, loop, crowd)

        if self._sock is not None:
            self._server = await loop.create_server(connection, sock=self._sock, backlog=self._backlog)
        else:
            host, port = self._address or ("127.0.0.1", 0)
            self._server = await loop.create_server(
                connection, host, port, backlog=self._backlog, reuse_port=self._reuse_port or None
            )

    async def stop(self) -> None:
        """Listen no more. Whoever was let in is handed over first, so that the runner closes them, too."""
        if isinstance(self._server, asyncio.Server):  # uvloop's hands over by itself
            for listening in self._server.sockets:
                asyncio.get_running_loop().remove_reader(listening)
        for _ in range(_HANDING_OVER):
            await asyncio.sleep(0)
        await super().stop()

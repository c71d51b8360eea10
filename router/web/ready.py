"""An answer that is written once and sent many times: webhooks are all acknowledged in the same words."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""What goes with every answer."""


class Ready(web.StreamResponse):
    """One answer for any number of requests, also at once: nothing in it belongs to one of them.

    Only for requests that `suits`: others need their answer made to measure.

    Args:
        status: HTTP status.
        content_type: Of the body.
        body: May be empty.
    """

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        super().__init__(status=status)
        headers = {"Content-Type": content_type, "Content-Length": len(body), **HEADERS}
        if status == HTTPStatus.NO_CONTENT:
            headers, body = dict(HEADERS), b""
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._head = "\r\n".join(lines).encode("ascii")
        self._tail = b"\r\n\r\n" + body
        self._dated = 0
        self._whole = b""

    @staticmethod
    def suits(request: web.BaseRequest) -> bool:
        """Whether it is an answer to this request: its connection stays open, and it is not HEAD."""
        return request.keep_alive and request.version == HttpVersion11 and request.method != "HEAD"

    @property
    def keep_alive(self) -> bool:
        """It always is."""
        return True

    @property
    def prepared(self) -> bool:
        """It is: its headers cannot be changed."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send all of it."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection was closed before the answer")
        now = int(time.time())
        if now != self._dated:
            self._dated = now
            date = formatdate(now, usegmt=True).encode("ascii")
            self._whole = b"".join((self._head, b"\r\nDate: ", date, self._tail))
        transport.write(self._whole)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""

"""HTTP/1.1 on bare asyncio protocols, both ends, kept alive: cheap, to stay far above what is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar, cast

Subject = TypeVar("Subject")

END: Final = b"\r\n\r\n"
LENGTH: Final = b"\r\ncontent-length:"


def body_length(head: bytes) -> int:
    """Content-Length of a message head, 0 where there is none.

    Raises:
        ValueError: The body is chunked, which the bench does not speak.
    """
    low = head.lower()
    at = low.find(LENGTH)
    if at >= 0:
        end = low.find(b"\r\n", at + 2)
        return int(low[at + len(LENGTH) : end if end >= 0 else len(low)])
    if b"transfer-encoding:" in low:
        raise ValueError("the bench speaks Content-Length only")
    return 0


class Messages(asyncio.Protocol):
    """Cuts what arrives into whole messages."""

    def __init__(self) -> None:
        self._pending = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        data = self._pending + data if self._pending else data
        while (cut := data.find(END)) >= 0:
            head = data[:cut]
            end = cut + 4 + body_length(head)
            if len(data) < end:
                break
            body, data = data[cut + 4 : end], data[end:]
            self.message(head, body)
        self._pending = data

    def message(self, head: bytes, body: bytes) -> None:
        raise NotImplementedError


class Answering(Messages):
    """The server's end: every request gets what `answer(head, body)` returns, after `latency` seconds."""

    def __init__(self, answer: Callable[[bytes, bytes], bytes], latency: float = 0.0) -> None:
        super().__init__()
        self._answer = answer
        self._latency = latency

    def message(self, head: bytes, body: bytes) -> None:
        reply = self._answer(head, body)
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self.transport.write, reply)
        else:
            self.transport.write(reply)


class Asking(Messages, Generic[Subject]):
    """The client's end: one request at a time, then `answered(connection, status)`; 0 is a lost one."""

    def __init__(self, answered: Callable[[Asking[Subject], int], None]) -> None:
        super().__init__()
        self._answered = answered
        self._waiting = False
        self.subject: Subject | None = None
        self.lost = False

    def ask(self, request: bytes, subject: Subject) -> None:
        self.subject = subject
        self._waiting = True
        self.transport.write(request)

    def message(self, head: bytes, body: bytes) -> None:
        self._waiting = False
        self._answered(self, int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._waiting:
            self._waiting = False
            self._answered(self, 0)

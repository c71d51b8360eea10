"""The wire against real sockets: what each fault means, and no byte after the lease is over."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from providers import InDoubt, Request, Response, Unreachable
from router import wire as wires
from router.wire import AioWire, boottime

Talk = Callable[["Carrier", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Odd: Yes\r\n\r\nok"


@dataclass
class Carrier:
    """A server that talks as it is told, and keeps every byte it was sent."""

    port: int = 0
    heard: bytearray = field(default_factory=bytearray)
    connections: int = 0
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    def request(
        self, path: str = "/", *, text: bool = True, method: str = "POST", body: bytes = b"x"
    ) -> Request:
        return Request(method, f"http://127.0.0.1:{self.port}{path}", {}, body, carries_text=text)


@asynccontextmanager
async def carrier(talk: Talk) -> AsyncIterator[Carrier]:
    told = Carrier()
    tasks: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        told.connections += 1
        try:
            await talk(told, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        told.leave.set()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def hear(told: Carrier, reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    told.heard += head
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if length:
        told.heard += await reader.readexactly(int(length[0].split(b":")[1]))


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of a goodbye."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def answers(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await hear(told, reader)
        writer.write(ANSWER)
        await writer.drain()


async def resets_at_once(told: Carrier, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def resets_after(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)
    reset(writer)


async def hangs_up(told: Carrier, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)


async def hangs(told: Carrier, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)
    await told.leave.wait()


async def breaks_off(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)
    writer.write(ANSWER[:-1])
    await writer.drain()


async def drips(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)
    for byte in ANSWER:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def babbles(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)
    writer.write(b"220 smtp.example ready\r\n")
    await writer.drain()


async def floods(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await hear(told, reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
    for _ in range(9):
        writer.write(b"x" * 1_000_000)
        await writer.drain()


AFTER = {
    resets_at_once: "reset", resets_after: "reset", hangs_up: "reset", hangs: "timeout", breaks_off: "reset",
    drips: "timeout", babbles: "reset", floods: "reset",
}  # fmt: skip


@pytest.fixture
async def wire() -> AsyncIterator[AioWire]:
    wire = AioWire(deadline=0.5)
    yield wire
    await wire.close()


async def test_an_answer_comes_whole_and_the_request_leaves_as_given(wire: AioWire) -> None:
    async with carrier(answers) as told:
        request = told.request("/a%2Fb?c=%20", body=b"To=%2B33")
        assert await wire(request) == Response(200, {"content-length": "2", "x-odd": "Yes"}, b"ok")
    assert told.heard.startswith(b"POST /a%2Fb?c=%20 HTTP/1.1\r\n")
    assert told.heard.endswith(b"\r\n\r\nTo=%2B33")


@pytest.mark.parametrize(("talk", "code"), AFTER.items(), ids=lambda one: getattr(one, "__name__", one))
async def test_once_bytes_have_left_a_fault_is_a_doubt_for_a_text_alone(
    wire: AioWire, talk: Talk, code: str
) -> None:
    async with carrier(talk) as told:
        assert await wire(told.request()) == InDoubt(code)
        assert await wire(told.request(text=False)) == Unreachable(code)
        assert told.connections == 2


@pytest.mark.parametrize("text", [True, False])
async def test_where_nobody_listens_nothing_has_left(wire: AioWire, *, text: bool) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        request = Request("POST", f"http://127.0.0.1:{nobody.getsockname()[1]}/", carries_text=text)
        assert await wire(request) == Unreachable("connect")


async def test_a_name_that_is_none_and_tls_that_fails_have_sent_nothing(
    wire: AioWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with carrier(hangs_up) as told:
        request = Request("POST", f"https://127.0.0.1:{told.port}/", carries_text=True)
        assert isinstance(await wire(request), Unreachable)
        assert b"POST" not in told.heard

    async def unknown(*_: object, **__: object) -> Any:
        raise OSError("no such name")

    monkeypatch.setattr(wire._session.connector, "_resolve_host", unknown)
    request = Request("POST", "http://carrier.invalid/", carries_text=True)
    assert await wire(request) == Unreachable("dns")


@pytest.mark.parametrize("url", ["http://", "ftp://x/", "nonsense", "http://[::1/"])
async def test_an_address_that_is_none_has_sent_nothing(wire: AioWire, url: str) -> None:
    assert await wire(Request("POST", url, carries_text=True)) == Unreachable("request")


async def test_a_redirect_is_an_answer_and_is_not_followed(wire: AioWire) -> None:
    async def sends_on(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(told, reader)
        writer.write(b"HTTP/1.1 307 No\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with carrier(sends_on) as told:
        found = await wire(told.request())
        assert isinstance(found, Response)
        assert (found.status, told.connections) == (307, 1)


@pytest.mark.parametrize("warm", [False, True], ids=["new connection", "kept connection"])
async def test_after_the_lease_no_byte_leaves(wire: AioWire, *, warm: bool) -> None:
    async with carrier(answers) as told:
        if warm:
            await wire(told.request())
        told.heard.clear()
        assert await wire(told.request(), not_after=boottime() - 0.001) == Unreachable("lease-over")
        assert bytes(told.heard) == b""
        assert isinstance(await wire(told.request(), not_after=boottime() + 5), Response)


async def test_a_lease_that_ends_while_connecting_is_over_in_time(
    wire: AioWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([99.0])
    monkeypatch.setattr(wires, "boottime", lambda: next(clock))
    async with carrier(answers) as told:
        assert await wire(told.request(), not_after=98.0) == Unreachable("lease-over")
        assert (bytes(told.heard), next(clock, None)) == (b"", None)  # asked once: as late as can be


async def heard_when_the_guard_looks(monkeypatch: pytest.MonkeyPatch, hook: str) -> bytes:
    """What the carrier has heard by the moment at which the guard would say no."""
    seen: list[bytes] = []

    async def look(_s: aiohttp.ClientSession, _c: SimpleNamespace, _p: object) -> None:
        await asyncio.sleep(0.05)
        seen.append(bytes(told.heard))

    class Elsewhere(aiohttp.TraceConfig):
        @property
        def on_request_headers_sent(self) -> Any:
            return getattr(super(), hook)

    monkeypatch.setattr(wires, "_before_the_first_byte", look)
    monkeypatch.setattr(aiohttp, "TraceConfig", Elsewhere)
    wire = AioWire(deadline=2)
    async with carrier(answers) as told:
        await wire(told.request())
    await wire.close()
    return seen[0]


async def test_the_guard_is_asked_before_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await heard_when_the_guard_looks(monkeypatch, "on_request_headers_sent") == b""


async def test_at_the_next_hook_it_would_be_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError):
        assert await heard_when_the_guard_looks(monkeypatch, "on_request_end") == b""


async def test_without_the_guard_bytes_leave_after_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unguarded(_s: aiohttp.ClientSession, context: SimpleNamespace, _p: object) -> None:
        context.trace_request_ctx.left = True

    monkeypatch.setattr(wires, "_before_the_first_byte", unguarded)
    wire = AioWire(deadline=2)
    async with carrier(answers) as told:
        await wire(told.request(), not_after=boottime() - 0.001)
        with pytest.raises(AssertionError):
            assert bytes(told.heard) == b""
    await wire.close()


async def test_cancelling_a_call_is_no_answer(wire: AioWire) -> None:
    async with carrier(hangs) as told:
        call = asyncio.create_task(wire(told.request()))
        async with asyncio.timeout(5):
            while not told.heard:  # noqa: ASYNC110 -- it is the carrier's doing
                await asyncio.sleep(0.005)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_nothing_is_sent_a_second_time_on_a_kept_connection_that_has_died(wire: AioWire) -> None:
    async def answers_once(told: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(told, reader)
        writer.write(ANSWER)
        await writer.drain()
        if told.connections == 1:
            await hear(told, reader)
            reset(writer)
        else:
            await told.leave.wait()

    async with carrier(answers_once) as told:
        assert isinstance(await wire(told.request()), Response)
        assert await wire(told.request()) == InDoubt("reset")
        assert told.heard.count(b"POST") == 2
        assert told.connections == 1

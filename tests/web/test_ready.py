"""An answer that is made once says what one made to measure would say, on every connection it suits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from aiohttp import web

from router.web.app import _plain, serve
from router.web.ready import Ready

_KEEP = b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(params=[(200, b"<Response/>"), (200, b""), (204, b"")])
async def door(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, int]]:
    """Serves the same answer at /ready, made once, and at /made, made each time."""
    status, body = request.param
    ready = Ready(status, "text/xml", body)

    async def made(_request: web.Request) -> web.Response:
        content = {"Content-Type": "text/xml"} if status != HTTPStatus.NO_CONTENT else {}
        return web.Response(status=status, body=body, headers=content)

    async def said(asked: web.Request) -> web.StreamResponse:
        return ready if Ready.suits(asked) else await made(asked)

    application = web.Application()
    application.add_routes([web.post("/made", made), web.post("/ready", said)])
    application.on_response_prepare.append(_plain)
    runner = await serve(application)
    yield runner.addresses[0]
    await runner.cleanup()


async def _ask(door: tuple[str, int], *requests: bytes) -> list[tuple[bytes, list[bytes], bytes]]:
    """Status line, sorted headers without Date, and body of each answer, all on one connection."""
    reader, writer = await asyncio.open_connection(*door)
    writer.write(b"".join(requests))
    answers = []
    async with asyncio.timeout(10):
        for _ in requests:
            status, *headers = (await reader.readuntil(b"\r\n\r\n")).strip().split(b"\r\n")
            length = next((int(h.split(b":")[1]) for h in headers if h.startswith(b"Content-Length")), 0)
            assert sum(header.startswith(b"Date: ") for header in headers) == 1
            said = sorted(header for header in headers if not header.startswith(b"Date: "))
            answers.append((status, said, await reader.readexactly(length)))
    writer.close()
    return answers


async def test_it_says_what_one_made_to_measure_says(door: tuple[str, int]) -> None:
    made, ready = await _ask(door, _KEEP % b"made", _KEEP % b"ready")
    assert ready == made


async def test_one_answer_serves_many_requests_at_once(door: tuple[str, int]) -> None:
    rounds = await asyncio.gather(*(_ask(door, *[_KEEP % b"ready"] * 3) for _ in range(20)))
    assert len({repr(answer) for answers in rounds for answer in answers}) == 1


@pytest.mark.parametrize(
    "told",
    [
        b"POST /ready HTTP/1.0\r\n\r\n",
        b"POST /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_connection_that_is_to_end_ends(door: tuple[str, int], told: bytes) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(told)
    async with asyncio.timeout(10):
        answer = await reader.read()
    assert answer.split(b" ")[1] in {b"200", b"204"}
    writer.close()

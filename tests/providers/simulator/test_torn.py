"""A client that dies in the middle of its request: the simulation goes on and says nothing of it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from providers.simulator import control, line
from providers.simulator.simulation import Simulation
from providers.simulator.twilio import TwilioAccount

PATIENCE = 10.0


async def torn(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin a request to a carrier, or to the control API, and die once its body is waited for."""
    reading, whole = asyncio.Event(), web.BaseRequest.read

    async def read(self: web.BaseRequest) -> bytes:
        reading.set()
        return await whole(self)

    monkeypatch.setattr(web.BaseRequest, "read", read)
    account = TwilioAccount(numbers=("+33937000001",), inbound_url="http://127.0.0.1:9/")
    async with Simulation({"twilio": account}) as simulation, asyncio.timeout(PATIENCE):
        url = simulation.control_url if where == "/texts" else simulation.base_url("twilio")
        path = where.format(sid=account.account_sid)
        proof = b64encode(f"{account.account_sid}:{account.auth_token}".encode()).decode()
        _, ours = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        ours.write(
            f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {proof}\r\nContent-Length: 99\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nTo=".encode()
        )
        await reading.wait()
        ours.transport.abort()
        while any("RequestHandler.start" in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110 -- aiohttp has no event for it
            await asyncio.sleep(0.01)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.exc_text or record.message for record in caplog.records if record.name == "aiohttp.server"]


WHERE = ["/texts", "/2010-04-01/Accounts/{sid}/Messages.json"]


@pytest.mark.parametrize("where", WHERE)
async def test_who_dies_while_speaking_leaves_no_traceback(
    where: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await torn(where, monkeypatch)
    assert complaints(caplog) == []


@web.middleware
async def _careless(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    return await handler(request)


@pytest.mark.parametrize("where", WHERE)
async def test_control_without_that_care_it_leaves_one(
    where: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (line, control):
        monkeypatch.setattr(module, "heard_out", _careless)
    await torn(where, monkeypatch)
    (said,) = complaints(caplog)
    assert "ConnectionResetError" in said

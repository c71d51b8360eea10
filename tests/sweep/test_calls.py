"""Calls beside the sends: what answers wait for is not kept waiting by what only asks after them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from providers import Exchange, Provider, Request, Response, Unreachable
from router.postgres.pool import DatabaseAwayError
from router.sweep import calls
from router.sweep.calls import FOR_ANSWERS, Calls, without_allowance

_CROWD = 20


class _Wire:
    """A carrier that answers when it is let."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.seconds = 0.0

    async def __call__(self, request: Request, *, not_after: float | None = None) -> Response:
        if request.url.endswith("slow"):
            await self.answers.wait()
        await asyncio.sleep(self.seconds)
        return Response(200, {}, b"")


class _Allowance:
    async def take(self, account: str, share: float) -> bool:
        return True


def _asks(path: str) -> Any:
    def exchange(provider: Provider) -> Exchange[int]:
        response = yield Request("GET", f"http://127.0.0.1/{path}")
        return response.status

    return exchange


class _Acme:
    """Its code runs where a shipped provider's does."""

    name = "acme"
    __module__ = "providers.acme"


class _Away:
    async def take(self, account: str, share: float) -> bool:
        raise DatabaseAwayError


def _calls(wire: _Wire, allowance: type = _Allowance) -> Calls:
    office = SimpleNamespace(accounts={"acme": SimpleNamespace(provider=_Acme())}, wire=wire)
    return Calls(cast("Any", office), cast("Any", allowance()))


async def _asked_in_a_crowd() -> object:
    wire = _Wire()
    asking = _calls(wire)
    crowd = [asyncio.create_task(asking.ask("acme", _asks("slow"))) for _ in range(_CROWD)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(1):
            return await asking.ask("acme", _asks("quick"), calls.FOR_ANSWERS, 0.5)
    finally:
        wire.answers.set()
        assert await asyncio.gather(*crowd) == [200] * _CROWD


async def test_what_answers_wait_for_does_not_queue_behind_what_asks_after_them() -> None:
    assert await _asked_in_a_crowd() == 200


async def test_control_in_one_queue_with_them_it_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "FOR_ANSWERS", calls._SHARE)
    with pytest.raises(TimeoutError):
        await _asked_in_a_crowd()


async def test_waiting_for_a_turn_is_not_the_providers_slowness() -> None:
    wire = _Wire()
    wire.seconds = 0.2
    asking = _calls(wire)
    found = [asking.ask("acme", _asks("quick"), FOR_ANSWERS, 0.35) for _ in range(_CROWD)]
    assert await asyncio.gather(*found) == [200] * _CROWD


async def test_one_that_does_not_answer_in_time_is_unreachable() -> None:
    assert await _calls(_Wire()).ask("acme", _asks("slow"), FOR_ANSWERS, 0.05) == Unreachable("timeout")


async def _not_the_providers_fault(caplog: pytest.LogCaptureFixture) -> None:
    assert without_allowance(await _calls(_Wire(), _Away).ask("acme", _asks("quick")))
    assert "raised" not in caplog.text


async def test_that_the_database_is_away_is_not_said_of_the_provider(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await _not_the_providers_fault(caplog)


async def test_control_if_it_goes_through_the_providers_exchange_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NeverError(Exception):
        """Is not raised."""

    monkeypatch.setattr(calls, "DatabaseAwayError", NeverError)
    with pytest.raises(AssertionError, match="provider-raised"):
        await _not_the_providers_fault(caplog)

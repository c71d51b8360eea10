"""Readings while the database is away: who asks together waits together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from router.postgres.figures import FiguresDesk
from router.postgres.pool import DatabaseAwayError
from router.web import reading
from router.web.reading import Readings
from tests.web.house import House


async def _asked_together(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    readings, tries = Readings(house.office, house.pool), 0

    async def in_vain(*_: Any) -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0.05)
        raise DatabaseAwayError("away")

    with monkeypatch.context() as patched:
        patched.setattr(FiguresDesk, "read", in_vain)
        answers = await asyncio.gather(*(readings.latest() for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseAwayError] * 5
    assert tries == 1
    readings._in_vain -= 1.0
    assert (await readings.latest()).figures.read_at is not None


async def test_those_who_ask_together_wait_for_one_reading(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _asked_together(house, monkeypatch)


async def test_control_without_remembering_it_each_waits_for_all_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "boottime", lambda: float("inf"))
    with pytest.raises(AssertionError, match="5 == 1"):
        await _asked_together(house, monkeypatch)

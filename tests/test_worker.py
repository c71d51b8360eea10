"""How many texts a worker takes at once: its places, and as many more as it lately got through."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import MagicMock

import pytest

from router import worker as worker_module
from router.worker import Worker


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Opened, it lets every relay end."""
    opened = asyncio.Event()

    async def relay(_claim: Any, _office: Any) -> None:
        await opened.wait()

    monkeypatch.setattr(worker_module, "relay", relay)
    return opened


async def _tell(_story: Any) -> None:
    """Told, and that is all."""


async def test_it_takes_more_than_its_places_once_as_many_ended_lately(gate: asyncio.Event) -> None:
    worker = Worker(MagicMock(), MagicMock(), MagicMock(), MagicMock(), _tell, places=2)
    relays = [worker.hand(MagicMock()) for _ in range(5)]
    assert not worker.room()
    gate.set()
    await asyncio.gather(*relays)
    gate.clear()
    more = []
    while worker.room():
        more.append(worker.hand(MagicMock()))
    assert len(more) == 5
    gate.set()
    await asyncio.gather(*more)


async def test_what_ended_long_ago_makes_no_room(
    gate: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.set()
    worker = Worker(MagicMock(), MagicMock(), MagicMock(), MagicMock(), _tell, places=1)
    await asyncio.gather(*[worker.hand(MagicMock()) for _ in range(5)])
    monkeypatch.setattr(worker_module, "_LATELY", 0.0)  # whatever ended is longer ago
    gate.clear()
    relay = worker.hand(MagicMock())
    assert not worker.room()
    gate.set()
    await relay

"""How many texts a worker takes at once, and that it goes on as soon as there is room."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, cast
from unittest.mock import MagicMock

import pytest

from router import worker as worker_module
from router.worker import Worker

LONG = 60.0


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Opened, it lets every relay end."""
    opened = asyncio.Event()

    async def relay(_claim: Any, _office: Any) -> None:
        await opened.wait()

    monkeypatch.setattr(worker_module, "relay", relay)
    return opened


class Lane:
    """An inbox with so many waiting texts; a claim takes a few turns of the loop."""

    def __init__(self, texts: int) -> None:
        self.texts = texts
        self.claims: list[int] = []

        self.empty = asyncio.Event()

    async def claim(self, _line: Any, _lanes: Any, most: int) -> list[Any]:
        for _ in range(3):
            await asyncio.sleep(0)
        claimed = min(most, self.texts)
        self.texts -= claimed
        self.claims.append(claimed)
        if not self.texts:
            self.empty.set()
        return [MagicMock() for _ in range(claimed)]


def _worker(lane: Lane, places: int, idle: float) -> Worker:
    gates = MagicMock(ways=lambda most: [(["front"], most)])
    return Worker(
        MagicMock(), gates, cast("Any", lane), MagicMock(), _tell, places=places, batch=8, idle=idle
    )


async def _tell(_story: Any) -> None:
    """Told, and that is all."""


async def test_it_has_room_for_its_places_and_no_more(gate: asyncio.Event) -> None:
    worker = Worker(MagicMock(), MagicMock(), MagicMock(), MagicMock(), _tell, places=2)
    assert worker.room()
    relays = [worker.hand(MagicMock()) for _ in range(2)]
    assert not worker.room()
    gate.set()
    await asyncio.gather(*relays)
    assert worker.room()


async def test_a_texters_are_relayed_one_after_the_other_in_the_order_they_were_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    async def relay(claim: Any, _office: Any) -> None:
        told.append(f"{claim.id} begins")
        for _ in range(claim.turns):
            await asyncio.sleep(0)
        told.append(f"{claim.id} ends")

    monkeypatch.setattr(worker_module, "relay", relay)
    worker = Worker(MagicMock(), MagicMock(), MagicMock(), MagicMock(), _tell)
    for which, texter, turns in (("a1", b"a", 9), ("a2", b"a", 1), ("b1", b"b", 5), ("a3", b"a", 1)):
        worker.hand(MagicMock(id=which, texter=texter, turns=turns))
    await worker.quiet()
    own = [each for each in told if each.startswith("a")]
    assert own == [f"{which} {what}" for which in ("a1", "a2", "a3") for what in ("begins", "ends")]
    assert told.index("b1 ends") < told.index("a1 ends")  # others do not wait for it
    assert not worker._last


async def test_a_text_that_hangs_does_not_keep_the_next_from_its_turn(
    monkeypatch: pytest.MonkeyPatch, gate: asyncio.Event
) -> None:
    monkeypatch.setattr(worker_module, "_IN_TURN", 0.05)
    worker = Worker(MagicMock(), MagicMock(), MagicMock(), MagicMock(), _tell)
    begun: list[str] = []

    async def relay(claim: Any, _office: Any) -> None:
        begun.append(claim.id)
        await gate.wait()

    monkeypatch.setattr(worker_module, "relay", relay)
    relays = [worker.hand(MagicMock(id=which, texter=b"a")) for which in ("hangs", "next")]
    async with asyncio.timeout(10):
        while begun != ["hangs", "next"]:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(*relays)


@pytest.mark.parametrize("places", [1, 2, 3, 8, 20])
async def test_a_lane_is_emptied_without_a_pause_and_in_batches(
    monkeypatch: pytest.MonkeyPatch, places: int
) -> None:
    """Relays that end while a claim is under way make room for the next one, though nobody says so then."""
    turns = itertools.cycle(range(8))

    async def relay(_claim: Any, _office: Any) -> None:
        for _ in range(next(turns)):
            await asyncio.sleep(0)

    monkeypatch.setattr(worker_module, "relay", relay)
    lane = Lane(200)
    worker = _worker(lane, places, idle=LONG)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(LONG / 6):
            await lane.empty.wait()
        await worker.quiet()
        assert min(lane.claims[:-2]) >= min(8, places // 2)
    finally:
        await worker.stop(1)
        await running


async def test_what_room_there_is_serves_after_a_while(gate: asyncio.Event) -> None:
    """Texts that hang hold no others up for ever: less than a batch is claimed too."""
    lane = Lane(1)
    worker = _worker(lane, 8, idle=0.01)
    for _ in range(7):
        worker.hand(MagicMock())
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(LONG / 6):
        await lane.empty.wait()
    gate.set()
    await worker.stop(1)
    await running

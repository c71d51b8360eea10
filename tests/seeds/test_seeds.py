"""Seeded nights and gatherings: none shows harm; with a protection off some seed does, and shows it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from providers import InDoubt, Unreachable
from router import send
from router.coalesce import Coalesce
from tests.seeds import air, gathering, house
from tests.seeds.__main__ import ROOMS, search
from tests.seeds.books import Counter
from tests.seeds.loop import SeededLoop, StuckError

NIGHTS, GATHERINGS = 800, 4_400
_ENOUGH = 400

pytestmark = pytest.mark.timeout(240)


def none_shows_harm(room: str, seeds: range) -> None:
    assert search(room, seeds) == {}


def test_no_night_shows_harm() -> None:
    none_shows_harm("night", range(NIGHTS))


def test_no_gathering_shows_harm() -> None:
    none_shows_harm("gathering", range(GATHERINGS))


@contextmanager
def doubts_are_taken_for_unsent() -> Iterator[None]:
    carry = send.carry

    async def believing(*given: Any, **named: Any) -> Any:
        found = await carry(*given, **named)
        return Unreachable(found.code) if isinstance(found, InDoubt) else found

    with patch.object(send, "carry", believing):
        yield


def no_lease_ends() -> AbstractContextManager[Any]:
    return patch.object(air.Air, "guard", lambda _self, _not_after: False)


def answers_are_mixed_up() -> AbstractContextManager[Any]:
    hand_out = Coalesce._hand_out
    return patch.object(Coalesce, "_hand_out", lambda self, batch, found: hand_out(self, batch, found[::-1]))


def who_left_is_forgotten() -> AbstractContextManager[Any]:
    init = Coalesce.__init__
    return patch.object(
        Coalesce, "__init__", lambda self, flush, **named: init(self, flush, **named | {"orphan": None})
    )


@contextmanager
def no_grant_is_asked_for() -> Iterator[None]:
    arm = Counter._arm
    with patch.object(Counter, "_arm", lambda self, asked, now: arm(self, asked, now + timedelta(days=9))):
        yield


OFF: list[tuple[str, Callable[[], AbstractContextManager[Any]], str]] = [
    ("night", doubts_are_taken_for_unsent, house.TWICE),
    ("night", no_grant_is_asked_for, house.GRANT),
    ("night", no_lease_ends, house.LATE),
    ("gathering", answers_are_mixed_up, gathering.WRONG),
    ("gathering", who_left_is_forgotten, gathering.FORGOTTEN),
]


@pytest.mark.parametrize(("room", "off", "harm"), OFF, ids=[each[1].__name__ for each in OFF])
def test_control_with_a_protection_off_some_seed_shows_it_again_and_again(
    room: str, off: Callable[[], AbstractContextManager[Any]], harm: str
) -> None:
    with off():
        seed, said = next((seed, said) for seed in range(_ENOUGH) if harm in (said := ROOMS[room](seed)))
        with pytest.raises(AssertionError, match=str(seed)):
            none_shows_harm(room, range(seed, seed + 1))
        assert ROOMS[room](seed) == said
    none_shows_harm(room, range(seed, seed + 1))


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    def order(seed: int) -> list[int]:
        loop, came = SeededLoop(seed), list[int]()

        async def come(number: int) -> None:
            for _ in range(3):
                await asyncio.sleep(0)
                came.append(number)

        async def all_come() -> None:
            await asyncio.gather(*(come(number) for number in range(4)))

        loop.run_until_complete(all_come())
        loop.close()
        return came

    assert order(1) == order(1) != order(2)


def test_who_waits_for_ever_is_told() -> None:
    loop = SeededLoop(1)

    async def wait() -> None:
        await asyncio.Event().wait()

    task = loop.create_task(wait())
    with pytest.raises(StuckError):
        loop.run_until_complete(task)
    loop._ready.append(asyncio.Handle(task.cancel, (), loop))
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()

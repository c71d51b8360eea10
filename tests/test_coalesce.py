"""Many callers, one commit: no timers, nobody harms a neighbour, nothing done is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.coalesce import Coalesce


class PoisonError(Exception):
    """The batch was refused for what is in it."""


class Flush:
    """A flush that is let go by hand: what it was given, and what it answers."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.gates: list[asyncio.Event] = []
        self.held = held

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        if self.held:
            gate = asyncio.Event()
            self.gates.append(gate)
            await gate.wait()
        if any(item < 0 for item in items):
            raise PoisonError
        return [item * 10 for item in items]


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_lone_item_leaves_on_the_next_turn() -> None:
    flush = Flush(held=True)
    waiter = asyncio.create_task(Coalesce(flush)(1))
    await turns(3)
    assert flush.batches == [[1]]
    flush.gates[0].set()
    assert await waiter == 10


async def test_callers_of_one_turn_share_a_flush_and_get_their_own_answers() -> None:
    flush = Flush()
    coalesce = Coalesce(flush)
    assert await asyncio.gather(*map(coalesce, range(5))) == [0, 10, 20, 30, 40]
    assert flush.batches == [[0, 1, 2, 3, 4]]
    assert (coalesce.flushes, coalesce.items) == (1, 5)


async def test_what_comes_while_one_is_in_flight_is_gathered() -> None:
    flush = Flush(held=True)
    coalesce = Coalesce(flush)
    first = asyncio.create_task(coalesce(1))
    await turns()
    others = [asyncio.create_task(coalesce(n)) for n in (2, 3)]
    await turns()
    assert flush.batches == [[1]]
    flush.gates[0].set()
    await turns()
    assert flush.batches == [[1], [2, 3]]
    flush.gates[1].set()
    assert await asyncio.gather(first, *others) == [10, 20, 30]


@pytest.mark.parametrize("in_flight", [1, 2, 3])
async def test_so_many_flushes_at_once_and_no_more(in_flight: int) -> None:
    flush = Flush(held=True)
    coalesce = Coalesce(flush, limit=2, in_flight=in_flight)
    waiters = [asyncio.create_task(coalesce(n)) for n in range(9)]
    await turns()
    assert len(flush.batches) == in_flight
    for place in range(5):
        flush.gates[place].set()
        await turns()
        assert len(flush.batches) == min(5, in_flight + place + 1)
    assert flush.batches == [[0, 1], [2, 3], [4, 5], [6, 7], [8]]
    assert list(await asyncio.gather(*waiters)) == [n * 10 for n in range(9)]


async def test_cancelling_a_waiter_never_cancels_a_flush_and_its_result_is_not_forgotten() -> None:
    flush, orphans = Flush(held=True), list[tuple[int, int]]()
    coalesce = Coalesce(flush, orphan=lambda item, result: orphans.append((item, result)))
    leaving, staying = (asyncio.create_task(coalesce(n)) for n in (1, 2))
    await turns()
    leaving.cancel()
    await turns()
    assert leaving.cancelled()
    flush.gates[0].set()
    assert await staying == 20
    assert orphans == [(1, 10)]


async def test_who_leaves_before_departure_is_not_taken_along() -> None:
    flush, orphans = Flush(held=True), list[tuple[int, int]]()
    coalesce = Coalesce(flush, orphan=lambda item, result: orphans.append((item, result)))
    first = asyncio.create_task(coalesce(0))
    await turns()
    leaving, staying = (asyncio.create_task(coalesce(n)) for n in (1, 2))
    await turns()
    leaving.cancel()
    await turns()
    for place in (0, 1):
        flush.gates[place].set()
        await turns()
    assert list(await asyncio.gather(first, staying)) == [0, 20]
    assert flush.batches == [[0], [2]]
    assert orphans == []


async def test_if_all_leave_nothing_is_flushed_and_the_next_is_not_stuck() -> None:
    flush = Flush(held=True)
    coalesce = Coalesce(flush)
    first = asyncio.create_task(coalesce(0))
    await turns()
    leaving = asyncio.create_task(coalesce(1))
    await turns()
    leaving.cancel()
    await turns()
    flush.gates[0].set()
    await turns()
    assert flush.batches == [[0]]
    last = asyncio.create_task(coalesce(2))
    await turns()
    flush.gates[1].set()
    assert list(await asyncio.gather(first, last)) == [0, 20]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=40), st.integers(1, 12))
def test_poison_is_bisected_out_and_neighbours_are_unharmed(
    written: list[tuple[bool, int]], limit: int
) -> None:
    items = [-number if poison else number for poison, number in written]
    asyncio.run(_neighbours_are_unharmed(items, limit, PoisonError))


async def _neighbours_are_unharmed(items: list[int], limit: int, *poison: type[Exception]) -> None:
    coalesce = Coalesce(Flush(), limit=limit, poison=poison)
    answers = await asyncio.gather(*map(coalesce, items), return_exceptions=True)
    for item, answer in zip(items, answers, strict=True):
        assert isinstance(answer, PoisonError) if item < 0 else answer == item * 10


async def test_without_bisecting_a_neighbour_is_harmed() -> None:
    with pytest.raises(AssertionError):
        await _neighbours_are_unharmed([1, -1], 12)


@pytest.mark.parametrize("wrong", [[], [1], [1, 2, 3]])
async def test_a_wrong_number_of_results_is_everybodys_error_and_nobodys_answer(wrong: list[int]) -> None:
    async def flush(_items: Sequence[int]) -> list[int]:
        return wrong

    found = await asyncio.gather(*map(Coalesce(flush), (1, 2)), return_exceptions=True)
    assert [type(one) for one in found] == [RuntimeError, RuntimeError]


async def test_what_a_flush_raises_is_raised_to_its_waiters_and_the_next_flush_goes() -> None:
    flush = Flush()
    coalesce = Coalesce(flush)
    with pytest.raises(PoisonError):
        await coalesce(-1)
    assert await coalesce(1) == 10


async def test_drain_waits_for_what_is_gathered_and_in_flight() -> None:
    flush = Flush(held=True)
    coalesce = Coalesce(flush)
    waiters = [asyncio.create_task(coalesce(n)) for n in range(2)]
    await turns()
    waiters.append(asyncio.create_task(coalesce(2)))
    draining = asyncio.create_task(coalesce.drain())
    await turns()
    flush.gates[0].set()
    await turns()
    assert not draining.done()
    flush.gates[1].set()
    await asyncio.wait_for(draining, 5)
    assert all(waiter.done() for waiter in waiters)


async def test_a_flush_that_is_cancelled_leaves_nobody_waiting() -> None:
    flush = Flush(held=True)
    coalesce = Coalesce(flush)
    waiter = asyncio.create_task(coalesce(1))
    await turns()
    (task,) = coalesce._flushing
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiter, 5)
    second = asyncio.create_task(coalesce(2))
    await turns()
    flush.gates[1].set()
    assert await second == 20


@pytest.mark.parametrize("fault", [KeyError("x"), TimeoutError()])
async def test_an_orphans_listener_that_raises_harms_no_neighbour(fault: Exception) -> None:
    flush = Flush(held=True)

    def listen(_item: int, _result: int) -> None:
        raise fault

    coalesce = Coalesce(flush, orphan=listen)
    leaving, staying = (asyncio.create_task(coalesce(n)) for n in (1, 2))
    await turns()
    leaving.cancel()
    await turns()
    flush.gates[0].set()
    assert await asyncio.wait_for(staying, 5) == 20

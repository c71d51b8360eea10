"""What waited leaves slowly at first, then faster; a moment's pause costs a moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.ramp import TOP, Ramp, Slope, begin, move, take

SLOPE = Slope(first=5, doubles=5)


def left(seconds: float, steps: int, slope: Slope = SLOPE) -> int:
    """How many leave in so many seconds from the foot, whoever looks so many times and takes what is due."""
    ramp, sum_ = begin(0.0, is_open=False), 0
    for step in range(1, steps + 1):
        ramp = move(ramp, seconds * step / steps, slope, is_open=True)
        due = int(ramp.due)
        ramp, sum_ = take(ramp, due), sum_ + due
    return sum_


@given(st.floats(1.0, 20.0), st.integers(50, 400))
def test_the_rate_doubles_however_often_somebody_looks(seconds: float, steps: int) -> None:
    expected = 1 + 5 * 5 / 0.693147 * (2 ** (seconds / 5) - 1)
    assert left(seconds, steps) == pytest.approx(expected, abs=2)


def test_after_eight_doublings_nothing_holds_it_back() -> None:
    assert not move(begin(0.0, is_open=False), 39.9, SLOPE, is_open=True).wide
    assert move(begin(0.0, is_open=False), 40.0, SLOPE, is_open=True).wide


def test_what_is_open_at_the_first_look_is_wide_and_what_is_shut_begins_small() -> None:
    assert begin(0.0, is_open=True).wide
    assert begin(0.0, is_open=False).height == 0.0


def test_it_comes_down_as_fast_as_it_climbs_and_stops_at_the_foot() -> None:
    moment = move(begin(0.0, is_open=True), 5.0, SLOPE, is_open=False)
    assert moment.height == TOP - 1
    assert move(moment, 10.0, SLOPE, is_open=True).wide
    assert move(moment, 10_000.0, SLOPE, is_open=False).height == 0.0


def test_nothing_is_saved_up_while_nothing_waits() -> None:
    idle = Ramp(at=0.0, height=0.0, due=0.0)
    assert move(idle, 10.0, SLOPE, is_open=True).due == 5 * 2**2


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=30))
def test_it_stays_between_the_foot_and_the_top(looks: list[tuple[float, bool]]) -> None:
    ramp, now = begin(0.0, is_open=False), 0.0
    for seconds, is_open in looks:
        now += seconds
        ramp = move(ramp, now, SLOPE, is_open=is_open)
        assert 0.0 <= ramp.height <= TOP
        assert 0.0 <= ramp.due <= SLOPE.first * 2**TOP

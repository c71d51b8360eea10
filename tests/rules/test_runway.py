"""Three texts are no pace; a raid's are, and so is a tenth of the money gone at once."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as some

from router.rules import runway as rule
from router.rules.runway import runway

PART = 40_000
EURO = 1_000_000


@pytest.mark.parametrize("answers", [1, 4, 19])
@pytest.mark.parametrize("seconds", [5.0, 300.0, 900.0])
def test_a_few_answers_are_no_pace(answers: int, seconds: float) -> None:
    assert runway(19 * EURO, answers * PART, seconds, PART) == inf


def test_control_without_the_least_one_answer_would_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "LEAST_PARTS", 1)
    assert runway(19 * EURO, PART, 300.0, PART) < 2 * 86_400


def test_twenty_answers_in_some_minutes_are_one() -> None:
    assert runway(19 * EURO, 20 * PART, 299.0, PART) == inf
    assert runway(16 * EURO, 20 * PART, 300.0, PART) == 16 / 0.8 * 300
    assert runway(16 * EURO, 20 * PART, 900.0, PART) == 16 / 0.8 * 900


def test_a_tenth_of_the_money_gone_is_one_at_once() -> None:
    assert runway(18 * EURO, 2 * EURO, 1.0, PART) == 18 / 2 * 300
    assert runway(18 * EURO, 2 * EURO - 1, 1.0, PART) == inf
    assert runway(9 * PART, PART, 1.0, PART) == 9 * 300


def test_with_less_than_a_part_left_it_is_empty_whatever_the_pace() -> None:
    assert runway(PART - 1, 0, 0.0, PART) == 0
    assert runway(PART, 0, 900.0, PART) == inf
    assert runway(PART, -5 * PART, 900.0, PART) == inf  # a new window has begun


@given(some.integers(1, 10**9), some.integers(0, 10**9), some.floats(0, 900), some.integers(1, 10**6))
def test_more_money_never_lasts_shorter(left: int, burnt: int, seconds: float, part: int) -> None:
    assert runway(left + part, burnt, seconds, part) >= runway(left, burnt, seconds, part)

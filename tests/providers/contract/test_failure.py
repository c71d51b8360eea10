"""The five failures: what they keep, and what never travels on in their codes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import (
    CutOff,
    CutReason,
    Failure,
    InDoubt,
    Receipt,
    Refused,
    RefusedReason,
    Scope,
    Status,
    Throttled,
    Unreachable,
)

MAKERS: list[Callable[[str], Failure]] = [
    Unreachable,
    lambda code: Throttled(1, code),
    lambda code: CutOff(CutReason.SUSPENDED, code),
    lambda code: Refused(RefusedReason.FILTERED, code),
    InDoubt,
]


def test_the_set_of_failures_is_closed() -> None:
    assert {type(make("x")) for make in MAKERS} == set(get_args(Failure))
    assert len(get_args(Failure)) == 5


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("code", ["20003", "low-balance", "http_503", "INVALID_KEY", "a.b:c#d"])
def test_a_providers_code_is_kept_as_it_is(make: Callable[[str], Failure], code: str) -> None:
    assert make(code).code == code


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "code",
    [
        "+33639980001",
        "33639980001",
        "to 33639980001",
        "Salut c'est Kevin",
        "",
        "é",
        "a\nb",
        "x" * 49,
        "code\n",
    ],
)
def test_what_may_be_a_number_or_a_text_is_no_code(make: Callable[[str], Failure], code: str) -> None:
    failure = make(code)
    assert failure.code == "unreadable"
    assert not code or code not in repr(failure).replace("unreadable", "")


@given(st.text())
def test_a_code_is_always_short_plain_and_without_a_number(code: str) -> None:
    kept = InDoubt(code).code
    assert kept.isascii()
    assert len(kept) <= 48
    assert not any(kept[i : i + 7].isdigit() for i in range(len(kept) - 6))


@pytest.mark.parametrize(
    ("said", "kept"), [(2, 2.0), (0, 0.1), (-5, 0.1), (math.nan, 0.1), (math.inf, 86_400.0), (1e9, 86_400.0)]
)
def test_a_pause_is_a_time_one_can_wait(said: float, kept: float) -> None:
    assert Throttled(said, "20429").pause == kept


def test_who_is_at_fault_is_the_account_unless_said_otherwise() -> None:
    assert {make("x").scope for make in MAKERS if not isinstance(make("x"), Refused)} == {Scope.ACCOUNT}
    assert Refused(RefusedReason.BAD_NUMBER, "21211").scope is Scope.RECIPIENT


@pytest.mark.parametrize("make", MAKERS)
def test_a_failure_never_changes(make: Callable[[str], Failure]) -> None:
    with pytest.raises(FrozenInstanceError):
        make("x").code = "y"  # type: ignore[misc] # that it cannot be is the test


def test_a_receipts_code_is_cleaned_too_and_may_be_empty() -> None:
    assert Receipt(provider_id="m1", reference=None, status=Status.SENT).code == ""
    assert Receipt(provider_id="m1", reference=None, status=Status.SENT, code="30003").code == "30003"
    leaky = Receipt(provider_id="m1", reference=None, status=Status.SENT, code="to +33639980001")
    assert leaky.code == "unreadable"

"""The linter of reply texts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import Price
from providers.contract.gsm7 import count
from router.rules.wording import lint

PRICES = {"ovh": {"FR": Price(Decimal(1), "credit")}, "vonage": {"FR": Price(Decimal("0.0725"), "EUR")}}
RATES = {"credit": Decimal("0.065")}


def test_one_accent_triples_the_price_and_the_linter_says_so() -> None:
    plain = "a" * 149
    costly = lint(plain + "ê", 1, PRICES, "EUR", RATES)
    assert costly.size.parts == 3
    assert costly.foreign == "ê"
    assert costly.offered == plain + "e"
    assert costly.offered_parts == 1
    assert costly.problem == (
        "takes 3 parts where 1 may be used; outside the GSM alphabet: ê; in look-alikes it takes 1"
    )
    assert costly.per_thousand == {("ovh", "FR"): Decimal(195), ("vonage", "FR"): Decimal("217.5")}
    assert lint(plain + "e", 1, PRICES, "EUR", RATES).per_thousand["vonage", "FR"] == Decimal("72.5")


def test_more_parts_pass_once_they_are_allowed() -> None:
    assert lint("a" * 161, 1).problem == "takes 2 parts where 1 may be used"
    assert lint("a" * 161, 2).problem == ""


@pytest.mark.parametrize("text", ["", " \n", "a\x00b", "a\u202eb"])
def test_a_text_that_says_nothing_or_cannot_be_shown_is_refused(text: str) -> None:
    assert lint(text, 6).problem


def test_a_price_without_a_rate_gives_no_figure() -> None:
    assert lint("Non.", 1, PRICES, "EUR", {}).per_thousand == {("vonage", "FR"): Decimal("72.5")}


@given(st.text(max_size=400), st.integers(1, 6))
def test_what_passes_fits_and_what_is_offered_is_shorter(text: str, parts: int) -> None:
    found = lint(text, parts)
    assert found.problem or (text.strip() and count(text).parts <= parts)
    assert found.offered is None or count(found.offered).parts < found.size.parts

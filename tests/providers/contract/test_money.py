"""Prices as providers state them, and the misreadings that must never reach a ledger."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import CREDIT, Price, read_price

anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals(), st.lists(st.integers())
)


@given(st.decimals(0, 9_999, places=6), st.sampled_from(["EUR", "USD", "JPY", CREDIT]))
def test_an_amount_is_read_exactly_however_it_is_written(amount: Decimal, unit: str) -> None:
    assert read_price(str(amount), unit) == Price(amount, unit)
    assert read_price(f"-{amount}", unit) == Price(amount, unit)
    assert read_price(amount, unit) == Price(amount, unit)


@given(st.floats(0, 9_999))
def test_a_number_of_json_is_read_as_it_was_written(amount: float) -> None:
    assert read_price(amount, "EUR") == Price(Decimal(repr(amount)), "EUR")


@given(anything, anything)
def test_nothing_makes_reading_a_price_raise(amount: object, unit: object) -> None:
    price = read_price(amount, unit)
    assert price is None or (price.amount.is_finite() and 0 <= price.amount < 10_000)


@pytest.mark.parametrize(
    "amount",
    [None, "", "free", "NaN", "sNaN", "Infinity", "-Infinity", "10000", "1e99", True, [], {}, "0,05"],
)
def test_what_is_no_amount_is_no_price(amount: object) -> None:
    assert read_price(amount, "EUR") is None


@pytest.mark.parametrize("unit", [None, "", "eur", "EURO", "€", "credits", "EUR\n", 978])
def test_what_is_no_unit_is_no_price(unit: object) -> None:
    assert read_price("0.05", unit) is None


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "10000"])
def test_a_price_that_cannot_be_is_never_made(amount: str) -> None:
    with pytest.raises(ValueError, match="finite amount"):
        Price(Decimal(amount), "EUR")


def test_a_price_in_no_unit_is_never_made() -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Price(Decimal("0.05"), "euro")

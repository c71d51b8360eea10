"""Purses, windows, prices and rates."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from providers import Price
from router.rules import budget
from router.rules.budget import (
    HEAD_START,
    MICROS,
    Money,
    Period,
    Prices,
    Purse,
    Rates,
    Rounding,
    Window,
    convert,
    due_share,
    estimate,
    rate,
    to_micros,
    window,
)

PARIS = ZoneInfo("Europe/Paris")
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/St_Johns",  # went back at one minute past midnight
    "America/Sao_Paulo",  # skipped midnights
    "Africa/Cairo",
    "America/Havana",  # doubles midnights
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kolkata",
    "Pacific/Apia",  # skipped a whole day
]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis wants bounds without a zone
AMOUNTS = st.decimals(0, 9_999, places=9)
PER_UNIT = st.decimals(Decimal("0.000001"), 999_999, places=6)


@given(period=st.sampled_from(Period), moment=MOMENTS, zone=st.sampled_from(ZONES), later=st.floats(0, 1))
@example(Period.DAY, datetime(2006, 10, 29, 2, 45, tzinfo=UTC), "America/St_Johns", 0.5)
@example(Period.DAY, datetime(2011, 12, 30, 10, 0, tzinfo=UTC), "Pacific/Apia", 0.5)
@example(Period.DAY, datetime(2018, 11, 4, 3, 0, tzinfo=UTC), "America/Sao_Paulo", 0.0)
@example(Period.DAY, datetime(2024, 11, 3, 4, 30, tzinfo=UTC), "America/Havana", 0.9)
def test_windows_follow_each_other_without_gap_or_overlap(
    period: Period, moment: datetime, zone: str, later: float
) -> None:
    found = window(period, moment, ZoneInfo(zone))
    assert found.start <= moment
    if found.end is None:
        assert period is Period.FIXED
        return
    assert moment < found.end
    within = found.start + (found.end - found.start - timedelta(microseconds=1)) * later
    assert window(period, within, ZoneInfo(zone)) == found
    assert window(period, found.end, ZoneInfo(zone)).start == found.end


@pytest.mark.parametrize(
    ("period", "moment", "start", "hours"),
    [
        (Period.DAY, "2026-03-29T12:00", "2026-03-28T23:00", 23),  # clocks go forward
        (Period.DAY, "2026-10-25T12:00", "2026-10-24T22:00", 25),  # clocks go back
        (Period.DAY, "2026-10-25T01:30", "2026-10-24T22:00", 25),  # in the doubled hour
        (Period.HOUR, "2026-10-25T00:30", "2026-10-25T00:00", 1),
        (Period.HOUR, "2026-10-25T01:30", "2026-10-25T01:00", 1),
        (Period.WEEK, "2026-10-25T12:00", "2026-10-18T22:00", 169),
        (Period.MONTH, "2026-10-25T12:00", "2026-09-30T22:00", 745),
        (Period.MONTH, "2026-12-31T22:59", "2026-11-30T23:00", 744),
    ],
)
def test_a_window_begins_at_the_local_midnight_over_clock_changes(
    period: Period, moment: str, start: str, hours: int
) -> None:
    begin = datetime.fromisoformat(start + "+00:00")
    now = datetime.fromisoformat(moment + "+00:00")
    assert window(period, now, PARIS) == Window(begin, begin + timedelta(hours=hours))


def test_a_fixed_purse_has_one_window_for_ever() -> None:
    early, late = datetime(2017, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
    assert window(Period.FIXED, early, PARIS) == window(Period.FIXED, late, PARIS)
    assert window(Period.FIXED, early, PARIS) == Window(datetime(1970, 1, 1, tzinfo=UTC), None)


def test_of_a_purse_that_is_spread_a_day_is_due_at_once_and_all_of_it_only_at_the_end() -> None:
    here = window(Period.DAY, datetime(2026, 6, 1, 12, tzinfo=UTC), ZoneInfo("UTC"))
    assert here.end is not None
    assert due_share(here, here.start) == HEAD_START
    assert due_share(here, here.start + timedelta(hours=12)) == pytest.approx((1 + HEAD_START) / 2)
    assert due_share(here, here.end) == 1
    assert due_share(here, here.end + timedelta(hours=1)) == 1
    assert due_share(Window(here.start, None), here.start) == 1


@given(amount=AMOUNTS, per_unit=PER_UNIT)
def test_what_is_reserved_is_never_less_than_what_is_settled_and_at_most_a_millionth_more(
    amount: Decimal, per_unit: Decimal
) -> None:
    exact = Fraction(amount) * Fraction(per_unit) * MICROS
    up, even = to_micros(amount, per_unit, Rounding.UP), to_micros(amount, per_unit, Rounding.HALF_EVEN)
    assert up == math.ceil(exact)
    assert even == round(exact)
    assert 0 <= up - even <= 1


@given(AMOUNTS, PER_UNIT)
def test_nobodys_decimal_context_changes_what_is_owed(amount: Decimal, per_unit: Decimal) -> None:
    expected = to_micros(amount, per_unit, Rounding.UP)
    with localcontext(Context(prec=3)):
        assert to_micros(amount, per_unit, Rounding.UP) == expected


def test_a_hair_over_a_half_is_over_it() -> None:
    assert to_micros(Decimal(f"0.0000005{'0' * 40}1"), Decimal(1), Rounding.HALF_EVEN) == 1


@pytest.mark.parametrize(("written", "even"), [("0.0000005", 0), ("0.0000015", 2), ("0.0000025", 2)])
def test_half_a_millionth_goes_to_the_even_side(written: str, even: int) -> None:
    assert to_micros(Decimal(written), Decimal(1), Rounding.HALF_EVEN) == even


def test_a_vanishing_amount_still_reserves_one_millionth() -> None:
    assert to_micros(Decimal("1E-999999"), Decimal(1), Rounding.UP) == 1


@given(parts=st.integers(1, 10), amount=st.decimals(0, 900, places=6), per_unit=PER_UNIT)
def test_an_estimate_is_parts_times_price_at_the_rate_that_is_kept(
    parts: int, amount: Decimal, per_unit: Decimal
) -> None:
    found = estimate(parts, "FR", {"FR": Price(amount, "credit")}, "EUR", {"credit": per_unit})
    assert found is not None
    assert found.micros == math.ceil(Fraction(amount) * parts * Fraction(per_unit) * MICROS)
    assert found.rate == per_unit
    assert found.price == Price(amount * parts, "credit")


def test_no_price_no_country_or_no_rate_means_no_candidate_and_zero_is_a_price() -> None:
    prices = {"FR": Price(Decimal("0.07"), "USD"), "BE": Price(Decimal(0), "EUR")}
    assert estimate(1, "DE", prices, "EUR", {}) is None
    assert estimate(1, None, prices, "EUR", {}) is None
    assert estimate(1, "FR", prices, "EUR", {}) is None
    free = estimate(1, "BE", prices, "EUR", {})
    assert free is not None
    assert free.micros == 0


def test_with_less_left_than_the_cheapest_part_costs_nothing_is_carried() -> None:
    prices = {name: Price(Decimal(said), unit) for name, said, unit in (
        ("BE", "0.10", "EUR"), ("FR", "0.0700000001", "USD"), ("JP", "0.01", "JPY"),
    )}  # fmt: skip
    rates = {"USD": Decimal("0.92")}
    assert budget.cheapest(prices, "EUR", rates) == 64_401
    assert budget.cheapest({"JP": prices["JP"]}, "EUR", rates) == budget.cheapest({}, "EUR", rates) == 1


def test_a_late_price_in_an_unknown_currency_is_no_money() -> None:
    assert convert(Price(Decimal(1), "JPY"), "EUR", {"USD": Decimal("0.92")}, Rounding.HALF_EVEN) is None
    found = convert(Price(Decimal("0.1"), "USD"), "EUR", {"USD": Decimal("0.92")}, Rounding.HALF_EVEN)
    assert found == Money(92_000, Price(Decimal("0.1"), "USD"), Decimal("0.92"))
    assert rate("EUR", "EUR", {}) == 1


@pytest.mark.parametrize(
    ("written", "micros"), [("20.00", 20_000_000), ("0", 0), ("0.000001", 1), ("unlimited", None)]
)
def test_zero_is_zero_and_unlimited_is_spelled(written: str, micros: int | None) -> None:
    assert Purse.model_validate({"limit": written, "period": "day"}).micros == micros
    assert budget.micros(written) == micros


@pytest.mark.parametrize(
    "written", [20, 20.0, "-1", "", "1e3", "Unlimited", None, "NaN", "1.0000001", "٣", True]
)
def test_a_limit_that_is_not_exactly_spelled_is_refused(written: object) -> None:
    said = 'must be an amount in quotes such as "20.00", or "unlimited"'
    with pytest.raises(ValidationError, match=f", {said}"):
        Purse.model_validate({"limit": written, "period": "day"})
    with pytest.raises(ValueError, match=f"^{said}$"):
        budget.micros(written)  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["limit", "period"])
def test_a_purse_has_no_default(missing: str) -> None:
    whole = {"limit": "1", "period": "day"}
    del whole[missing]
    with pytest.raises(ValidationError):
        Purse.model_validate(whole)


@pytest.mark.parametrize(
    ("written", "unit"), [("0.0725 EUR", "EUR"), ("1 credit", "credit"), ("2 credits", "credit")]
)
def test_a_price_is_an_amount_and_its_unit(written: str, unit: str) -> None:
    assert TypeAdapter(Prices).validate_python({"FR": written})["FR"].unit == unit


@pytest.mark.parametrize(
    "written", ["0.07", 0.07, "EUR 1", "-1 EUR", "1 eur", "1  EUR", "99999 EUR", "1 EURs", None]
)
def test_a_price_without_a_unit_or_out_of_reason_is_refused(written: object) -> None:
    with pytest.raises(ValidationError, match="must be an amount and its unit"):
        TypeAdapter(Prices).validate_python({"FR": written})


_INEXACT = 'must be an amount in quotes, at most six decimals, such as "20.00"'


@pytest.mark.parametrize(
    ("written", "why"),
    [("0", "must be above zero"), ("0.0", "must be above zero"), (0.92, _INEXACT), ("abc", _INEXACT)],
)
def test_a_rate_is_an_exact_amount_above_zero(written: object, why: str) -> None:
    with pytest.raises(ValidationError, match=f", {why} "):
        TypeAdapter(Rates).validate_python({"USD": written})


def test_a_rate_is_what_is_written() -> None:
    found = TypeAdapter(Rates).validate_python({"USD": "0.92", "credit": Decimal("0.065")})
    assert found == {"USD": Decimal("0.92"), "credit": Decimal("0.065")}
    assert [rate(unit, "EUR", found) for unit in ("USD", "EUR", "JPY")] == [Decimal("0.92"), 1, None]

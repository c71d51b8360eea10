"""What a text may cost: purses, their windows, prices and rates.

House rule: money is integers of a millionth of the ledger currency. What is reserved rounds up, what is
settled rounds half to even. Zero means zero, ``unlimited`` is spelled, and no price means no sending.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from providers.contract.money import CREDIT, Price

MICROS = 1_000_000
"""Millionths in one unit of the ledger currency."""

TOTAL = "total"
"""Name of the purse that all accounts share; no account may be called so."""


class Period(StrEnum):
    """How long a window of a purse lasts, in the deployment's time zone."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    FIXED = "fixed"


class Rounding(StrEnum):
    """Up when money is reserved, half to even when it is settled."""

    UP = ROUND_CEILING
    HALF_EVEN = ROUND_HALF_EVEN


class Window(NamedTuple):
    """One window of a purse, aware UTC; `end` is exclusive, None for a fixed purse that never renews."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the ledger, with the price and the rate it came from.

    Args:
        micros: Millionths of the ledger currency.
        price: What it was converted from.
        rate: Ledger currency per unit of the price.
    """

    micros: int
    price: Price
    rate: Decimal


def _exact(written: Any) -> Any:
    """Refuse floats: 0.1 is not 0.1 in binary, and money is."""
    if isinstance(written, Decimal):
        return written
    if not isinstance(written, str) or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", written):
        raise ValueError('must be an amount in quotes, at most six decimals, such as "20.00"')
    return Decimal(written)


def _limit(written: Any) -> Any:
    if written == "unlimited":
        return written
    try:
        return _exact(written)
    except ValueError:
        raise ValueError('must be an amount in quotes such as "20.00", or "unlimited"') from None


def _price(written: Any) -> Any:
    if isinstance(written, Price):
        return written
    found = re.fullmatch(r"([0-9]{1,4}(?:\.[0-9]{1,9})?) (?:([A-Z]{3})|credits?)", str(written))
    if found is None:
        raise ValueError('must be an amount and its unit in quotes, such as "0.0725 EUR" or "1 credit"')
    return Price(Decimal(found[1]), found[2] or CREDIT)


def _rate(written: Any) -> Any:
    found = _exact(written)
    if found == 0:
        raise ValueError("must be above zero")
    return found


Prices: TypeAlias = Mapping[str, Annotated[Price, BeforeValidator(_price)]]
"""Price of one part by the receiver's country, as an account charges it."""

Rates: TypeAlias = Mapping[str, Annotated[Decimal, BeforeValidator(_rate)]]
"""Ledger currency per unit of another currency, or of ``credit``."""

OnePrice: TypeAlias = Annotated[Price, BeforeValidator(_price)]
"""A single price, written ``"0.01 EUR"``."""


class Purse(BaseModel):
    """A budget: a limit in the ledger currency, and how long until it is full again."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    limit: Annotated[Decimal | Literal["unlimited"], BeforeValidator(_limit)] = Field(
        description='What may be spent in one window: "20.00", "0", or "unlimited".'
    )
    period: Period = Field(description="hour, day, week (from Monday), month, or fixed (never renews).")
    spread: bool = Field(
        default=False, description="Spend it evenly over the window: what comes faster waits."
    )

    @model_validator(mode="after")
    def _has_an_end(self) -> Purse:
        if self.spread and self.period is Period.FIXED:
            raise ValueError("a fixed purse has no end to be spread towards: give it another period")
        return self

    @property
    def micros(self) -> int | None:
        """The limit in millionths, None for unlimited."""
        return None if isinstance(self.limit, str) else int(self.limit * MICROS)


def micros(written: str) -> int | None:
    """Millionths of an amount as operators write it, None for ``unlimited``; else `ValueError`."""
    found = _limit(written)
    return None if found == "unlimited" else int(found * MICROS)


def window(period: Period, now: datetime, zone: ZoneInfo) -> Window:
    """The window that `now` falls into. Windows follow each other without gap or overlap, over DST too.

    Hours are hours of UTC: a purse by the hour lasts sixty minutes, also when clocks go back.

    Args:
        period: How long a window lasts.
        now: Business time, aware.
        zone: Whose midnights, Mondays and firsts count.
    """
    moment = now.astimezone(UTC)
    match period:
        case Period.FIXED:
            return Window(datetime(1970, 1, 1, tzinfo=UTC), None)
        case Period.HOUR:
            hour = moment.replace(minute=0, second=0, microsecond=0)
            return Window(hour, hour + timedelta(hours=1))
        case Period.DAY | Period.WEEK | Period.MONTH:
            first = _first_day(period, now.astimezone(zone).date())
    start, end = _midnight(first, zone), _midnight(_next_first(period, first), zone)
    while moment >= end:  # clocks went back across midnight, or a whole day was skipped
        first = _next_first(period, first)
        start, end = end, _midnight(_next_first(period, first), zone)
    return Window(start, end)


HEAD_START = 1 / 24
"""Share of a spread purse that may be used as its window begins."""


def due_share(here: Window, now: datetime) -> float:
    """The share of a spread purse that may be used by now: what is left over of it waits for the next text.

    Args:
        here: The window.
        now: Business time within it.
    """
    if here.end is None:
        return 1.0
    return min(1.0, HEAD_START + (1 - HEAD_START) * ((now - here.start) / (here.end - here.start)))


def _first_day(period: Period, day: date) -> date:
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTH else day


def _next_first(period: Period, first: date) -> date:
    if period is Period.MONTH:
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=7 if period is Period.WEEK else 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The day's first moment: of a skipped midnight the moment after, of a doubled one the first."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def rate(unit: str, currency: str, rates: Rates) -> Decimal | None:
    """Ledger currency per unit, None where the settings know no rate."""
    return Decimal(1) if unit == currency else rates.get(unit)


def convert(price: Price, currency: str, rates: Rates, rounding: Rounding) -> Money | None:
    """Turn a provider's price into the ledger's money, None where there is no rate for its unit."""
    found = rate(price.unit, currency, rates)
    return None if found is None else Money(to_micros(price.amount, found, rounding), price, found)


def cheapest(prices: Prices, currency: str, rates: Rates) -> int:
    """Millionths of the cheapest part: with less left nothing is carried. 1 where no price counts."""
    found = [convert(price, currency, rates, Rounding.UP) for price in prices.values()]
    return min((money.micros for money in found if money is not None), default=1)


def to_micros(amount: Decimal, per_unit: Decimal, rounding: Rounding) -> int:
    """Millionths of the ledger currency that this amount is at this rate.

    Precision is the function's own, so that nobody's decimal context can change what is owed.
    """
    exact = Context(prec=60, rounding=rounding.value)
    return int(
        exact.multiply(exact.multiply(amount, per_unit), Decimal(MICROS)).to_integral_value(rounding.value)
    )


def estimate(parts: int, country: str | None, prices: Prices, currency: str, rates: Rates) -> Money | None:
    """What so many parts to that country will cost, rounded up; None means the account is no candidate.

    Args:
        parts: Parts by our own count, at least 1.
        country: ISO 3166 code of the receiver.
        prices: The account's prices of one part.
        currency: The ledger's currency.
        rates: Rates into it.
    """
    one = None if country is None else prices.get(country)
    if one is None:
        return None
    return convert(Price(one.amount * parts, one.unit), currency, rates, Rounding.UP)

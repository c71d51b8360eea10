"""How Vonage writes numbers, times, counts and amounts, and what we make of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Literal

from providers import Price, read_price


def bare(number: str) -> str:
    """An E.164 number as Vonage wants it: digits only. Other senders stay as they are."""
    return number.removeprefix("+")


def plus(number: object) -> str:
    """A number as Vonage writes it, in E.164; short codes and names stay as they are."""
    text = str(number)
    international = text.isascii() and text.isdecimal() and 7 <= len(text) <= 15 and text[0] != "0"  # noqa: PLR2004 -- the lengths of E.164
    return f"+{text}" if international else text


def moment(text: object) -> datetime | None:
    """An ISO 8601 time, or ``YYYY-MM-DD HH:MM:SS`` in UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count(value: object) -> int | None:
    """A count of parts, which comes as a number or as a string; None where it is neither."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 4 and int(text) else None  # noqa: PLR2004 -- 999 parts are a misreading


def seconds(value: object) -> float | None:
    """A positive number of seconds; None for anything else."""
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if isfinite(found) and found > 0 else None


def usage(hook: dict[str, Any], parts: int | None, price_is: Literal["total", "per_part"]) -> Price | None:
    """The price in a Messages webhook's ``usage``, for all parts together; None where it is not known."""
    stated = mapping(hook.get("usage"))
    price = read_price(stated.get("price"), stated.get("currency"))
    if price is None or price_is == "total":
        return price
    return read_price(price.amount * parts, price.unit) if parts else None


def together(amounts: list[object], unit: object) -> Price | None:
    """The sum of the parts' prices; None if one of them is missing."""
    prices = [read_price(amount, unit) for amount in amounts]
    known = [price.amount for price in prices if price is not None]
    return read_price(sum(known, Decimal(0)), unit) if known and len(known) == len(prices) else None


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}

"""How a drill's report writes money, shares, moments and spans of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from router.stage.drill.traffic import PARIS

_CENT = 10_000


def money(micros: int) -> str:
    """Millionths as an amount with two decimals."""
    return _amount(_cents(micros))


def shown(parts: Sequence[int]) -> list[str]:
    """Parts of a sum as amounts, rounded so that what is shown adds up to the sum as it is shown."""
    cents = [part // _CENT for part in parts]
    nearest = sorted(range(len(parts)), key=lambda place: -(parts[place] % _CENT))
    for place in nearest[: _cents(sum(parts)) - sum(cents)]:
        cents[place] += 1
    return [_amount(each) for each in cents]


def _cents(micros: int) -> int:
    return round(micros, -4) // _CENT


def _amount(cents: int) -> str:
    return f"{'-' * (cents < 0)}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def share(part: int, whole: int) -> str:
    """A part in percent, a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def moment(at: datetime) -> str:
    """Day and time where the number is."""
    return f"{at.astimezone(PARIS):%a %d %b %H:%M}"


def lasted(seconds: float) -> str:
    """Seconds, minutes or hours."""
    if seconds < 120:  # noqa: PLR2004 -- two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{round(seconds / 3_600, 1):g} h"  # noqa: PLR2004 -- an hour and a half

"""For how long a purse lasts at the pace of the last minutes.

House rule: a few answers are no pace. Without evidence of one no end is in sight, and nobody is alarmed.
"""

from __future__ import annotations

from math import inf

SPAN = 900.0
"""Seconds that the pace is taken from, at most."""

LEAST_SECONDS = 300.0
"""Of watching, before many small amounts are a pace; a shorter time counts as this."""

LEAST_PARTS = 20
"""Cheapest parts that must have been paid in it."""

LARGE = 0.1
"""The share of a purse that is a pace however few the answers and the minutes."""


def runway(left: int, burnt: int, seconds: float, part: int) -> float:
    """Seconds until it is empty: 0 for less than one part, infinite where no end is in sight.

    Args:
        left: Millionths that may still be spent.
        burnt: Millionths spent and reserved while it was watched.
        seconds: For how long it was watched.
        part: Millionths of the cheapest part.
    """
    if left < part:
        return 0.0
    often = seconds >= LEAST_SECONDS and burnt >= LEAST_PARTS * part
    large = burnt > 0 and burnt >= LARGE * (left + burnt)
    return left * max(seconds, LEAST_SECONDS) / burnt if often or large else inf

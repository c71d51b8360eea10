"""Which accounts deliver too slowly, by their receipts.

House rule: compare, never judge alone. Where everybody is slow it is the night, not the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from router.rules.health import Policy


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Receipts of one account in `slow_window`: all of them, and those later than `slow_after`."""

    total: int
    late: int


def slow(deliveries: Mapping[str, Deliveries], policy: Policy) -> frozenset[str]:
    """Accounts that deliver too slowly to be used; none where all are slow.

    Args:
        deliveries: Of every account that could carry texts; one without receipts counts as not slow.
        policy: Section ``[health]``.
    """
    found = frozenset(
        account
        for account, seen in deliveries.items()
        if seen.total >= policy.slow_least and seen.late >= policy.slow_share * seen.total
    )
    return frozenset() if len(found) == len(deliveries) else found

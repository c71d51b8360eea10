"""What the purses of the settings can pay for now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from router.postgres.pool import Pool
from router.postgres.purses import Purses
from router.rules.budget import TOTAL, cheapest, window
from router.rules.failover import Why
from router.settings import Settings


async def spent(settings: Settings, pool: Pool) -> Mapping[str, Why]:
    """The accounts that can pay for no answer now: their own purse is empty, or the one that all share."""
    now = datetime.now(UTC)
    starts = {name: window(each.period, now, settings.zone).start for name, each in settings.purses.items()}
    left = {each.name: each.left for each in await Purses(pool).show(starts)}
    found: dict[str, Why] = {}
    for name, account in settings.accounts.items():
        part = cheapest(account.prices, settings.currency, settings.rates)
        for purse, why in ((TOTAL, Why.TOTAL_BUDGET), (name, Why.BUDGET)):
            rest = left.get(purse)
            if rest is not None and rest < part:
                found.setdefault(name, why)
    return found

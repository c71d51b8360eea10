"""Duty: let spread purses be used as far as their windows have passed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from router.office import Office
from router.postgres.purses import Purses
from router.rules.budget import due_share, window


@dataclass(slots=True)
class Spread:
    """Moves on what arming goes by; while nobody does, less is sent, never more.

    Args:
        names: Purses that the settings spread.
    """

    office: Office
    purses: Purses
    names: Collection[str]

    async def __call__(self) -> bool:
        """Once for every purse."""
        now, periods = self.office.now(), self.office.purses.periods
        here = {name: window(periods[name], now, self.office.purses.zone) for name in self.names}
        await self.purses.spread({name: (each.start, due_share(each, now)) for name, each in here.items()})
        return False

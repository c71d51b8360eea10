"""Duty: book what receiving texts cost. It cannot be refused: beyond the limit it is overrun."""

from __future__ import annotations

from dataclasses import dataclass

from router.office import Office
from router.postgres.incoming import Incoming
from router.rules.budget import TOTAL


@dataclass(slots=True)
class Costs:
    """Books receiving costs into the windows that the texts came in.

    Args:
        most: Texts booked at once; the purses are locked meanwhile.
    """

    office: Office
    incoming: Incoming
    most: int = 200

    async def __call__(self) -> bool:
        """Book one batch; True if more may wait."""
        due = [cost for cost in await self.incoming.costs(self.most) if cost.account in self.office.accounts]
        if not due:
            return False
        purses = self.office.purses
        windows = [
            (purses.window(cost.account, cost.received_at), purses.window(TOTAL, cost.received_at))
            for cost in due
        ]
        booked = await self.incoming.book(due, windows, self.office.now())
        return booked == self.most

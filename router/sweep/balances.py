"""Duty: ask each provider what is left in the account."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from providers import Ability, Balance
from router.office import Office
from router.postgres.standing import Standing
from router.sweep.calls import Calls


@dataclass(slots=True)
class Balances:
    """Keeps balances fresh. An account whose money came back is opened by its probe, not here."""

    office: Office
    standing: Standing
    calls: Calls

    async def __call__(self) -> bool:
        """Ask once."""
        await asyncio.gather(*map(self.ask, self.office.accounts))
        await self.calls.allowance.forget()
        return False

    async def ask(self, account: str) -> None:
        """Ask about one account now, if its provider says."""
        if Ability.BALANCE not in self.office.accounts[account].provider.abilities:
            return
        now = self.office.now()
        found = await self.calls.ask(account, lambda provider: provider.balance(now))
        if isinstance(found, Balance) and math.isfinite(found.amount):
            await self.standing.balance(account, found.amount, found.unit)

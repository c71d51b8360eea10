"""Duty: ask an account that has just been cut off why, and what is left in it: a refused send says little."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from providers import Ability
from router.office import Office
from router.rules import breaker
from router.rules.health import Reason, State, Status
from router.sweep.balances import Balances
from router.sweep.calls import Calls
from router.watch import Watch

_OF_MONEY = frozenset({Reason.SUSPENDED, Reason.UNPAID})


@dataclass(slots=True)
class Causes:
    """Asks once each time that an account is cut off for want of money, or may be."""

    office: Office
    watch: Watch
    calls: Calls
    balances: Balances
    _asked: dict[str, datetime | None] = field(default_factory=dict)

    async def __call__(self) -> bool:
        """Ask those that fell since the last round."""
        fallen = [state for state in self.office.facts.health.values() if self._is_new(state)]
        self._asked |= {state.account: state.not_before for state in fallen}
        await asyncio.gather(
            *map(self._explain, fallen), *(self.balances.ask(state.account) for state in fallen)
        )
        return False

    def _is_new(self, state: State) -> bool:
        return (
            not state.sender
            and state.account in self.office.accounts
            and state.status is Status.CUT_OFF
            and state.reason in _OF_MONEY
            and self._asked.get(state.account) != state.not_before
        )

    async def _explain(self, state: State) -> None:
        if Ability.STATUS not in self.office.accounts[state.account].provider.abilities:
            return
        now = self.office.now()
        look = await self.calls.ask(state.account, lambda provider: provider.status(now))
        explained = breaker.explained(state, look, self.office.machine_now())
        if explained is not None:
            await self.watch.swap(state, explained, "look")

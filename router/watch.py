"""Keeps the facts that routes are chosen by fresh, and folds what happened into the health of accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from providers import Outcome
from router.office import Office
from router.postgres.accounts import Accounts
from router.postgres.pool import DatabaseAwayError
from router.rules import breaker
from router.rules.health import Policy, State
from router.rules.story import Story

_TRIES = 4


@dataclass(slots=True)
class Watch:
    """Health as this process sees it: read from PostgreSQL, swapped there, used from memory.

    Args:
        every: Seconds between two readings.
    """

    office: Office
    accounts: Accounts
    policy: Policy
    every: float = 0.5

    async def refresh(self) -> None:
        """Read everything anew."""
        self.office.learn(await self.accounts.facts())

    async def run(self) -> None:
        """Read again and again. While the database is away the last facts stand."""
        while True:
            with suppress(DatabaseAwayError):
                await self.refresh()
            await asyncio.sleep(self.every)

    async def note(self, story: Story) -> None:
        """Fold one text's attempts into the health of the accounts and senders they went through."""
        for attempt in story.attempts:
            route = attempt.route
            await self.observe(route.account, route.sender, attempt.outcome, attempt.seconds, by="flow")

    async def observe(self, account: str, sender: str, outcome: Outcome, seconds: float, *, by: str) -> None:
        """Fold one outcome, of a send that took so many seconds until now, into account and sender."""
        began = self.office.machine_now() - timedelta(seconds=seconds)
        for key in dict.fromkeys((account, name) for name in ("", sender)):
            for _ in range(_TRIES):
                was = self.office.facts.health.get(key, State(account=key[0], sender=key[1]))
                now = breaker.after(was, outcome, self.office.machine_now(), self.policy, began=began)
                if now is None or await self.swap(was, now, by):
                    break

    async def swap(self, was: State, now: State, by: str) -> bool:
        """Change a state if nobody was faster; either way know better afterwards."""
        if await self.accounts.swap(was, now, by):
            self._patch([now])
            return True
        state, _ = await self.accounts.state(was.account, was.sender)
        self._patch([state])
        return False

    def _patch(self, states: Iterable[State]) -> None:
        health = {**self.office.facts.health, **{(s.account, s.sender): s for s in states}}
        self.office.facts = replace(self.office.facts, health=health)

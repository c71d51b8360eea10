"""Keeps the facts that routes are chosen by fresh, and folds what happened into the health of accounts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from providers import Accepted, Outcome
from router.office import Office
from router.postgres.accounts import Accounts
from router.postgres.pool import DatabaseAwayError
from router.rules import breaker
from router.rules.health import Policy, State
from router.rules.story import Attempt

_TRIES = 4
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """Health as this process sees it: read from PostgreSQL, swapped there, used from memory.

    Args:
        prepare: Done once, before the first reading: what is read rests on it.
        every: Seconds between two readings.
    """

    office: Office
    accounts: Accounts
    policy: Policy
    prepare: Callable[[], Awaitable[None]] | None = None
    every: float = 0.5
    _folding: set[asyncio.Task[None]] = field(default_factory=set)

    async def refresh(self) -> None:
        """Read everything anew. A state that was swapped while we read stands."""
        if self.prepare is not None:
            await self.prepare()
            self.prepare = None
        facts = await self.accounts.facts()
        known = self.office.facts.health
        health = {
            key: max(state, known.get(key, state), key=lambda state: state.version)
            for key, state in facts.health.items()
        }
        self.office.learn(replace(facts, health=health))

    async def run(self) -> None:
        """Read again and again. While the database is away the last facts stand."""
        while True:
            try:
                await self.refresh()
            except DatabaseAwayError:
                pass
            except Exception as error:  # noqa: BLE001 - watching never ends for good
                _log.error("reading the facts raised %s", type(error).__name__)
            await asyncio.sleep(self.every)

    def heed(self, attempt: Attempt) -> None:
        """Fold one attempt of the flow into the health of its account and sender; free if all is well."""
        route, outcome = attempt.route, attempt.outcome
        if any(self._changes(key, outcome, attempt.seconds) for key in _keys(route.account, route.sender)):
            task = asyncio.get_running_loop().create_task(self._fold(attempt))
            self._folding.add(task)
            task.add_done_callback(self._folding.discard)

    async def drain(self) -> None:
        """Wait until everything heeded is folded."""
        while self._folding:
            await asyncio.wait(self._folding)

    async def _fold(self, attempt: Attempt) -> None:
        route = attempt.route
        with suppress(DatabaseAwayError):
            await self.observe(route.account, route.sender, attempt.outcome, attempt.seconds, by="flow")

    async def observe(self, account: str, sender: str, outcome: Outcome, seconds: float, *, by: str) -> None:
        """Fold one outcome, of a send that took so many seconds until now, into account and sender."""
        for key in _keys(account, sender):
            for _ in range(_TRIES):
                change = self._changes(key, outcome, seconds)
                if change is None or await self.swap(*change, by):
                    break

    def _changes(self, key: tuple[str, str], outcome: Outcome, seconds: float) -> tuple[State, State] | None:
        known = self.office.facts.health.get(key)
        if isinstance(outcome, Accepted) and (known is None or breaker.well(known)):
            return None  # nearly always: what follows is for trouble
        was = known or State(account=key[0], sender=key[1])
        now = self.office.machine_now()
        after = breaker.after(was, outcome, now, self.policy, began=now - timedelta(seconds=seconds))
        return None if after is None else (was, after)

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


def _keys(account: str, sender: str) -> tuple[tuple[str, str], ...]:
    return ((account, ""), (account, sender)) if sender else ((account, ""),)

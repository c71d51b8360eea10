"""Duty: try an account that was left: a free look where there is one, then one waiting reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from providers import Ability, Failure
from router.office import Office
from router.postgres.inbox import Claimed, Inbox
from router.postgres.pool import Line
from router.postgres.upkeep import Upkeep
from router.rules import breaker
from router.rules.failover import Route
from router.rules.health import State, Status, on_trial, ripe
from router.sweep.calls import FOR_ANSWERS, Calls, failed, without_allowance
from router.watch import Watch
from router.wire import boottime
from router.worker import Worker

_MOMENT = timedelta(seconds=2)
"""Replies that found no route wait a second or so before they are ready again."""


@dataclass(slots=True)
class Probes:
    """Probes what is ripe. The probe is a lease in the state itself: one for the fleet, with a deadline.

    Exactly one relay may use an account that is being probed: the one begun here, by an office of its own.
    """

    office: Office
    watch: Watch
    worker: Worker
    inbox: Inbox
    upkeep: Upkeep
    line: Line
    calls: Calls

    async def __call__(self) -> bool:
        """Probe every account and sender whose time has come."""
        now = self.office.machine_now()
        states = self.office.facts.health.values()
        due = [
            state
            for state in states
            if state.account in self.office.accounts and (ripe(state, now) or on_trial(state))
        ]
        await asyncio.gather(*(self._probe(state) for state in due))
        return False

    async def _probe(self, was: State) -> None:
        if on_trial(was) and await self._carried(was):
            return
        taken = breaker.probe(was, self.office.owner, self.office.machine_now(), self.watch.policy)
        if taken is None or not await self.watch.swap(was, taken, "probe"):
            return
        if taken.status is not Status.PROBING:
            return  # the one before it never ended: that is a failure, and waits longer
        look = await self._look(taken)
        if look is not None:
            await self.watch.observe(taken.account, taken.sender, look, 0.0, by="probe")
            return
        if not await self._carried(taken):
            await self._reopen(taken)

    async def _look(self, state: State) -> Failure | None:
        """What a free look says; None where all is well, or where it says nothing of this."""
        if state.sender or Ability.STATUS not in self.office.accounts[state.account].provider.abilities:
            return None
        now = self.office.now()
        found = await self.calls.ask(state.account, lambda provider: provider.status(now), FOR_ANSWERS)
        return found if failed(found) and not without_allowance(found) else None

    async def _carried(self, state: State) -> bool:
        """Whether one waiting reply was tried through it; what came of it moves the state."""

        def probed(route: Route) -> bool:
            return route.account == state.account and state.sender in {"", route.sender}

        numbers = self.office.numbers.values()
        lanes = sorted({number.lane for number in numbers if any(map(probed, number.plan))})
        claim = await self._one_of(lanes)
        if claim is None:
            return False
        # Shielded: a send that has begun ends, also while this process stops.
        story = await asyncio.shield(self.worker.hand(claim, self._own_office(probed)))
        return story is None or any(probed(attempt.route) for attempt in story.attempts)

    async def _one_of(self, lanes: Sequence[str]) -> Claimed | None:
        """A waiting reply of these lanes; what waits for a moment only is waited for."""
        deadline = boottime() + 2 * _MOMENT.total_seconds()
        while True:
            # Asked first: what becomes ready in between is found by the claim.
            soon = await self.upkeep.due_soon(lanes, self.office.now() + _MOMENT)
            claims = await self.inbox.claim(self.line, lanes, 1)
            if claims:
                return claims[0]
            if not soon or boottime() > deadline:
                return None
            await asyncio.sleep(0.1)

    def _own_office(self, probed: Callable[[Route], bool]) -> Office:
        """The office as the probing relay sees it: the probed routes come first, and are open to it alone."""
        numbers = {
            name: replace(number, plan=tuple(sorted(number.plan, key=lambda route: not probed(route))))
            for name, number in self.office.numbers.items()
        }
        return replace(self.office, numbers=numbers, prober=self.office.owner)

    async def _reopen(self, taken: State) -> None:
        """Nothing waits that could be tried: the next text is the test."""
        opened = breaker.reopen(taken, self.office.machine_now(), self.watch.policy)
        if opened is not None:
            await self.watch.swap(taken, opened, "probe")

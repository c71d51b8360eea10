"""Duty: leave an account that delivers too slowly, as long as not all of them do."""

from __future__ import annotations

from dataclasses import dataclass

from router.office import Office
from router.postgres.standing import Standing
from router.rules import breaker
from router.rules.delivery import Deliveries, slow
from router.rules.health import State
from router.watch import Watch


@dataclass(slots=True)
class SlowDelivery:
    """Judges the deliveries of the last window, of every account that some number answers through."""

    office: Office
    standing: Standing
    watch: Watch

    async def __call__(self) -> bool:
        """Judge once."""
        policy = self.watch.policy
        seen = await self.standing.deliveries(self.office.now() - policy.slow_window, policy.slow_after)
        carriers = {route.account for number in self.office.numbers.values() for route in number.plan}
        for account in slow({name: seen.get(name, Deliveries(0, 0)) for name in carriers}, policy):
            was = self.office.facts.health.get((account, ""), State(account=account))
            now = breaker.slowed(was, self.office.machine_now(), policy)
            if now is not None:
                await self.watch.swap(was, now, "sweep")
        return False

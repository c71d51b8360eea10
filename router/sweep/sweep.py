"""All duties of one process, started and stopped together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from router.office import Office
from router.postgres.accounts import Accounts
from router.postgres.allowance import Allowance
from router.postgres.doubts import Doubts
from router.postgres.inbox import Inbox
from router.postgres.incoming import Incoming
from router.postgres.parked import Parking
from router.postgres.pool import Pool
from router.postgres.standing import Standing
from router.postgres.upkeep import Upkeep
from router.sweep.balances import Balances
from router.sweep.calls import Calls
from router.sweep.costs import Costs
from router.sweep.deliveries import SlowDelivery
from router.sweep.doubts import LookUps
from router.sweep.duty import Duty
from router.sweep.ears import Ears
from router.sweep.log import InboundLogs
from router.sweep.news import News
from router.sweep.probes import Probes
from router.sweep.receipts import Receipts
from router.sweep.rereads import Rereads
from router.sweep.traces import Traces
from router.sweep.upkeep import TimeBrings
from router.watch import Watch
from router.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the sweep goes by, out of the settings.

    Args:
        write_off: A send in doubt for so long is booked as spent.
        poll_every: Between two looks into inbound logs and balances.
        notify_url: Where the operator is told; None: nowhere.
    """

    write_off: timedelta
    poll_every: timedelta
    notify_url: str | None = field(default=None, repr=False)


class Sweep:
    """The duties. Use it with `async with`."""

    def __init__(
        self,
        *,
        office: Office,
        watch: Watch,
        worker: Worker,
        inbox: Inbox,
        pool: Pool,
        allowance: Allowance,
        terms: Terms,
        ears: Ears,
    ) -> None:
        heard = replace(ears, ready=worker.wake)
        calls = Calls(office, allowance)
        parking, doubts, incoming, standing = Parking(pool), Doubts(pool), Incoming(pool), Standing(pool)
        upkeep = Upkeep(pool)
        poll = terms.poll_every.total_seconds()
        self.duties: dict[str, Duty] = {
            duty.name: duty
            for duty in (
                Duty("time", 0.5, TimeBrings(office, upkeep, heard), lease=None),
                Duty(
                    "probes",
                    0.5,
                    Probes(office, watch, worker, inbox, upkeep, pool.line(), calls),
                    lease=None,
                ),
                Duty("receipts", 0.25, Receipts(office, parking, calls, watch, heard), lease=20.0),
                Duty("look_ups", 1.0, LookUps(office, doubts, parking, calls, terms.write_off), lease=60.0),
                Duty("rereads", 0.5, Rereads(office, incoming, calls, heard), lease=60.0),
                Duty("traces", 5.0, Traces(office, doubts, parking, calls), lease=60.0),
                Duty("inbound_logs", poll, InboundLogs(office, incoming, calls, heard), lease=240.0),
                Duty("balances", poll, Balances(office, standing, calls), lease=120.0),
                Duty("costs", 1.0, Costs(office, incoming), lease=20.0),
                Duty("slow_delivery", 10.0, SlowDelivery(office, standing, watch), lease=60.0),
                Duty("news", 0.5, News(office.wire, standing, terms.notify_url), lease=60.0),
            )
        }
        self._accounts = Accounts(pool)
        self._owner = office.owner
        self._tasks: list[asyncio.Task[None]] = []

    def receipts_waiting(self) -> None:
        """Receipts were stored: apply them now, if it is this process's duty."""
        self.duties["receipts"].woken.set()

    async def __aenter__(self) -> Self:
        for duty in self.duties.values():
            self._tasks.append(asyncio.create_task(duty.run(self._accounts, self._owner)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._accounts.drop_duties(self._owner)

"""All duties of one process, started and stopped together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from router.lookout import Lookout
from router.office import Office
from router.postgres.accounts import Accounts
from router.postgres.allowance import Allowance
from router.postgres.doubts import Doubts
from router.postgres.held import HeldBooks
from router.postgres.inbox import Inbox
from router.postgres.incoming import Incoming
from router.postgres.parked import Parking
from router.postgres.pool import Pool
from router.postgres.purses import Purses
from router.postgres.raid import RaidBooks
from router.postgres.standing import Standing
from router.postgres.upkeep import Upkeep
from router.spool import Spool
from router.sweep.balances import Balances
from router.sweep.calls import Calls
from router.sweep.causes import Causes
from router.sweep.costs import Costs
from router.sweep.deliveries import SlowDelivery
from router.sweep.doubts import LookUps
from router.sweep.duty import Duty
from router.sweep.ears import Ears
from router.sweep.log import InboundLogs
from router.sweep.news import News
from router.sweep.probes import Probes
from router.sweep.proving import Proving
from router.sweep.raid import LetGo, RaidWatch, Triage
from router.sweep.receipts import Receipts
from router.sweep.rereads import Rereads
from router.sweep.rota import Rota
from router.sweep.spooled import Spooled
from router.sweep.spread import Spread
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
        spread: Purses that are spent evenly over their windows.
        prove_within: How long a text waits for calls to prove it with.
        notify_url: Where the operator is told; None: nowhere.
    """

    write_off: timedelta
    poll_every: timedelta
    prove_within: timedelta
    spread: frozenset[str] = frozenset()
    notify_url: str | None = field(default=None, repr=False)


@dataclass(kw_only=True)
class Sweep:
    """The duties. Use it with `async with`; `duties` has them by name, `raid` can be stepped by hand."""

    office: Office
    watch: Watch
    worker: Worker
    inbox: Inbox
    pool: Pool
    allowance: Allowance
    terms: Terms
    ears: Ears
    spool: Spool
    proving: Proving
    duties: dict[str, Duty] = field(init=False)
    raid: RaidWatch = field(init=False)
    rota: Rota = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ears = replace(self.ears, ready=self.worker.wake)
        lookout = Lookout(self.office.vault, RaidBooks(self.pool), self.office.raids)
        self.raid = RaidWatch(self.office, lookout)
        self.duties = {duty.name: duty for duty in self._all()}
        alone = [name for name, duty in self.duties.items() if not duty.shared]
        self.rota = Rota(Accounts(self.pool), self.office.owner, alone)

    def _all(self) -> tuple[Duty, ...]:
        return *self._inside(), *self._asking(), *self.proving.duties(self.office, self.pool)

    def _inside(self) -> tuple[Duty, ...]:
        """What the database alone is needed for."""
        office, standing = self.office, Standing(self.pool)
        moves = TimeBrings(office, Upkeep(self.pool), self.ears)
        books = HeldBooks(self.pool)
        let_go = LetGo(office, self.raid.lookout, books, self.ears)
        return (
            Duty("raid", 0.5, self.raid, shared=True),
            Duty("triage", 1.0, Triage(office, books, self.ears)),
            Duty("held", 0.5, let_go),
            Duty("spread", 1.0, Spread(office, Purses(self.pool), self.terms.spread)),
            Duty("spool", 0.25, Spooled(office, self.spool, self.ears), shared=True),
            Duty("time", 0.5, moves, shared=True),
            Duty("costs", 1.0, Costs(office, Incoming(self.pool))),
            Duty("slow_delivery", 10.0, SlowDelivery(office, standing, self.watch)),
            Duty("news", 0.5, News(office.wire, standing, self.terms.notify_url)),
        )

    def _asking(self) -> tuple[Duty, ...]:
        """What providers are asked for."""
        office, pool, ears, watch = self.office, self.pool, self.ears, self.watch
        calls, parking, doubts = Calls(office, self.allowance), Parking(pool), Doubts(pool)
        incoming, poll = Incoming(pool), self.terms.poll_every.total_seconds()
        probes = Probes(office, watch, self.worker, self.inbox, Upkeep(pool), pool.line(), calls)
        rereads = Rereads(office, incoming, calls, watch, ears, self.terms.prove_within)
        look_ups = LookUps(office, doubts, parking, calls, self.terms.write_off)
        balances = Balances(office, Standing(pool), calls)
        return (
            Duty("causes", 0.5, Causes(office, watch, calls, balances)),
            Duty("probes", 0.5, probes, shared=True),
            Duty("receipts", 0.25, Receipts(office, parking, calls, watch, ears), gather=0.1),
            Duty("look_ups", 1.0, look_ups),
            Duty("rereads", 0.5, rereads),
            Duty("traces", 5.0, Traces(office, doubts, parking, calls)),
            Duty("inbound_logs", poll, InboundLogs(office, incoming, calls, ears), longest=120.0),
            Duty("balances", poll, balances, longest=60.0),
        )

    def receipts_waiting(self) -> None:
        """Receipts were stored: apply them now, if it is this process's duty."""
        self.duties["receipts"].woken.set()

    async def __aenter__(self) -> Self:
        rounds = (self.rota.keep(), *(duty.run(self.rota) for duty in self.duties.values()))
        self._tasks += map(asyncio.create_task, rounds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.rota.drop()

"""A drill as it is played: the clock is moved, what is due is done, and only then is it moved again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from router.postgres.orders import order
from router.postgres.purses import Purses
from router.postgres.stillness import Left, Stillness
from router.rules.budget import MICROS, TOTAL
from router.rules.campaign import Mode
from router.service import Service
from router.stage.drill.carriers import Carriers
from router.stage.drill.scenes import Event, Fault, Over, Restore, Scenario, TopUp
from router.stage.drill.ticks import Clock, Tick, ticks
from router.stage.drill.traffic import Sent
from router.wire import boottime

_BY = "drill"
_BREATH = 0.002
_PATIENCE = 60.0


class StuckError(RuntimeError):
    """What is due is not done, and does not get done."""


@dataclass(slots=True)
class Night:
    """One drill.

    Args:
        scenario: What happens.
        scale: Part of the texts and of the money.
        clock: Business time of the router, and by their own clock of the carriers.
        service: The router.
        carriers: The simulated carriers.
        number: The published number.
        seen: Told of every tick once all of it is done.
        unanswered: Texts that the door did not take: never any.
        left: What was not done at the last tick: it waits for money, a carrier, or calm.
    """

    scenario: Scenario
    scale: float
    clock: Clock
    service: Service
    carriers: Carriers
    number: str
    seen: Callable[[Tick, Night], Awaitable[None]]
    unanswered: int = 0
    left: Left = field(default_factory=Left)
    _stillness: Stillness = field(init=False)

    def __post_init__(self) -> None:
        self._stillness = Stillness(self.service.pool)

    async def play(self, texts: Sequence[Sent]) -> None:
        """Play all of it.

        Raises:
            StuckError: See there.
            CarriersError: The simulated carriers failed.
        """
        scenario, events = self.scenario, list(self.scenario.events)
        stops = [scenario.when(event) for event in events]
        for tick in ticks(texts, scenario.launch, scenario.ends, stops):
            await self.service.watch.refresh()
            if self._short(len(tick.texts)):
                for text in tick.texts:
                    await self._move(max(self.clock.now, text.at))
                    await self._send([text])
                    await self.service.watch.refresh()
                await self._move(tick.at)
            else:
                await self._move(tick.at)
                await self._send(tick.texts)
            while events and scenario.when(events[0]) <= tick.at:
                await self._happen(events.pop(0))
            await self.seen(tick, self)

    def _short(self, texts: int) -> bool:
        """Whether money may run out in this tick: then who gets the last of it must not be chance."""
        office, now = self.service.office, self.clock.now
        room = office.room(TOTAL, now)
        prices = [office.least(name) for name in office.accounts]
        return room is not None and min(prices) <= room < (texts + self.left.shut_out) * max(prices)

    async def _move(self, at: datetime) -> None:
        """Move the clock. What was written until then is judged before, what time brings comes at once."""
        while not await self.service.sweep.raid.step(at):  # noqa: ASYNC110 -- another transaction's end
            await asyncio.sleep(_BREATH)
        self.clock.now = at
        await self.carriers.receipts(at)
        await self._still()

    async def _send(self, texts: Sequence[Sent]) -> None:
        """Let these be written, all at once, and wait until each is answered or waits."""
        if texts:
            spelled = [(self.number, text.sender, text.body) for text in texts]
            statuses = await self.carriers.texts(self.clock.now, spelled)
            self.unanswered += sum(status != 200 for status in statuses)  # noqa: PLR2004 -- HTTP's word for taken
            await self._still()

    async def _happen(self, event: Event) -> None:
        pool, office = self.service.pool, self.service.office
        match event:
            case Fault(account=account, name=""):
                await self.carriers.clear(account)
            case Fault(account=account, name=name):
                await self.carriers.fault(account, name)
            case Restore(account=account):
                await order(pool, "restore", account, by=_BY)
            case TopUp(money=money):
                now = self.clock.now
                micros = round(money * MICROS * Decimal(str(self.scale)))
                window = office.purses.window(TOTAL, now)
                await Purses(pool).top_up(TOTAL, micros, window, office.currency, now, by=_BY)
            case Over():
                await self.service.sweep.raid.lookout.end(self.clock.now, _BY)
                await self.service.sweep.raid.step(self.clock.now)
        await self.service.watch.refresh()
        await self._still()

    async def _still(self) -> None:
        """Wait, and help, until nothing is due at this moment."""
        service, deadline = self.service, boottime() + _PATIENCE
        duties = service.sweep.duties
        while boottime() < deadline:
            await service.worker.quiet()
            await service.watch.drain()
            now = self.clock.now
            lanes = service.office.open_lanes(now)
            left = await self._stillness.left(lanes, now)
            calm = service.office.stance.mode is Mode.CALM
            if left.under_way or left.ready:
                service.worker.wake()
                await asyncio.sleep(_BREATH)
            elif left.due or left.expired:
                await duties["time"].act()
            elif left.receipts:
                await duties["receipts"].act()
            elif left.costs:
                await duties["costs"].act()
            elif left.forgone or (left.held_till_calm and calm and lanes):
                await duties["held"].act()
            elif not calm and left.shut_out and await duties["triage"].act():
                continue  # and look again: some are held now
            else:
                self.left = left
                return
        raise StuckError(f"something is due and does not get done: {left}")

"""Rounds of traffic in which everything goes wrong at once, by a seed; each ends with the judge's word."""

from __future__ import annotations

import asyncio
import random
import secrets
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import asyncpg

from tests.faults import clock
from tests.faults.carriers import Carriers, carriers
from tests.faults.database import ROOT, Database, database, server
from tests.faults.disk import Disk, disk
from tests.faults.evidence import Notary, notary, unsealed
from tests.faults.hurry import hurry
from tests.faults.judge import Judge
from tests.faults.routers import LEASE, Plan, Routers, routers

T = TypeVar("T")
ANSWERS = ("Salut c'est Kevin", "Coucou, on s'est vus hier", "Bonjour, tu te souviens de moi ?")
ROOM = 100_000
"""Money that is enough for every round."""

_SETTLE, _SETTLE_PER_TEXT = 180.0, 0.05
_MICROS = 1_000_000

SENDING: tuple[tuple[str, dict[str, object]], ...] = (
    ("error_before", {}), ("error_after", {}), ("reset_before", {}), ("reset_after", {}),
    ("hang_before", {"seconds": 3}), ("hang_after", {"seconds": 3}), ("drip", {"every": 0.05}),
    ("throttle", {"retry_after": 1}), ("suspend", {}), ("revoke", {}), ("unpaid", {}),
    ("slow_answers", {"seconds": 0.4}), ("refuse", {}),
)  # fmt: skip
REPORTING: tuple[tuple[str, dict[str, object]], ...] = (
    ("slow_receipts", {"seconds": 3}), ("duplicate_receipts", {"copies": 3}), ("reordered_receipts", {}),
    ("missing_receipts", {}), ("undelivered", {}), ("unsent", {}), ("wrong_price", {"factor": 2}),
    ("lost_inbound", {}),
)  # fmt: skip
"""Faults of carriers, with their arguments; `unreachable` has no count and is lifted by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a round is to hold.

    Args:
        texts: How many are sent.
        pace: Texts a second.
        faults: Provider faults set.
        outages: Times that nobody reaches the database for `outage` seconds, in one way or other.
        full: Times that the disk of spool and database is full.
        limit: Money of every account; the round ends with a top-up where it is too little.
    """

    texts: int
    pace: float = 40.0
    seed: int = 2017
    kills: int = 0
    group_kills: int = 0
    freezes: int = 0
    database_crashes: int = 0
    outages: int = 0
    outage: float = 3.0
    faults: int = 0
    jumps: int = 0
    full: int = 0
    limit: int = ROOM


@dataclass
class Round:
    """One round that runs."""

    order: Order
    carriers: Carriers
    database: Database
    routers: Routers
    judge: Judge
    disk: Disk
    notary: Notary
    luck: random.Random
    done: Counter[str] = field(default_factory=Counter)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def traffic(self) -> None:
        """Texts at a steady pace: most from new texters, some again from the same, some STOP."""
        order, names = self.order, list(self.carriers.numbers)
        began, waiting = monotonic(), set[asyncio.Task[None]]()
        for place in range(order.texts):
            await asyncio.sleep(max(0.0, began + place / order.pace - monotonic()))
            again = place > 20 and self.luck.random() < 0.08
            texter = texter_of(self.luck.randrange(place) if again else place)
            words = "STOP" if self.luck.random() < 0.02 else self.luck.choice(ANSWERS)
            task = asyncio.create_task(self.carriers.text(self.luck.choice(names), texter, words))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)
        self.ended.set()

    async def misfortunes(self) -> None:
        """Everything that is ordered, at moments spread over the traffic."""
        order, span = self.order, self.order.texts / self.order.pace
        acts: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self._kill, order.kills), (self._kill_group, order.group_kills), (self._freeze, order.freezes),
            (self._crash, order.database_crashes), (self._outage, order.outages),
            (self._fault, order.faults), (self._unreachable, order.faults // 10), (self._jump, order.jumps),
            (self._full, order.full),
        ]  # fmt: skip
        moments = [(self.luck.uniform(0.02, 0.95) * span, act) for act, times in acts for _ in range(times)]
        began = monotonic()
        async with asyncio.TaskGroup() as under_way:
            for moment, act in sorted(moments, key=lambda each: each[0]):
                await asyncio.sleep(max(0.0, began + moment - monotonic()))
                under_way.create_task(self._do(act))

    async def watch(self) -> None:
        """Sample the purses until cancelled."""
        while True:
            with suppress(asyncpg.PostgresError, OSError, TimeoutError):
                await self.judge.sample()
            await asyncio.sleep(0.25)

    async def at(self, point: str, how: str, *, set_back: int = 0) -> None:
        """Kill or freeze at a crash point. Raises AssertionError where nobody passes it.

        Args:
            point: Its name.
            how: See `Routers.at`.
            set_back: Seconds that the wall clock is set back while it is frozen.
        """
        file = self.routers.folder / clock.FILE
        meanwhile = partial(file.write_text, f"{-set_back:+d}\n")
        assert await self.routers.at(point, how, meanwhile=meanwhile), f"nobody passed {point!r}"

    async def settled(self, seconds: float = _SETTLE, until: str = "") -> list[str]:
        """Lift every fault and wait until the judge has nothing to say; else what it said last.

        Args:
            seconds: For everything to come to rest.
            until: A complaint with this beginning is enough.
        """
        await self.carriers.clear()
        self.database.proxy.resume()
        if self.order.limit < ROOM:
            await self.top_up()
        deadline, said = monotonic() + seconds, ["nothing was heard of the database"]
        while said and monotonic() < deadline:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await hurry(self.database)
                await asyncio.sleep(1.0)
                said = await self.judge.complaints()
                if until and any(one.startswith(until) for one in said):
                    break
        return said

    async def top_up(self) -> None:
        """Whatever waits for money gets it, as an operator would give it; until here the limit held."""
        await self.judge.sample_charges()
        for purse in (*self.carriers.numbers, "total"):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "router.cli", "budget", "set", purse, str(ROOM),
                "--config", str(self.routers.folder / "judge.toml"), cwd=ROOT,
                env=self.routers.serves[0].environment, stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            assert await process.wait() == 0, "the operator could not top up"

    async def _do(self, act: Callable[[], Awaitable[None]]) -> None:
        await act()
        self.done[act.__name__.strip("_")] += 1

    async def _kill(self) -> None:
        while not await self.routers.kill_one():  # noqa: ASYNC110 -- processes tell nobody
            await asyncio.sleep(0.1)

    async def _kill_group(self) -> None:
        await self.routers.kill_all_of_one()

    async def _freeze(self) -> None:
        await self.routers.freeze_one(self.luck.uniform(0.5, LEASE + 2))

    async def _crash(self) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):  # it is down already
            await self.database.crash(self.luck.choice((signal.SIGQUIT, signal.SIGQUIT, signal.SIGKILL)))

    async def _outage(self) -> None:
        proxy, way = self.database.proxy, self.luck.choice(("stall", "refuse", "stall and reset", "slow"))
        if way == "slow":
            proxy.latency, proxy.slice = 0.02, 512
        elif way == "refuse":
            proxy.refuse()
        else:
            proxy.stall()
        await asyncio.sleep(self.order.outage)
        if way == "stall and reset":
            proxy.reset()
        proxy.latency, proxy.slice = 0.0, 65_536
        proxy.resume()

    async def _fault(self) -> None:
        name, more = self.luck.choice(SENDING + REPORTING)
        carrier = self.luck.choice(list(self.carriers.numbers))
        await self.carriers.fault(carrier, name, times=self.luck.randint(1, 4), **more)

    async def _unreachable(self) -> None:
        carrier = self.luck.choice(list(self.carriers.numbers))
        await self.carriers.fault(carrier, "unreachable")
        await asyncio.sleep(self.luck.uniform(0.3, 1.5))
        await self.carriers.clear(carrier, "unreachable")

    async def _jump(self) -> None:
        """The clock of one machine is set by up to ten minutes, and later set right."""
        file = self.routers.folder / clock.FILE
        file.write_text(f"{self.luck.choice((-600, -60, 60, 600)):+d}\n")
        await asyncio.sleep(self.luck.uniform(1, 3))
        file.write_text("+0\n")

    async def _full(self) -> None:
        await self.disk.full_for(self.luck.uniform(1, 2))


def in_order(work: Coroutine[Any, Any, T]) -> T:
    """Run it; SIGTERM too ends what it started."""

    async def watched() -> T:
        task = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    return asyncio.run(watched())


def texter_of(place: int) -> str:
    """A French mobile number: the first ten thousand are kept for fiction."""
    return f"+3363998{place:04}" if place < 10_000 else f"+33700{place:06}"


@asynccontextmanager
async def stage(
    order: Order, plan: Plan, *, server_at: tuple[str, Path] | None = None
) -> AsyncIterator[Round]:
    """Everything that a round needs, made anew.

    Args:
        order: See there.
        plan: See there.
        server_at: The address and the folder of a server that runs already.
    """
    luck = random.Random(order.seed)
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(disk("paravent-round-", limited=order.full > 0))
        dsn, home = server_at or (await stack.enter_async_context(server(room.folder)), room.folder)
        name = f"judged_{secrets.token_hex(4)}"
        here = await stack.enter_async_context(database(dsn, name, home, room.folder / "door"))
        around = await stack.enter_async_context(carriers())
        told = await stack.enter_async_context(notary())
        plan = replace(plan, more=plan.more + told.settings)
        between = await stack.enter_async_context(routers(plan, around, here, room.folder, luck))
        judge = Judge(around, here, limit=order.limit * _MICROS)
        yield Round(order, around, here, between, judge, room, told, luck)


async def run(
    order: Order,
    plan: Plan,
    *,
    server_at: tuple[str, Path] | None = None,
    if_wrong: Callable[[Round], Awaitable[object]] | None = None,
) -> tuple[Round, list[str]]:
    """One round from its beginning to the judge's word.

    Args:
        order: See there.
        plan: See there.
        server_at: See `stage`.
        if_wrong: Given the round, while it still runs, if something did not hold.
    """
    async with stage(order, plan, server_at=server_at) as one:
        watching = asyncio.create_task(one.watch())
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(one.traffic())
                both.create_task(one.misfortunes())
            said = await one.settled(_SETTLE + order.texts * _SETTLE_PER_TEXT)
            said += await unsealed(one.notary, one.database, one.routers)
            if said and if_wrong is not None:
                await if_wrong(one)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        return one, said

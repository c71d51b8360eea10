"""One round of one system: fresh database, warm-up, saturation, fixed rate, and the HTTP-only variant."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import astuple, dataclass
from pathlib import Path
from time import monotonic, process_time
from typing import Final

import psutil

from tests.bench import cpu
from tests.bench.carrier import Tally
from tests.bench.database import Database
from tests.bench.load import Shots, Volley
from tests.bench.stagehand import Stagehand
from tests.bench.terms import Place, System

WARM_UP_FROM: Final = 990_000
PACED_FROM: Final = 500_000
QUIET: Final = 20.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is asked of every system alike.

    Attributes:
        texts: Texts of the saturation run, at most 500,000.
        rate: Texts a second of the paced run.
        seconds: Length of the paced run, 0 for none.
        connections: The load generator's.
        processes: Of the system, on one port.
        receipts: Status callbacks that the carrier sends for each text, 2 or 0.
        warm_up: Texts before anything is measured, at most 10,000.
        drain: Seconds after the last receipt that still count as its CPU.
    """

    texts: int = 20_000
    rate: float = 300.0
    seconds: float = 20.0
    connections: int = 128
    processes: int = 1
    receipts: int = 2
    warm_up: int = 1_000
    drain: float = 1.0


@dataclass(frozen=True)
class Burst:
    """One volley's result.

    Attributes:
        texts_per_second: From the first post to the last receipt or reply, whichever ends later.
        acks_per_second: From the first post to the last 2xx.
        ack_ms: p50 and p99, from the moment the text was due to its 2xx.
        reply_ms: p50 and p99, from then to the carrier's taking of the reply.
        application: CPU seconds per 1,000 texts of the system's processes.
        database: The same of PostgreSQL's.
        load: The same of the load generator's.
        carrier: The same of the carrier's.
        busy: Cores that processes of strangers took meanwhile.
        lost: Texts that were acknowledged and got no reply.
        unacknowledged: Texts without a 2xx.
        doubles: Replies sent to a texter who had one.
        receipts: Receipts answered with 2xx, two a text.
        receipts_refused: Receipts answered otherwise.
    """

    texts_per_second: float
    acks_per_second: float
    ack_ms: tuple[float, float]
    reply_ms: tuple[float, float]
    application: float
    database: float
    load: float
    carrier: float
    busy: float
    lost: int
    unacknowledged: int
    doubles: int
    receipts: int
    receipts_refused: int


@dataclass(frozen=True)
class Round:
    """What one system did in one round; `http` is the HTTP-only variant's CPU seconds per 1,000 texts."""

    system: str
    saturated: Burst
    paced: Burst | None
    http: float


@dataclass(frozen=True)
class Spent:
    """CPU seconds so far of everybody, and the clock; `machine` is all that ran, strangers' too."""

    application: float
    database: float
    load: float
    carrier: float
    bench: float
    machine: float
    clock: float

    def __sub__(self, before: Spent) -> Spent:
        return Spent(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))

    @property
    def busy(self) -> float:
        """Cores that processes of strangers took."""
        ours = self.application + self.database + self.load + self.carrier + self.bench
        return max(0.0, self.machine - ours) / self.clock


class Stage:
    """The processes of one run, and how a system is played on it."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        database: Database,
        load: Stagehand,
        carrier: Stagehand,
        carrier_port: int,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._database = database
        self._load = load
        self._carrier = carrier
        self._carrier_url = f"http://127.0.0.1:{carrier_port}"
        self._started = 0

    async def round(self, system: System) -> Round:
        """Play one system once."""
        plan = self._plan
        _logger.info("  %s: HTTP alone, %d texts ...", system.name, plan.texts)
        async with self._running(system, None) as place:
            bare = await self._volley(place, Volley(place.port, 0, plan.texts, None, plan.connections))
        _logger.info("  %s: at saturation, %d texts ...", system.name, plan.texts)
        dsn = await self._database.create()
        async with self._running(system, dsn) as place:
            saturated = await self._volley(place, Volley(place.port, 0, plan.texts, None, plan.connections))
            paced = None
            if plan.seconds:
                count = round(plan.rate * plan.seconds)
                _logger.info("  %s: %g texts/s for %g s ...", system.name, plan.rate, plan.seconds)
                paced = await self._volley(
                    place, Volley(place.port, PACED_FROM, count, plan.rate, plan.connections)
                )
        await self._database.drop(dsn)
        return Round(system.name, saturated, paced, bare.application)

    @asynccontextmanager
    async def _running(self, system: System, dsn: str | None) -> AsyncIterator[Place]:
        self._started += 1
        folder = self._folder / f"{system.name}-{self._started}"
        folder.mkdir()
        place = Place(folder, dsn, self._carrier_url, free_port(), self._plan.processes)
        arguments, additions = system.command(place)
        log = folder / "output.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: ASYNC220 -- returns at once, and its tree is ended by hand
                arguments, env=os.environ | additions, stdout=output, stderr=output, start_new_session=True
            )
        try:
            await answering(place.port, process, log)
            self._process = process
            await self._volley(place, Volley(place.port, WARM_UP_FROM, self._plan.warm_up))
            yield place
        finally:
            await end(process)

    async def _volley(self, place: Place, volley: Volley) -> Burst:
        await self._carrier.ask("reset")
        await self._load.ask(("aim", volley))
        if place.database:
            await self._database.execute("CHECKPOINT")
        before = self._spent(place)
        seconds = 120 + volley.count / (volley.rate or 100)
        shots: Shots = await self._load.ask(("fire",), seconds)
        await self._settled(volley.count)
        await asyncio.sleep(self._plan.drain)
        spent = self._spent(place) - before
        return burst(volley.first, shots, await self._carrier.ask("report"), spent)

    def _spent(self, place: Place) -> Spent:
        return Spent(
            application=cpu.seconds(self._process.pid),
            database=cpu.seconds(self._database.pid) if place.database else 0.0,
            load=cpu.seconds(self._load.pid),
            carrier=cpu.seconds(self._carrier.pid),
            bench=process_time(),
            machine=cpu.machine(),
            clock=monotonic(),
        )

    async def _settled(self, texts: int) -> None:
        """Wait for every reply and its receipts, or for 20 s in which nothing more comes."""
        clock, seen = asyncio.get_running_loop().time, (0, 0, 0)
        moved = clock()
        while clock() - moved < QUIET:
            replies, receipts, refused = progress = await self._carrier.ask("progress")
            if replies >= texts and receipts + refused >= self._plan.receipts * texts:
                return
            if progress != seen:
                seen, moved = progress, clock()
            await asyncio.sleep(0.05)


def burst(first: int, shots: Shots, tally: Tally, spent: Spent) -> Burst:
    """Join what the load generator and the carrier saw, by texter."""
    count = len(shots.posted)
    times, acks = tally.times[first : first + count], shots.acks
    start = min(shots.posted)
    acked = [posted + ack for posted, ack in zip(shots.posted, acks, strict=True) if ack >= 0]
    replied = sorted(time - posted for time, posted in zip(times, shots.posted, strict=True) if time)
    per_thousand = 1000 / count
    return Burst(
        texts_per_second=len(replied) / max(tally.last - start, 1e-9),
        acks_per_second=len(acked) / max(max(acked, default=start) - start, 1e-9),
        ack_ms=percentiles(sorted(ack for ack in acks if ack >= 0)),
        reply_ms=percentiles(replied),
        application=spent.application * per_thousand,
        database=spent.database * per_thousand,
        load=spent.load * per_thousand,
        carrier=spent.carrier * per_thousand,
        busy=spent.busy,
        lost=sum(ack >= 0 and not time for ack, time in zip(acks, times, strict=True)),
        unacknowledged=count - len(acked),
        doubles=tally.doubles,
        receipts=tally.receipts,
        receipts_refused=tally.receipts_refused,
    )


def percentiles(ordered: Sequence[float]) -> tuple[float, float]:
    """p50 and p99 of ordered seconds, in milliseconds; NaN without any."""
    if not ordered:
        return float("nan"), float("nan")
    return ordered[len(ordered) // 2] * 1000, ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answering(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the port takes connections.

    Raises:
        RuntimeError: The process ended, or the port stays closed for 60 s; with the end of its log.
    """
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise RuntimeError(f"it does not listen; its log ends: {last_words(log)}")


def last_words(log: Path) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-2000:]


async def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and after 20 s SIGKILL for the whole tree."""
    tree = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        await asyncio.to_thread(process.wait, 20)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
    for left in tree:
        if left.is_running():
            left.kill()

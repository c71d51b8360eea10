"""Every named step of the flow, survived: `python -m tests.faults.crashpoints --seeds 20`.

One sweep starts a router of several processes under traffic with every provider fault, kills a process at
each point in turn, in an order of the seed's, and ends with the judge's word. A point that nobody passes is
a failure: it would prove nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic

from tests.faults.chaos import ANSWERS, REPORTING, SENDING, Order, Round, in_order, stage, texter_of
from tests.faults.database import ROOT
from tests.faults.hurry import hurry
from tests.faults.remains import keep
from tests.faults.routers import LEASE, Plan

_PACE = 12.0
_PASSES = 90.0
Passing = asyncio.Task[bool]


def points() -> list[str]:
    """The names of all, as the launcher has them."""
    command = [sys.executable, "-m", "tests.faults.launcher", "--names"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    names: list[str] = json.loads(done.stdout)["points"]
    return names


@dataclass
class Sweep:
    """One life under one seed.

    Args:
        passed: Points at which a process was killed.
        never: Points that nobody passed.
        said: The judge's complaints.
    """

    seed: int
    passed: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    texts: int = 0
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        return not self.never and not self.said


async def sweep(
    seed: int, names: Sequence[str], server_at: tuple[str, Path] | None = None, kept: Path | None = None
) -> Sweep:
    """Kill once at each of these points; what does not hold leaves logs and rows in the folder `kept`,
    a point that nobody passes those of that moment."""
    found, began = Sweep(seed), monotonic()
    async with stage(
        Order(texts=0, seed=seed), Plan(launcher=(), processes=(2,)), server_at=server_at
    ) as one:
        order = list(names)
        one.luck.shuffle(order)
        traffic = asyncio.create_task(_traffic(one))
        try:
            for name in order:
                reached = await _at(one, name)
                print("." if reached else "?", end="", file=sys.stderr, flush=True)
                (found.passed if reached else found.never).append(name)
                if not reached and kept is not None:
                    await keep(one, kept / name)
        finally:
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
        found.said = await one.settled()
        if found.said and kept is not None:
            await keep(one, kept)
        found.texts = len(one.carriers.journal["inbound"])
    found.seconds = monotonic() - began
    return found


async def _traffic(one: Round) -> None:
    """Texts and faults without end: every step of the flow is passed again and again."""
    names, place = list(one.carriers.numbers), 0
    async with asyncio.TaskGroup() as texts:
        while True:
            again = place > 20 and one.luck.random() < 0.1
            texter = texter_of(one.luck.randrange(place) if again else place)
            words = "STOP" if one.luck.random() < 0.05 else one.luck.choice(ANSWERS)
            texts.create_task(one.carriers.text(one.luck.choice(names), texter, words))
            if place % 10 == 0:
                fault, more = one.luck.choice(SENDING + REPORTING)
                texts.create_task(one.carriers.fault(one.luck.choice(names), fault, times=1, **more))
            if place % 25 == 0:
                texts.create_task(hurry(one.database))
            place += 1
            await asyncio.sleep(1 / _PACE)


async def _at(one: Round, name: str) -> bool:
    """Have a process die at a point; what seldom comes by itself is brought about, again and again."""
    waiting = asyncio.create_task(one.routers.at(name, "kill", _PASSES))
    bring_about = _BROUGHT_ABOUT.get(name)
    while bring_about is not None and not waiting.done():
        await bring_about(one, waiting)
    return await waiting


async def _end(one: Round, _waiting: Passing) -> None:
    await asyncio.sleep(0.3)
    [serve] = one.routers.serves
    with suppress(TimeoutError):
        await serve.stop()
    await serve.kill()
    await serve.start()


async def _pause(one: Round, waiting: Passing) -> None:
    for carrier in one.carriers.numbers:
        await one.carriers.fault(carrier, "throttle", times=5, retry_after=1)
    await asyncio.wait([waiting], timeout=4)


async def _doubt(one: Round, waiting: Passing) -> None:
    for carrier in one.carriers.numbers:
        await one.carriers.fault(carrier, "reset_after", times=2)
    await asyncio.wait([waiting], timeout=4)
    await hurry(one.database)


async def _widow(one: Round, waiting: Passing) -> None:
    """Somebody dies with texts in hand; their lease ends later."""
    await one.routers.kill_one()
    await asyncio.wait([waiting], timeout=2 * LEASE)


async def _cut(one: Round, waiting: Passing, seconds: float = 4.0) -> None:
    one.database.proxy.refuse()
    await asyncio.wait([waiting], timeout=seconds)
    one.database.proxy.resume()
    await asyncio.wait([waiting], timeout=4)


_BROUGHT_ABOUT: Mapping[str, Callable[[Round, Passing], Awaitable[None]]] = {
    **dict.fromkeys(("a segment is begun", "lines are to be written", "lines are synced"), _cut),
    **dict.fromkeys(
        ("a segment is locked and read", "a segment is stored", "a segment is removed"),
        partial(_cut, seconds=2.0),
    ),
    **dict.fromkeys(("a worker stops", "a worker has stopped"), _end),
    "delayed replies are due": _pause,
    "a look-up has found a send": _doubt,
    "leases are ended": _widow,
}


async def main(words: Sequence[str] | None = None) -> int:
    """Sweep as often as asked; 1 if anything did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crashpoints", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="sweeps, each with the next seed")
    parser.add_argument("--seed", type=int, default=2017, help="of the first sweep")
    parser.add_argument("--point", action="append", help="only this one; may be said again")
    parser.add_argument("--keep", type=Path, help="where sweeps that do not hold leave logs and rows")
    given = parser.parse_args(words)
    known = points()
    if unknown := set(given.point or ()) - set(known):
        parser.error(f"no point {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    names = given.point or known
    deaths, broken = 0, 0
    print(f"{len(names)} crash points, {given.seeds} seeds from {given.seed}", flush=True)
    for seed in range(given.seed, given.seed + given.seeds):
        found = await sweep(seed, names, kept=given.keep)
        deaths += len(found.passed)
        broken += not found.held
        print(f"seed {seed}: {found.texts} texts, {len(found.passed)} deaths, {found.seconds:.0f} s:"
              f" {'exact' if found.held else 'BROKEN'}", flush=True)  # fmt: skip
        for name in found.never:
            print(f"  never passed within {_PASSES:.0f} s, so that nobody died there: {name}", flush=True)
        for said in found.said:
            print(f"  {said}", flush=True)
    word = "BROKEN" if broken else "0 lost, 0 twice, books exact"
    print(f"{deaths} deaths at {len(names)} points: {word}")
    return bool(broken)


if __name__ == "__main__":
    raise SystemExit(in_order(main()))

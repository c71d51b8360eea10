"""Told to stop at random moments under load: `python -m tests.faults.ending --times 50`.

Every time all of a `serve` ends within 20 s, with 0, and no send is left open or in doubt.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.faults.chaos import ANSWERS, Order, Round, in_order, stage, texter_of
from tests.faults.routers import Plan

LIMIT = 20.0
_PACE, _ANSWER = 25.0, 0.3
_SETTINGS = """
[workers]
lease = "30s"
call_deadline = "10s"
"""
_DOUBTS = "SELECT count(*) FROM attempt WHERE state IN ('open', 'unknown')"


@dataclass
class Endings:
    """What became of every stop: seconds, and what was wrong with it."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    texts: int = 0


async def endings(
    times: int, seed: int, *, without: bool = False, server_at: tuple[str, Path] | None = None
) -> Endings:
    """Start it, load it, stop it, so many times.

    Args:
        times: How often.
        seed: Of the moments.
        without: Whether what is under way is given no time.
        server_at: See `chaos.stage`.
    """
    plan = Plan(launcher=("--without", "patience") if without else None, processes=(2,), more=_SETTINGS)
    found = Endings()
    async with stage(Order(texts=0, seed=seed), plan, server_at=server_at) as one:
        for carrier in one.carriers.numbers:
            await one.carriers.fault(carrier, "slow_answers", on="sends", seconds=_ANSWER)
        traffic = asyncio.create_task(_traffic(one))
        try:
            for place in range(times):
                await asyncio.sleep(one.luck.uniform(1.0, 2.5))
                await _stop(one, found)
                if place + 1 < times:
                    await one.routers.serves[0].start()
        finally:
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
        await one.carriers.read()
        found.texts = len(one.carriers.journal["inbound"])
    return found


async def _stop(one: Round, found: Endings) -> None:
    [serve] = one.routers.serves
    began = monotonic()
    try:
        code = await serve.stop(2 * LIMIT)
    except TimeoutError:
        found.wrong.append("it did not end")
        return
    found.seconds.append(monotonic() - began)
    if code:
        found.wrong.append(f"it ended with {code}")
    if found.seconds[-1] > LIMIT:
        found.wrong.append(f"it took {found.seconds[-1]:.1f} s")
    if doubts := await one.database.one(_DOUBTS):
        found.wrong.append(f"{doubts} sends were left open or in doubt")


async def _traffic(one: Round) -> None:
    names, place = list(one.carriers.numbers), 0
    async with asyncio.TaskGroup() as texts:
        while True:
            texts.create_task(one.carriers.text(one.luck.choice(names), texter_of(place), ANSWERS[0]))
            place += 1
            await asyncio.sleep(1 / _PACE)


async def main(words: Sequence[str] | None = None) -> int:
    """Stop it as often as asked; 1 if any time was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.ending", description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=2017)
    given = parser.parse_args(words)
    found = await endings(given.times, given.seed)
    good = given.times - len(found.wrong)
    print(f"{good} of {given.times} in order, {found.texts} texts; longest {max(found.seconds):.1f} s")
    for said in found.wrong:
        print(f"  {said}")
    return bool(found.wrong)


if __name__ == "__main__":
    raise SystemExit(in_order(main()))

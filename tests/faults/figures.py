"""How soon it goes on: `python -m tests.faults.figures` measures what the promises say in seconds."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from time import monotonic

from tests.faults.chaos import ANSWERS, Order, Round, in_order, stage, texter_of
from tests.faults.routers import LEASE, Plan

PATIENT = """
[health]
probe_first = "5s"

[workers]
lease = "30s"
call_deadline = "10s"
"""
_PACE = 15.0
_HELD = "SELECT id, owner FROM reply WHERE state IN ('claimed', 'sending')"
_STILL = """
SELECT count(*) FROM reply JOIN unnest($1::uuid[], $2::uuid[]) AS h (id, owner) USING (id, owner)
WHERE state IN ('claimed', 'sending')"""


async def killed(one: Round) -> tuple[str, float, float]:
    """A worker is killed with texts in its hands; until the last of them is out of them."""
    texting = asyncio.create_task(_text(one, 40, "twilio", "vonage"))
    await one.at("texts are armed", "kill")
    began, held = monotonic(), await one.database.fetch(_HELD)
    ids, owners = [row["id"] for row in held], [row["owner"] for row in held]
    while await one.database.one(_STILL, ids, owners):  # noqa: ASYNC110 -- rows tell nobody
        await asyncio.sleep(0.05)
    seconds = monotonic() - began
    await texting
    return f"worker killed: the last of {len(held)} texts moved", seconds, LEASE + 2


async def back(one: Round) -> tuple[str, float, float]:
    """The database is out of reach for a while under traffic; from its return to the next reply."""
    texting = asyncio.create_task(_text(one, 150, "twilio", "vonage"))
    await asyncio.sleep(2)
    one.database.proxy.refuse()
    await asyncio.sleep(5)
    one.database.proxy.resume()
    returned = datetime.now(UTC)
    await texting
    await one.carriers.read()
    later = [sent.at for sent in one.carriers.journal["accepted"] if sent.at > returned]
    return "database back: the first reply", (min(later) - returned).total_seconds(), 5.0


async def cut(one: Round, fault: str, demand: float) -> tuple[str, float, float]:
    """A carrier is lost for good; 95 of 100 texts to its number are answered elsewhere within so long."""
    await one.carriers.fault("twilio", fault)
    since = datetime.now(UTC)
    await _text(one, 120, "twilio")
    await asyncio.sleep(demand)
    await one.carriers.read()
    journal = one.carriers.journal
    came = {text.sender: text.at for text in journal["inbound"] if text.at > since}
    delays = sorted(
        (sent.at - came[sent.to]).total_seconds()
        for sent in journal["accepted"]
        if sent.to in came and sent.carrier != "twilio"
    )
    trapped = len(came) - len(delays)
    at = delays[int(len(delays) * 0.95)] if delays else float("inf")
    await one.carriers.clear()
    return f"{fault}: 95 % of {len(delays)} elsewhere, {trapped} trapped or waiting", at, demand


async def unsent(one: Round) -> tuple[str, float, float]:
    """A carrier takes every text and then reports it unsent: how many are not answered by another, once."""
    await one.carriers.fault("twilio", "unsent")
    await _text(one, 30, "twilio")
    said = await one.settled(60)
    taken = [sent for sent in one.carriers.journal["accepted"] if sent.carrier == "twilio"]
    what = f"unsent after queueing: {len(taken)} taken and reported back; complaints of the judge"
    return what, float(len(said)), 0.0


async def _text(one: Round, times: int, *carriers: str) -> None:
    async with asyncio.TaskGroup() as texts:
        for place in range(times):
            texter = texter_of(place)
            texts.create_task(one.carriers.text(carriers[place % len(carriers)], texter, ANSWERS[0]))
            await asyncio.sleep(1 / _PACE)


async def main(words: Sequence[str] | None = None) -> int:
    """Measure all; 1 if any takes longer than is promised."""
    argparse.ArgumentParser(prog="python -m tests.faults.figures", description=__doc__).parse_args(words)
    measures: list[tuple[Callable[[Round], Awaitable[tuple[str, float, float]]], Plan]] = [
        (killed, Plan(launcher=(), processes=(3,))),
        (back, Plan(processes=(2,))),
        (lambda one: cut(one, "suspend", 2.0), Plan(processes=(2,), more=PATIENT)),
        (lambda one: cut(one, "hang_before", 30.0), Plan(processes=(2,), more=PATIENT)),
        (unsent, Plan(processes=(2,))),
    ]
    late = 0
    for measure, plan in measures:
        async with stage(Order(texts=0), plan) as one:
            what, found, demand = await measure(one)
        late += found > demand
        print(f"{what}: {found:.2f} (at most {demand:g})", flush=True)
    return late


if __name__ == "__main__":
    raise SystemExit(in_order(main()))

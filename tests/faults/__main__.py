"""`python -m tests.faults`: real routers, every fault at once, and the judge's word; or one protection less.

    python -m tests.faults --texts 2000 --seed 2017 --kills 20 --freezes 4 --database-crashes 2
    python -m tests.faults --without doubt

Texts are sent in rounds, each with fresh carriers, a fresh database and the next seed; each ends with an
audit. The report names the command, the seeds and the commit. Exit code 1: something did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from tests.faults import clock
from tests.faults.chaos import ROOM, Order, in_order, run
from tests.faults.controls import CONTROLS, show
from tests.faults.database import ROOT
from tests.faults.disk import may_mount
from tests.faults.remains import keep
from tests.faults.routers import Plan


@dataclass
class Report:
    """What was done, and what came of it."""

    command: str
    commit: str
    date: str
    machine: str
    rounds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        return [f"round {one['seed']}: {said}" for one in self.rounds for said in one["complaints"]]

    def total(self) -> Mapping[str, int]:
        """Everything counted, over all rounds."""
        found: Counter[str] = Counter()
        for one in self.rounds:
            found.update(one["counted"])
        return found

    def text(self) -> str:
        """For people."""
        counted = "\n".join(f"  {what}: {times:,}" for what, times in self.total().items())
        ends = (
            "\n".join(f"  {said}" for said in self.complaints)
            or "  0 lost, 0 twice, books exact, 0 over, evidence verified"
        )
        return (
            f"{self.command}\ncommit {self.commit}, {self.date}, {self.machine}\n"
            f"seeds {', '.join(str(one['seed']) for one in self.rounds)}\n{counted}\n{ends}\n"
        )


def commit() -> str:
    """The commit that is tested, marked where files differ from it."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False, timeout=10)
    return done.stdout.strip() or "unknown"


def _share(total: int, place: int, rounds: int) -> int:
    """So many of the total fall to the round at this place."""
    return total * (place + 1) // rounds - total * place // rounds


def orders(given: argparse.Namespace) -> list[Order]:
    """The rounds: what is asked for, shared out evenly; every third one runs out of money on the way."""
    rounds = max(1, -(-given.texts // given.round))
    return [
        Order(
            texts=_share(given.texts, place, rounds),
            pace=given.pace,
            seed=given.seed + place,
            kills=_share(given.kills, place, rounds),
            group_kills=_share(given.group_kills, place, rounds),
            freezes=_share(given.freezes, place, rounds),
            database_crashes=_share(given.database_crashes, place, rounds),
            outages=_share(given.outages, place, rounds),
            outage=given.outage,
            faults=_share(given.provider_faults, place, rounds),
            jumps=_share(given.jumps, place, rounds),
            full=_share(given.full, place, rounds),
            limit=max(1, given.round // 70) if place % 3 == 2 else ROOM,
        )
        for place in range(rounds)
    ]


async def chaos(given: argparse.Namespace) -> Report:
    """Run all rounds, and write the report down after each."""
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    spelled = shlex.join(["python", "-m", "tests.faults", *sys.argv[1:]])
    report = Report(spelled, commit(), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", machine)
    for order in orders(given):
        began = monotonic()
        environment = [clock.environment(order.jumps > 0)]
        if_wrong = None if given.keep is None else partial(keep, folder=given.keep)
        one, said = await run(order, Plan(limit=order.limit, environment=environment), if_wrong=if_wrong)
        journal = one.carriers.journal
        counted = {
            "texts": len(journal["inbound"]),
            "texts acknowledged (what is not, carriers give again or log)": len(
                {e.provider_id for e in journal["webhook"] if (e.status or 500) < 300}
            ),
            "answers taken by carriers (a texter gets one)": len(journal["accepted"]),
            "processes killed -9, those of whole routers too": one.routers.kills,
            "whole routers killed -9": one.routers.group_kills,
            "freezes": one.routers.freezes,
            "database crashes": one.database.crashes,
            "database unreachable": one.done["outage"],
            "clock jumps": one.done["jump"],
            "full disks": one.done["full"],
            "rounds in which money runs out": int(order.limit < ROOM),
            "provider faults that struck": sum(one.carriers.struck.values()),
            "looks at the purses": one.judge.samples,
            "roots told away": len(one.notary.told),
        }
        report.rounds.append({"seed": order.seed, "counted": counted, "complaints": said})
        print(f"seed {order.seed}: {counted['texts']} texts, {monotonic() - began:.0f} s,"
              f" {'; '.join(said) or 'exact'}", flush=True)  # fmt: skip
        if given.json:
            given.json.write_text(json.dumps({**vars(report), "total": report.total()}, indent=1) + "\n")
    return report


async def without(name: str, seed: int) -> int:
    """Run a protection's scenario with it, then without it; 0 if only the second fails, and as it should."""
    control = CONTROLS[name]
    print(f"{name}: {control.protects}", flush=True)
    with_it = await show(name, without=False, seed=seed)
    print(f"with it:    {'; '.join(with_it) or 'exact'}", flush=True)
    without_it = await show(name, without=True, seed=seed)
    print(f"without it: {'; '.join(without_it) or 'exact'}", flush=True)
    seen = any(said.startswith(control.harm) for said in without_it)
    if with_it:
        print("WRONG: with the protection nothing of this may be")
    print(f"without it {'as expected' if seen else 'NOT'} seen: {control.harm}")
    return bool(with_it) or not seen


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, default, what in (
        ("texts", 1_000, "texts from handsets"), ("round", 3_000, "most texts of a round"),
        ("seed", 2017, "of the first round"), ("kills", 10, "kill -9 of single processes"),
        ("group-kills", 1, "kill -9 of a whole `serve`"), ("freezes", 2, "SIGSTOP, and on again"),
        ("database-crashes", 1, "immediate stops or kill -9 of PostgreSQL"),
        ("outages", 1, "times that nobody reaches PostgreSQL"), ("provider-faults", 60, "faults of carriers"),
        ("jumps", 0, "clock jumps of one `serve` (needs libfaketime)"),
        ("full", 0, "times that the disk is full (needs root, for a small disk of its own)"),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what}; {default}")
    parser.add_argument("--pace", type=float, default=40.0, help="texts a second; 40")
    parser.add_argument("--outage", type=float, default=3.0, help="seconds of each outage; 3")
    parser.add_argument("--json", type=Path, help="write the report here too")
    parser.add_argument("--keep", type=Path, help="where rounds that do not hold leave logs and rows")
    parser.add_argument("--without", choices=list(CONTROLS), help="show what a protection is for")
    given = parser.parse_args(words)
    jumps = given.jumps or (given.without and CONTROLS[given.without].set_back)
    if jumps and clock.library() is None:
        parser.error("clocks jump by libfaketime (Debian package faketime)")
    if given.full and not may_mount():
        parser.error("--full needs root: it mounts a small disk in memory")
    if given.without:
        code: int = in_order(without(given.without, given.seed))
        return code
    report = in_order(chaos(given))
    print(report.text())
    return bool(report.complaints)


if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m tests.bench`: the router beside a plain baseline in one run, round by round; asserts no time."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.bench import baseline, carrier, ceiling, load, report, router_side
from tests.bench.database import NoCompilerError, durable
from tests.bench.rounds import Plan, Round, Stage
from tests.bench.stagehand import Stagehand
from tests.bench.terms import System, loop_factory

SYSTEMS: Final = {system.name: system for system in (baseline.SYSTEM, router_side.SYSTEM)}

_logger = logging.getLogger("tests.bench")


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="comma-separated (default: %(default)s)")
    parser.add_argument(
        "--texts", type=int, default=20_000, help="texts at saturation, to 500,000 (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (%(default)s)")
    parser.add_argument(
        "--rate", type=float, default=300.0, help="texts a second of the paced run (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="length of the paced run, 0: none (%(default)s)"
    )
    parser.add_argument("--connections", type=int, default=128, help="of the load generator (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="of each system, on one port (%(default)s)")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds before the carrier answers (%(default)s)"
    )
    parser.add_argument("--no-receipts", action="store_true", help="the carrier sends no status callbacks")
    parser.add_argument("--slow-commit", action="store_true", help="a second table with commits 5 ms slower")
    parser.add_argument("--folder", type=Path, help="where the server keeps its data (a temporary folder)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds to a file")
    asked = parser.parse_args(arguments)
    unknown = set(asked.systems.split(",")) - set(SYSTEMS)
    if unknown:
        parser.error(f"unknown system {', '.join(sorted(unknown))}; there are {', '.join(SYSTEMS)}")
    return asked


async def run(asked: argparse.Namespace, folder: Path) -> tuple[Plan, ceiling.Ceiling, list[report.Table]]:
    """Measure the ceilings, then every table."""
    receipts = 0 if asked.no_receipts else 2
    plan = Plan(asked.texts, asked.rate, asked.seconds, asked.connections, asked.processes, receipts)
    systems = [SYSTEMS[name] for name in asked.systems.split(",")]
    manners = carrier.Manners(receipts=receipts > 0, latency=asked.latency)
    tables = []
    with closing(Stagehand(load.serve)) as loader:
        with closing(Stagehand(carrier.serve, carrier.Manners())) as plain:
            own = await ceiling.measure(loader, plain, await plain.hear())
        with closing(Stagehand(carrier.serve, manners)) as carried:
            carrier_port = await carried.hear()
            for slow in (False, True) if asked.slow_commit else (False,):
                inside = folder / ("slower" if slow else "native")
                inside.mkdir()
                try:
                    async with durable(inside, slow=slow) as database:
                        stage = Stage(plan, inside, database, loader, carried, carrier_port)
                        played = await play(stage, systems, asked.rounds)
                        commits = "5 ms slower" if slow else "as fast as the disk"
                        tables.append(report.Table(commits, await database.describe(), played))
                except NoCompilerError as absent:
                    _logger.warning("%s", absent)
    return plan, own, tables


async def play(stage: Stage, systems: Sequence[System], rounds: int) -> list[Round]:
    """A B A B …, so that a drifting machine spoils nobody's ratio."""
    played = []
    for number in range(rounds):
        for system in systems:
            result = await stage.round(system)
            _logger.info(
                "round %d of %d, %s: %.0f texts/s",
                number + 1,
                rounds,
                system.name,
                result.saturated.texts_per_second,
            )
            played.append(result)
    return played


def main() -> None:
    """Run, print the table, write the JSON."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    asked = options()
    # So that a bench that is told to stop stops what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(prefix="paravent-bench-", dir=asked.folder) as folder,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        # The database's own user, where root drops to one, has to pass through.
        Path(folder).chmod(0o711)
        plan, own, tables = runner.run(run(asked, Path(folder)))
    print(report.text(plan, own, tables))
    if asked.json:
        asked.json.write_text(json.dumps(report.document(plan, own, tables), indent=2) + "\n")


if __name__ == "__main__":
    main()

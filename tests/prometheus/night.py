"""The drill weekend as Prometheus would hold it: played, written as OpenMetrics, made into blocks."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from router.stage.drill.scenes import SCENARIOS
from tests.cli.paravent import COMMAND
from tests.house.tree import TOP
from tests.prometheus.server import Prometheus, running

SCENARIO = SCENARIOS["weekend"]
_PATIENCE = 1_800
_HERE = 'instance="router:8080"'


def played(folder: Path, scale: float) -> Path:
    """Play the weekend, and answer where it is written down what /metrics said all the while."""
    written = folder / "weekend.om"
    order = (*COMMAND, "drill", SCENARIO.name, "--scale", str(scale), "--openmetrics", str(written))
    subprocess.run(order, cwd=TOP, check=True, timeout=_PATIENCE)
    return written


@asynccontextmanager
async def holding(written: Path, folder: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that holds what was written, until the block ends."""
    blocks, labelled = folder / "blocks", folder / "labelled.om"
    await asyncio.to_thread(_label, written, labelled)
    order = ("promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(labelled), str(blocks))
    await asyncio.to_thread(subprocess.run, order, check=True, timeout=_PATIENCE)
    async with running(folder, {}, blocks) as prometheus:
        yield prometheus


def _label(written: Path, labelled: Path) -> None:
    """Say where it was scraped, as Prometheus does."""
    with written.open(encoding="utf-8") as source, labelled.open("w", encoding="utf-8") as target:
        for line in source:
            name, brace, labels = line.partition("{")
            here = _HERE if labels.startswith("}") else _HERE + ","
            target.write(line if line.startswith("#") else name + brace + here + labels)

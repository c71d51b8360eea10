"""A real Prometheus that watches a real router: texts come in, a carrier cuts us off, a raid begins."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from router.stage.cast import NUMBERS
from tests.house.tree import TOP
from tests.sweep.town import Town

FOLDER = TOP / "deploy" / "prometheus"
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs, and questions to it."""

    url: str
    session: aiohttp.ClientSession

    async def ask(self, path: str, **parameters: str) -> Any:
        """Ask its API; what it refuses is an AssertionError."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=parameters) as answer:
            told = await answer.json()
        assert told["status"] == "success", f"{parameters}: {told.get('error')}"
        return told["data"]

    async def series(self, expr: str, seconds: float = 60, step: str = "1s") -> list[dict[str, Any]]:
        """What an expression answered in the last seconds."""
        now = time.time()
        told = await self.ask(
            "query_range", query=expr, start=f"{now - seconds:.3f}", end=f"{now:.3f}", step=step
        )
        return list(told["result"])

    async def scraped(self) -> set[str]:
        """Names of the metrics that it was told of, as they are declared."""
        return set(await self.ask("metadata"))


@asynccontextmanager
async def watching(door: str, folder: Path, every: str = "1s") -> AsyncIterator[Prometheus]:
    """Run Prometheus with our rules on a router's door until the block ends."""
    port = _free_port()
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    config["rule_files"] = [str(FOLDER / "rules.yml")]
    del config["alerting"]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [door]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            async with aiohttp.ClientSession() as session:
                found = Prometheus(f"http://127.0.0.1:{port}", session)
                await _ready(found)
                yield found
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), _PATIENCE)


async def _ready(prometheus: Prometheus) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            with suppress(aiohttp.ClientConnectionError):
                async with prometheus.session.get(f"{prometheus.url}/-/ready") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


CARRIERS = tuple(NUMBERS)
WORDS = ("Salut c'est Kevin", "Coucou, on s'est vus hier ?", "Bonsoir !", "sale pute je vais te retrouver")


async def yesterday(town: Town, texts: int = 75) -> None:
    """Texts that were answered half an hour ago, so that the last hour has receipts."""
    for place in range(texts):
        await town.text(CARRIERS[place % 3])
    arrived = "SELECT 1 FROM attempt WHERE receipt = 'delivered'"  # OVH's are asked for, a few a minute
    await town.eventually(lambda: town.rows(arrived), lambda rows: len(rows) > texts / 2)
    await town.database.execute("UPDATE attempt SET at = at - interval '30 min'")


async def weekend(town: Town, prometheus: Prometheus, seconds: float, pause: float = 0.05) -> float:
    """Texts to every number; from a third on Twilio has suspended us, from two thirds on there is a raid.

    Nothing is over before Prometheus has seen it, however slow the machine is.

    Returns:
        Seconds that it took.

    Raises:
        AssertionError: Prometheus did not see something in time; the message has its expression.
    """
    began = time.monotonic()
    passed, turns, places = 0.0, list(_TURNS), itertools.count()
    async with aiohttp.ClientSession() as session:
        while turns:
            share, name, before = turns[0]
            if passed > share * seconds and (not before or await prometheus.series(before, passed)):
                await _turn(name, town, session)
                del turns[0]
            await _texts(next(places), town, session, insults=name == "end")
            await asyncio.sleep(pause)
            passed = time.monotonic() - began
            assert passed < seconds + _PATIENCE, f"Prometheus never saw {before}"
    return passed


_TURNS = (
    (0.33, "cut", ""),
    (0.6, "back", 'paravent_account_state{account="twilio",state="cut_off"} == 1'),
    (0.66, "raid", ""),
    (1.0, "end", "paravent_raid_active == 1"),
)
"""Share of the time at which something begins, its name, and what must have been seen before it does."""


async def _texts(place: int, town: Town, session: aiohttp.ClientSession, insults: bool) -> None:
    carrier = CARRIERS[place % 3]
    texter = await town.text(carrier, WORDS[place % (4 if insults else 3)])
    if place % 5 == 0:
        await town.network.text(to=NUMBERS[carrier], sender=texter, text="Encore moi")
    if place % 7 == 0:
        door = town.house.settings.base_url
        await (await session.post(f"{door}/hooks/twilio/inbound", data={"Body": "forged"})).release()


async def _turn(name: str, town: Town, session: aiohttp.ClientSession) -> None:
    if name == "cut":
        await town.network.fault("twilio", "suspend", on="all")
    elif name == "back":
        await town.network.clear("twilio")
    elif name == "raid":
        door = town.house.settings.base_url
        await (await session.post(f"{door}/api/v1/raid/declare", json={})).release()

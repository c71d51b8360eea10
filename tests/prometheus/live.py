"""A real Prometheus that watches a real router: texts come in, a carrier cuts us off, a raid begins."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from router.postgres.review import Reviews
from router.rules.estimate import Label
from router.stage.cast import NUMBERS
from tests.house.tree import TOP
from tests.prometheus.server import Prometheus, running
from tests.sweep.town import Town

FOLDER = TOP / "deploy" / "prometheus"
_PATIENCE = 90.0


@asynccontextmanager
async def watching(door: str, folder: Path, every: str = "2s") -> AsyncIterator[Prometheus]:
    """Run Prometheus with our rules on a router's door until the block ends."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    config["rule_files"] = [str(FOLDER / "rules.yml")]
    del config["alerting"]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [door]}]
        del job["authorization"]  # this router has no token
    async with running(folder, config) as prometheus:
        yield prometheus


CARRIERS = tuple(NUMBERS)
WORDS = ("Salut c'est Kevin", "Coucou, on s'est vus hier ?", "Bonsoir !", "sale pute je vais te retrouver")


async def yesterday(town: Town, texts: int = 75) -> None:
    """Texts that were answered half an hour ago and looked at: the last hour has receipts and labels."""
    for place in range(texts):
        await town.text(CARRIERS[place % 3])
    arrived = "SELECT 1 FROM attempt WHERE receipt = 'delivered'"  # OVH's are asked for, a few a minute
    await town.eventually(lambda: town.rows(arrived), lambda rows: len(rows) > texts / 2)
    await town.database.execute("UPDATE attempt SET at = at - interval '30 min'")
    reviews = Reviews(town.house.pool)
    now = town.house.office.now()
    for drawn in await reviews.drawn(now, texts):
        await reviews.label(drawn.id, Label.FINE, now, texts, by="kim")


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

"""That nobody watches is told: whoever is told of the Watchdog hears it again and again, and then no more."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.prometheus.test_rules import ALERTS, FOLDER

pytestmark = pytest.mark.require("promtool")

WRITTEN = (FOLDER / "alertmanager.yml").read_text(encoding="utf-8")
MINUTE = 0.2
"""Seconds that a minute takes here."""
_PATIENCE = 30.0


@dataclass
class Pings:
    """The service elsewhere: what it was told."""

    told: list[str] = field(default_factory=list)
    rung: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, request: web.Request) -> web.Response:
        async with self.rung:
            self.told.append((await request.json())["alerts"][0]["labels"]["alertname"])
            self.rung.notify_all()
        return web.Response()

    async def more(self, than: int, patience: float = _PATIENCE) -> None:
        """Wait until it was told more often."""
        async with asyncio.timeout(patience), self.rung:
            await self.rung.wait_for(lambda: len(self.told) > than)


@asynccontextmanager
async def alertmanager(folder: Path, written: str) -> AsyncIterator[tuple[str, Pings]]:
    """A real one by this configuration, its minutes and its way to the service elsewhere apart."""
    pings = Pings()
    application = web.Application()
    application.router.add_post("/", pings.hear)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service = "http://{}:{}/".format(*runner.addresses[0][:2])
    written = re.sub(r"https://hc-ping[^\"]+", service, written)
    file = folder / "alertmanager.yml"
    file.write_text(re.sub(r": (\d+)m$", _short, written, flags=re.MULTILINE), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as found:
        url = f"http://127.0.0.1:{found.getsockname()[1]}"
    with (folder / "alertmanager.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus-alertmanager", f"--config.file={file}", f"--storage.path={folder / 'kept'}",
            f"--web.listen-address={url.removeprefix('http://')}", "--cluster.listen-address=",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield url, pings
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), _PATIENCE)
            await runner.cleanup()


def _short(minutes: re.Match[str]) -> str:
    return f": {int(minutes[1]) * MINUTE * 1000:.0f}ms"


async def says(url: str, minutes: float) -> None:
    """Prometheus says that the Watchdog fires, which holds for so long if it says no more."""
    ends = datetime.now(UTC) + timedelta(seconds=minutes * MINUTE)
    alert = {"labels": {"alertname": "Watchdog", **ALERTS["Watchdog"]["labels"]}, "endsAt": ends.isoformat()}
    async with asyncio.timeout(_PATIENCE), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientConnectionError):  # it is not there yet
                async with session.post(f"{url}/api/v2/alerts", json=[alert]) as answer:
                    assert answer.ok, await answer.text()
                    return
            await asyncio.sleep(0.05)


async def test_the_service_elsewhere_is_told_again_until_nobody_watches(tmp_path: Path) -> None:
    async with alertmanager(tmp_path, WRITTEN) as (url, pings):
        await says(url, minutes=1_000)
        await pings.more(than=2)
        await says(url, minutes=1)  # the last that Prometheus said
        heard, silence = len(pings.told), 15 * MINUTE
        with suppress(TimeoutError):
            while len(pings.told) < heard + 3:
                await pings.more(than=len(pings.told), patience=silence)
        assert len(pings.told) < heard + 3
        assert set(pings.told) == {"Watchdog"}


async def test_one_that_is_told_twice_a_day_would_be_found(tmp_path: Path) -> None:
    rarely = WRITTEN.replace("repeat_interval: 5m", "repeat_interval: 12h")
    assert rarely != WRITTEN
    async with alertmanager(tmp_path, rarely) as (url, pings):
        await says(url, minutes=1_000)
        await pings.more(than=0)
        with pytest.raises(TimeoutError):
            await pings.more(than=1, patience=15 * MINUTE)

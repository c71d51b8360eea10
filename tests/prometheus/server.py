"""A real Prometheus on loopback: what it scrapes or holds, and questions to it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

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
        return await self.over(expr, now - seconds, now, step)

    async def over(self, expr: str, start: float, end: float, step: str) -> list[dict[str, Any]]:
        """What an expression answered from then to then, Unix seconds."""
        told = await self.ask("query_range", query=expr, start=f"{start:.3f}", end=f"{end:.3f}", step=step)
        return list(told["result"])

    async def at(self, expr: str, when: float) -> list[dict[str, Any]]:
        """What an expression answers at a moment, Unix seconds; each series has `values`, of one value."""
        told = await self.ask("query", query=expr, time=f"{when:.3f}")
        if told["resultType"] == "scalar":
            return [{"metric": {}, "values": [told["result"]]}]
        return [{"metric": one["metric"], "values": [one["value"]]} for one in told["result"]]

    async def scraped(self) -> set[str]:
        """Names of the metrics that it was told of, as they are declared."""
        return set(await self.ask("metadata"))


@asynccontextmanager
async def running(
    folder: Path, config: Mapping[str, Any], blocks: Path | None = None
) -> AsyncIterator[Prometheus]:
    """Run Prometheus until the block ends.

    Args:
        folder: For its settings, its log and, unless there are blocks, its data.
        config: Its settings.
        blocks: Data that it is to hold, however old.
    """
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus", f"--config.file={file}", f"--storage.tsdb.path={blocks or folder / 'tsdb'}",
            "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            async with aiohttp.ClientSession() as session:
                prometheus = Prometheus(f"http://127.0.0.1:{port}", session)
                await _ready(prometheus)
                yield prometheus
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

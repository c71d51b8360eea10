"""A router that is killed and started again, between simulated carriers that outlive it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from providers.simulator.journal import Entry, Kind
from providers.simulator.network import Network
from router import service
from router.settings import load
from router.stage import signpost
from router.stage.cast import NUMBERS, cast
from tests.scenarios import launcher

_MORE = """
[health]
probe_first = "200ms"
strikes = 1000

[workers]
lease = "2s"
call_deadline = "500ms"
"""
_PATIENCE = 30.0


@dataclass
class Mortal:
    """The router's process, and all that stays when it dies."""

    network: Network
    dsn: str
    database: asyncpg.Connection[Any] = field(repr=False)
    start: Callable[[], Any] = field(repr=False)
    process: asyncio.subprocess.Process | None = None
    lives: int = 0

    async def live(self) -> None:
        """Start it and wait until its door is open."""
        self.process = await self.start()
        assert self.process.stdout is not None
        assert await asyncio.wait_for(self.process.stdout.readline(), _PATIENCE) == b"open\n"
        self.lives += 1

    async def die(self) -> None:
        """kill -9."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await asyncio.wait_for(self.process.wait(), _PATIENCE)

    async def hurry(self) -> None:
        """Let the minutes pass for which the dead keep their duties and doubts wait to be looked up."""
        await self.database.execute("DELETE FROM duty")
        await self.database.execute(
            "UPDATE attempt SET look_after = clock_timestamp() WHERE state = 'unknown'"
        )

    async def text(self, carrier: str, texter: str) -> bool:
        """Text a number; whether the router acknowledged it."""
        _, status = await self.network.text(to=NUMBERS[carrier], sender=texter, text="Salut c'est Kevin")
        return status is not None and status < 300

    def sent(self) -> list[Entry]:
        """What carriers took, as they wrote it down."""
        return self.network.journal.of(Kind.ACCEPTED)

    async def eventually(self, query: str, *given: Any) -> None:
        """Wait until a query finds nothing.

        Raises:
            AssertionError: It still does; with what it found.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while rows := await self.database.fetch(query, *given):
            assert asyncio.get_running_loop().time() < deadline, f"{len(rows)} left, such as {rows[0]}"
            await asyncio.sleep(0.1)


async def _launch(
    said: Sequence[str], environment: Mapping[str, str], door: socket.socket
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", launcher.__name__, *said, env=environment, pass_fds=[door.fileno()],
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip


@asynccontextmanager
async def mortal(dsn: str, folder: Path, *patches: str) -> AsyncIterator[Mortal]:
    """A router that is not yet alive, three carriers, and a door that stays open.

    Args:
        dsn: A migrated database.
        folder: For keys and settings.
        patches: Protections that are switched off, by their names in `launcher`.
    """
    made = cast()
    for account in made.accounts.values():
        account.step_seconds = 0.02
    settings_file = folder / "paravent.toml"
    settings_file.write_text(signpost.SETTINGS.read_text().replace("calls_per_minute = 55\n", "") + _MORE)
    with socket.create_server(("127.0.0.1", 0)) as door:
        async with Network(made.accounts) as network:
            environment = {
                **os.environ,
                **made.environment,
                "PARAVENT_DATA": str(folder),
                "PARAVENT_LISTEN": f"127.0.0.1:{door.getsockname()[1]}",
                "TWILIO_URL": network.base_url("twilio"),
                "VONAGE_URL": network.base_url("vonage"),
                "OVH_URL": f"{network.base_url('ovh')}/1.0",
            }
            settings = load(settings_file, environment)
            for name in network.carriers:
                hook = service.hook_url(settings, name)
                network.connect(name, inbound_url=f"{hook}/inbound", receipt_url=f"{hook}/receipt")

            async def start() -> asyncio.subprocess.Process:
                said = (str(settings_file), dsn, str(door.fileno()), *patches)
                return await _launch(said, environment, door)

            database = await asyncpg.connect(dsn)
            one = Mortal(network, dsn, database, start)
            try:
                yield one
            finally:
                if one.process is not None:
                    await one.die()
                await database.close()

"""Real `paravent serve` processes between the carriers and the database: started, killed, frozen, stopped."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.faults import clock
from tests.faults.carriers import Carriers
from tests.faults.database import ROOT, Database

LEASE, DEADLINE = 3.0, 1.0
"""Seconds, of the settings below."""

_START = 90.0
_GIVES_UP = (b"Error: The database", b"ended as it started", b"No space left on device")
"""Why one that starts ends: the database is away, a child was killed before it was ready, a disk is full."""

_SETTINGS = ROOT / "router/stage/demo.toml"
_MORE = f"""
[health]
probe_first = "200ms"
probe_longest = "1s"
strikes = 20

[workers]
lease = "{LEASE:.0f}s"
call_deadline = "{DEADLINE:.0f}s"
poll_every = "1s"
max_in_doubt = 10000
"""


@dataclass
class Serve:
    """One `paravent serve`: a parent and its workers, in a process group of their own.

    Args:
        command: What is run.
        log: Where all of it say what they do.
    """

    name: str
    port: int
    command: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    log: Path
    process: asyncio.subprocess.Process | None = None
    starts: int = 0

    async def start(self) -> None:
        """Start it as a supervisor does, again where it gives up, until it says that it is ready."""
        async with asyncio.timeout(_START):
            while not await self._starts():  # noqa: ASYNC110 -- processes tell nobody
                await asyncio.sleep(0.2)

    async def _starts(self) -> bool:
        await self._port_is_free()
        with self.log.open("ab") as log:
            begin = log.tell()
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        self.starts += 1
        while b"ready: " not in self._said(begin):
            if self.process.returncode is not None:
                assert any(why in self._said(begin) for why in _GIVES_UP), self._said(begin).decode()
                return False
            await asyncio.sleep(0.05)
        return True

    def workers(self) -> list[psutil.Process]:
        """The parent's children that run now: those that relay, and the keeper of the schema."""
        if self.process is None or self.process.returncode is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            return [child for child in psutil.Process(self.process.pid).children() if _lives(child)]
        return []

    async def kill(self) -> None:
        """kill -9 of the parent and all its children at once."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        clock.forget(self.process.pid)

    async def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM; its exit code. Raises TimeoutError where it does not end."""
        assert self.process is not None
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), seconds)

    def _said(self, begin: int) -> bytes:
        with self.log.open("rb") as log:
            log.seek(begin)
            return log.read()

    async def _port_is_free(self) -> None:
        """Who was killed may be some time about letting go of the port."""
        async with asyncio.timeout(_START):
            while True:
                with suppress(OSError), socket.create_server(("127.0.0.1", self.port)):
                    return
                await asyncio.sleep(0.05)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How routers are set up.

    Args:
        processes: Workers of each `serve`.
        limit: Money that every account may spend, and the total three times as much.
        launcher: What `tests.faults.launcher` is told beside the points; None runs `paravent serve` itself.
        environment: More of it, for each `serve` in turn; `{folder}` stands for the routers' own.
        more: Further lines of the settings.
        swaps: What is changed in the settings.
    """

    processes: Sequence[int] = (2, 1)
    limit: int = 100_000
    launcher: Sequence[str] | None = None
    environment: Sequence[dict[str, str]] = ()
    more: str = _MORE
    swaps: tuple[tuple[str, str], ...] = ()


def settings(plan: Plan) -> str:
    """The demo's settings, with money for many texts and machine time that runs fast."""
    written = _SETTINGS.read_text()
    swaps = (
        ('limit = "20.00"', f'limit = "{3 * plan.limit}"'),
        ('limit = "5.00"', f'limit = "{plan.limit}"'),
        ("calls_per_minute = 55\n", ""),
        *plan.swaps,
    )  # fmt: skip
    for old, new in swaps:
        assert old in written, f"the demo's settings no longer say {old!r}"
        written = written.replace(old, new)
    return written + plan.more


@dataclass
class Routers:
    """All of them. `asleep`: seconds after its lease that one stopped at a point sleeps."""

    serves: list[Serve]
    folder: Path
    luck: random.Random
    kills: int = 0
    group_kills: int = 0
    freezes: int = 0
    asleep: float = 1.5

    @property
    def points(self) -> Path:
        """The folder in which files say what is to happen at which crash point."""
        return self.folder / "points"

    async def at(
        self, point: str, how: str, patience: float = 20.0, meanwhile: Callable[[], object] = lambda: None
    ) -> bool:
        """Kill or stop the next process that passes a point; whether one did.

        Args:
            point: Its name.
            how: `kill`, or `stop`: then it sleeps until well after its lease.
            patience: Seconds to wait for one to pass.
            meanwhile: Done while it sleeps.
        """
        armed, reached = self.points / point, self.points / f"{point}.reached"
        reached.unlink(missing_ok=True)
        draft = self.points / "draft"
        draft.write_text(how)
        draft.rename(armed)
        deadline = asyncio.get_running_loop().time() + patience
        while not reached.exists():
            if asyncio.get_running_loop().time() > deadline:
                armed.unlink(missing_ok=True)
                return reached.exists()
            await asyncio.sleep(0.02)
        if how == "stop":
            self.freezes += 1
            meanwhile()
            await asyncio.sleep(LEASE + self.asleep)
            self.wake()
        else:
            self.kills += 1
        return True

    def wake(self) -> None:
        """SIGCONT whoever was stopped."""
        for serve in self.serves:
            for child in serve.workers():
                with suppress(psutil.NoSuchProcess):
                    if child.status() == psutil.STATUS_STOPPED:
                        child.resume()

    async def kill_one(self) -> bool:
        """kill -9 of one worker; its parent starts another. False if none lives just now."""
        victims = [child for serve in self.serves for child in serve.workers()]
        if not victims:
            return False
        with suppress(psutil.NoSuchProcess):
            self.luck.choice(victims).kill()
            self.kills += 1
        return True

    async def kill_all_of_one(self) -> None:
        """kill -9 of a whole `serve`, which is then started again."""
        serve = self.luck.choice(self.serves)
        self.kills += 1 + len(serve.workers())
        self.group_kills += 1
        await serve.kill()
        await serve.start()

    async def freeze_one(self, seconds: float) -> None:
        """SIGSTOP one worker, and wake it after so many seconds."""
        victims = [child for serve in self.serves for child in serve.workers()]
        if not victims:
            return
        victim = self.luck.choice(victims)
        with suppress(psutil.NoSuchProcess):
            victim.suspend()
            self.freezes += 1
            try:
                await asyncio.sleep(seconds)
            finally:
                victim.resume()

    def complaints(self) -> list[str]:
        """What they logged as errors that no fault explains."""
        said = "".join(serve.log.read_text(errors="replace") for serve in self.serves)
        return re.findall(r"^.*Traceback.*$", said, re.MULTILINE)


@asynccontextmanager
async def routers(
    plan: Plan, carriers: Carriers, database: Database, folder: Path, luck: random.Random
) -> AsyncIterator[Routers]:
    """Have them running, and every carrier's webhooks connected to one of them in turn."""
    (folder / "judge.toml").write_text(settings(plan))
    found = Routers([], folder, luck)
    found.points.mkdir(exist_ok=True)
    (folder / clock.FILE).write_text("+0\n")
    for place, processes in enumerate(plan.processes):
        port = _free_port()
        serve = ("serve", "--config", str(folder / "judge.toml"), "--processes", str(processes))
        launched: tuple[str, ...] = ("router.cli",)
        if plan.launcher is not None:
            launched = ("tests.faults.launcher", *plan.launcher, "--points", str(found.points), "--")
        given = plan.environment[place] if place < len(plan.environment) else {}
        more = {key: said.replace("{folder}", str(folder)) for key, said in given.items()}
        environment = {
            **{key: said for key, said in os.environ.items() if not key.startswith("PARAVENT_")},
            **carriers.environment,
            "PARAVENT_DATA": str(folder),
            "PARAVENT_DATABASE": database.through,
            "PARAVENT_LISTEN": f"127.0.0.1:{port}",
            **more,
        }
        name = f"serve {place + 1}"
        command = (sys.executable, "-m", *launched, *serve)
        found.serves.append(Serve(name, port, command, environment, folder / f"{name}.log"))
    try:
        for each in found.serves:
            await each.start()
        for place, (name, _) in enumerate(carriers.numbers.items()):
            port = found.serves[place % len(found.serves)].port
            token = f"/{carriers.environment['OVH_HOOK_TOKEN']}" if name == "ovh" else ""
            await carriers.connect(name, f"http://127.0.0.1:{port}/hooks/{name}{token}")
        yield found
    finally:
        for each in found.serves:
            if each.process is not None and each.process.returncode is None:
                await each.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port

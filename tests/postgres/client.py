"""A command that uses the embedded server, as a process of its own, and how to look at what it leaves."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from router.postgres import programs
from router.postgres.cluster import Cluster
from router.postgres.embedded import embedded

_PATIENCE = 30
NOBODY = 65534
# A development checkout's Python may live in root's home; reading it is all that nobody gets.
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@dataclass
class Client:
    """One such process; `server` is the pid of the server that it uses."""

    process: asyncio.subprocess.Process = field(repr=False)
    server: int
    dsn: str

    async def leave(self) -> int:
        """Let it end by itself; returns its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.ended()

    async def ended(self) -> int:
        """Wait for its end, whoever brought it about."""
        return await asyncio.wait_for(self.process.wait(), _PATIENCE)


@asynccontextmanager
async def client(folder: Path, *options: str, prefix: tuple[str, ...] = ()) -> AsyncIterator[Client]:
    """Start one and wait until it uses the server."""
    process = await asyncio.create_subprocess_exec(
        *(*prefix, sys.executable, "-m", "tests.postgres.client", str(folder), *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
        yield Client(process, **json.loads(line))
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), _PATIENCE)


def processes(folder: Path) -> list[int]:
    return Cluster(folder.resolve() / "postgres", None)._processes()


def leavings(folder: Path) -> list[str]:
    """Files that only a running server, or a careless one, has."""
    home = folder / "postgres"
    inside = [
        home / "cluster" / "postmaster.pid",
        *(home / "socket").glob(".*"),
        *(home / "clients").iterdir(),
    ]
    return [str(path) for path in inside if path.exists()]


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- it is another process's doing
            await asyncio.sleep(0.02)


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def _use(arguments: argparse.Namespace) -> None:
    async with embedded(arguments.folder, fresh=arguments.fresh, binaries=arguments.binaries) as server:
        print(json.dumps({"server": server.pid, "dsn": server.dsn}), flush=True)
        done = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, done.set)
        await done.wait()


async def _never() -> bool:
    return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--binaries", type=Path)
    parser.add_argument("--no-namespaces", action="store_true")
    chosen = parser.parse_args()
    if chosen.no_namespaces:
        programs._may_unshare = _never
    try:
        asyncio.run(_use(chosen))
    except KeyboardInterrupt:
        sys.exit(130)

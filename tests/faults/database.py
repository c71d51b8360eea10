"""A PostgreSQL server to be crashed, and the proxy through which routers reach it.

The server is held by a process of its own (`keeper`), which starts it again whenever it dies.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.faults.proxy import Proxy, proxied

ROOT = Path(__file__).parents[2]
_PATIENCE = 90.0
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
)


@dataclass
class Database:
    """One database of the server.

    Args:
        dsn: Past the proxy: the judge's own way.
        through: Through the proxy: the routers' way.
        folder: The server's.
    """

    dsn: str
    through: str
    folder: Path
    proxy: Proxy
    crashes: int = 0
    deadlocks: int = 0
    _read: int = 0
    _connection: asyncpg.Connection[Any] | None = field(default=None, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def crash(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it at once, as a power cut would; the keeper starts it again.

        Args:
            how: SIGQUIT is PostgreSQL's immediate stop; SIGKILL does not even ask.
        """
        pid = int((self.folder / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])
        self._count_deadlocks()
        os.kill(pid, how)
        self.crashes += 1

    async def fetch(self, query: str, *given: Any, patience: float = _PATIENCE) -> list[Any]:
        """Ask it, waiting for it to come back where it is away."""
        deadline = asyncio.get_running_loop().time() + patience
        async with self._turn:
            while True:
                try:
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await asyncpg.connect(self.dsn, timeout=5, command_timeout=30)
                    return await self._connection.fetch(query, *given)
                except _AWAY:
                    if asyncio.get_running_loop().time() > deadline:
                        raise
                    await self.hang_up()
                    await asyncio.sleep(0.1)

    async def one(self, query: str, *given: Any) -> Any:
        """The first value of the first row."""
        return (await self.fetch(query, *given))[0][0]

    async def hang_up(self) -> None:
        """Drop the judge's own connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def deadlocked(self) -> int:
        """Deadlocks so far, by the server's log, whatever was lost with a crash."""
        self._count_deadlocks()
        return self.deadlocks

    def _count_deadlocks(self) -> None:
        log = self.folder / "postgres/server.log"
        size = log.stat().st_size
        if size < self._read:
            self._read = 0  # it was begun anew
        with log.open("rb") as file:
            file.seek(self._read)
            self.deadlocks += file.read(size - self._read).count(b"detected deadlock")
        self._read = size


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[str]:
    """Have a server running; answers its own address."""
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.keeper", str(folder), cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        said = await asyncio.wait_for(keeper.stdout.readline(), _PATIENCE)
        assert said, "the server did not start"
        yield said.decode().strip()
    finally:
        keeper.stdin.close()
        try:
            await asyncio.wait_for(keeper.wait(), _PATIENCE)
        except TimeoutError:
            keeper.kill()
            await keeper.wait()


@asynccontextmanager
async def database(server_dsn: str, name: str, folder: Path, door: Path) -> AsyncIterator[Database]:
    """A new, empty database of a server, and a proxy to it in the folder `door`."""
    connection = await asyncpg.connect(server_dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    dsn = server_dsn.replace("@/postgres?", f"@/{name}?", 1)
    query = urlsplit(dsn).query
    [socket] = parse_qs(query)["host"]
    door.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 -- once
    there, here = Path(socket) / ".s.PGSQL.5432", door / ".s.PGSQL.5432"
    async with proxied(there, here) as proxy:
        found = Database(dsn, dsn.replace(query, f"host={door}&port=5432&sslmode=disable"), folder, proxy)
        try:
            yield found
        finally:
            await found.hang_up()
            with suppress(OSError, asyncpg.PostgresError):
                await _drop(server_dsn, name)


async def _drop(server_dsn: str, name: str) -> None:
    connection = await asyncpg.connect(server_dsn, timeout=5)
    try:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()

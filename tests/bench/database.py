"""A durable PostgreSQL server for one run, its commits as fast as the disk or 5 ms slower."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import psutil

from router.postgres.embedded import Server, embedded

SHOWN: Final = ("server_version", "fsync", "synchronous_commit", "wal_sync_method", "full_page_writes")

# The log is flushed with fdatasync alone (wal_sync_method), data files with fsync: so each flush that a
# commit waits for, and nothing else, takes 5 ms more, in every backend and through PostgreSQL's own group
# commit, as on a networked disk.
SHIM: Final = """
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int file)
{
    struct timespec left = {0, 5000000};
    int result = (int) syscall(SYS_fdatasync, file);
    int error = errno;
    while (nanosleep(&left, &left) == -1 && errno == EINTR) ;
    errno = error;
    return result;
}
"""


@dataclass(frozen=True)
class Durability:
    """What the server says of itself; `commit_ms` is one INSERT alone, median of 200."""

    settings: dict[str, str]
    filesystem: str
    commit_ms: float

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return f"PostgreSQL: {told}; on {self.filesystem}; one INSERT alone takes {self.commit_ms:.2f} ms"


class NoCompilerError(RuntimeError):
    """There is no C compiler to build the slow disk with."""

    def __init__(self) -> None:
        super().__init__(
            "commits cannot be made slower here: no gcc or cc to compile the fdatasync shim with"
        )


def slow_disk(folder: Path) -> Path:
    """Compile the library that makes fdatasync 5 ms slower.

    Raises:
        NoCompilerError: This machine has neither gcc nor cc.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompilerError
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
    return library


@asynccontextmanager
async def durable(folder: Path, *, slow: bool = False) -> AsyncIterator[Database]:
    """The router's own embedded server, as it is shipped, in a folder of the bench's.

    Raises:
        NoCompilerError: Slow commits were asked for and there is no compiler.
    """
    preload = {"LD_PRELOAD": str(slow_disk(folder))} if slow else {}
    os.environ.update(preload)
    try:
        async with embedded(folder / ("slow" if slow else "native")) as server:
            for name in preload:
                del os.environ[name]
            yield Database(server, folder)
    finally:
        for name in preload:
            os.environ.pop(name, None)


class Database:
    """The server of one run; every round of a system gets a fresh database of its own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._made = 0

    @property
    def pid(self) -> int:
        """The postmaster's."""
        pid = self._server.pid
        if pid is None:
            raise RuntimeError("the bench's database server died")
        return pid

    async def execute(self, statement: str) -> None:
        """Run one statement as the superuser, in the database `postgres`."""
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self._server.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def create(self) -> str:
        """Make a fresh database.

        Returns:
            Its DSN.
        """
        self._made += 1
        name = f"bench_{self._made}"
        await self.execute(f"CREATE DATABASE {name}")
        return self._server.dsn.replace("/postgres?", f"/{name}?")

    async def drop(self, dsn: str) -> None:
        """Throw one of them away."""
        await self.execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")

    async def describe(self) -> Durability:
        """Read the settings that make it durable, and measure one commit."""
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self._server.dsn)
        try:
            said = {name: await connection.fetchval(f"SHOW {name}") for name in SHOWN}
            await connection.execute("CREATE TABLE probe (at timestamptz)")
            took = []
            for _ in range(200):
                start = perf_counter()
                await connection.execute("INSERT INTO probe VALUES (now())")
                took.append(perf_counter() - start)
            await connection.execute("DROP TABLE probe")
        finally:
            await connection.close()
        return Durability(said, filesystem(self._folder), statistics.median(took) * 1000)


def filesystem(path: Path) -> str:
    """The type of the file system that holds a path: fsync on tmpfs would prove nothing."""
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounts[place] for place in (path, *path.parents) if place in mounts), "unknown")

"""What every test may ask for: a database of its own, and a network that ends at 127.0.0.1."""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio
from hypothesis import settings

from router.postgres.embedded import Server, embedded
from router.postgres.migrate import migrate
from tests import memory
from tests.aioresponses_cure import cure
from tests.grouping import pytest_xdist_make_scheduler
from tests.loopback import _nothing_leaves_this_machine
from tests.require import (
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

__all__ = [
    "_nothing_leaves_this_machine",
    "pytest_collection_modifyitems",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_xdist_make_scheduler",
]

cure()
memory.use()
# Each program that a test starts, hundreds in a run, would compile all of Paravent anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# How long an example takes on a machine that has much else to do is no fault of what is tested.
settings.register_profile("house", settings.default, deadline=None)
settings.load_profile("house")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell runs in its background is deaf to Ctrl-C, and so would be the programs that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
_numbers = itertools.count(1)


def dsn_of(server: Server, name: str) -> str:
    """Where a database of the server is."""
    return server.dsn.replace("@/postgres?", f"@/{name}?", 1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[Server]:
    """This worker's PostgreSQL. It forgets in a crash: a test that crashes a server starts its own."""
    with tempfile.TemporaryDirectory(prefix="paravent-tests-") as folder:
        # Root's server may run as another user, who must get through.
        os.chmod(folder, 0o711)  # noqa: PTH101 -- once, before any test
        async with embedded(Path(folder)) as server:
            connection = await asyncpg.connect(server.dsn)
            for setting in ("fsync", "full_page_writes", "autovacuum"):
                await connection.execute(f"ALTER SYSTEM SET {setting} = off")
            await connection.execute("SELECT pg_reload_conf()")
            await connection.close()
            yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _administrator(postgres: Server) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(postgres.dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _template(postgres: Server, _administrator: asyncpg.Connection[asyncpg.Record]) -> str:
    await _administrator.execute("CREATE DATABASE migrated")
    await migrate(dsn_of(postgres, "migrated"))
    return "migrated"


@pytest_asyncio.fixture(loop_scope="session")
async def database(
    postgres: Server, _administrator: asyncpg.Connection[asyncpg.Record], _template: str
) -> AsyncIterator[str]:
    """DSN of a migrated, empty database that only this test uses."""
    async for dsn in _clone(postgres, _administrator, _template):
        yield dsn


@pytest_asyncio.fixture(loop_scope="session")
async def bare_database(
    postgres: Server, _administrator: asyncpg.Connection[asyncpg.Record]
) -> AsyncIterator[str]:
    """DSN of a database without any table, that only this test uses."""
    async for dsn in _clone(postgres, _administrator, "template1"):
        yield dsn


async def _clone(
    server: Server, administrator: asyncpg.Connection[asyncpg.Record], template: str
) -> AsyncIterator[str]:
    name = f"test_{next(_numbers)}"
    await administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
    try:
        yield dsn_of(server, name)
    finally:
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")

"""Bring a database's schema up to this build: each file of `migrations/` once, in order, never edited."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

import asyncpg

from router.postgres.pool import Connection
from router.rules.plural import counted

# Any constant of our own does; it must be the same in every build.
_LOCK = 0x70617261
_WAIT_FOR_OTHERS = 600.0
_LOCK_TIMEOUT = "10s"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_OUTSIDE = "-- no-transaction"


class MigrationError(RuntimeError):
    """The schema cannot be brought up to this build; the message says what to do next."""


@dataclass(frozen=True)
class Migration:
    """One step of the schema's history.

    Attributes:
        name: its file name, NNNN_name.sql.
        sql: what it does. A first line `-- no-transaction` runs it outside a transaction: such a file holds
            one statement that can be run again (CREATE INDEX CONCURRENTLY IF NOT EXISTS).
        sha256: of the file's bytes.
    """

    name: str
    sql: str
    sha256: bytes

    @property
    def number(self) -> int:
        """Its place in history, from 1."""
        return int(self.name[:4])


def history(folder: Traversable | None = None) -> list[Migration]:
    """Read the migrations of this build, oldest first.

    Args:
        folder: where the files are, None for those of the installed package.

    Raises:
        MigrationError: a file is misnamed, or a number is missing or taken twice.
    """
    folder = folder or resources.files("migrations")
    steps = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        if not _NAME.fullmatch(file.name):
            raise MigrationError(f"{file.name} must be named NNNN_name.sql, in small letters.")
        content = file.read_bytes()
        steps.append(Migration(file.name, content.decode(), hashlib.sha256(content).digest()))
    for expected, step in enumerate(steps, start=1):
        if step.number != expected:
            raise MigrationError(
                f"Found {step.name} where number {expected:04} should be: no gaps, no twins."
            )
    return steps


async def migrate(
    database: str | Connection,
    folder: Traversable | None = None,
    tell: Callable[[str], None] = lambda _said: None,
) -> list[str]:
    """Apply what is missing, one transaction a file. Any number of processes may call it at once.

    Args:
        database: DSN, or a connection outside a transaction; direct, not through PgBouncer, since a session's
            advisory lock is held meanwhile.
        folder: where the files are, None for those of the installed package.
        tell: told in words what is under way, each file before it is applied: one may take long; and that
            another process is waited for.

    Returns:
        The names applied, in order; empty if there was nothing to do.

    Raises:
        MigrationError: history does not fit, or a file failed; the files before it stay applied.
    """
    steps = history(folder)
    async with _connected(database) as connection:
        if not await pending(connection, folder):
            return []  # also for a role that may not change the schema
        return await _bring_up(connection, steps, tell)


async def _bring_up(connection: Connection, steps: list[Migration], tell: Callable[[str], None]) -> list[str]:
    async with _alone(connection, tell):
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration ("
            " number integer PRIMARY KEY,"
            " name text NOT NULL,"
            " sha256 bytea NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        missing = await _missing(connection, steps)
        for step in missing:
            tell(f"Applying {step.name} ...")
            await _apply(connection, step)
    return [step.name for step in missing]


async def pending(database: str | Connection, folder: Traversable | None = None) -> list[str]:
    """The names that `migrate` would apply; changes nothing.

    Args:
        database: DSN or connection.
        folder: where the files are, None for those of the installed package.

    Raises:
        MigrationError: history does not fit.
    """
    steps = history(folder)
    async with _connected(database) as connection:
        if await connection.fetchval("SELECT to_regclass('migration')") is None:
            return [step.name for step in steps]
        return [step.name for step in await _missing(connection, steps)]


@asynccontextmanager
async def _connected(database: str | Connection) -> AsyncIterator[Connection]:
    if not isinstance(database, str):
        yield database
        return
    # A long file is no mistake, so the role's own limit does not apply here.
    settings = {"application_name": "paravent migrate", "statement_timeout": "0"}
    connection = await asyncpg.connect(database, timeout=10, server_settings=settings)
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def _alone(connection: Connection, tell: Callable[[str], None]) -> AsyncIterator[None]:
    told = False
    try:
        async with asyncio.timeout(_WAIT_FOR_OTHERS):
            # Asked again and again: a statement that waits holds a snapshot, and CREATE INDEX CONCURRENTLY in
            # the process that has the lock would wait for that one.
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                if not told:
                    tell("Waiting for another process, which is migrating this database ...")
                    told = True
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise MigrationError(
            f"Another process has been migrating this database for {_WAIT_FOR_OTHERS:.0f} s. "
            "See pg_stat_activity (application_name `paravent migrate`), and try again when it is done."
        ) from None
    await connection.execute("SELECT set_config('lock_timeout', $1, false)", _LOCK_TIMEOUT)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("RESET lock_timeout")
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _missing(connection: Connection, steps: list[Migration]) -> list[Migration]:
    applied = await connection.fetch("SELECT number, name, sha256 FROM migration ORDER BY number")
    if len(applied) > len(steps):
        raise MigrationError(
            f"The database is newer than this build: it has {applied[-1]['name']}, this build knows "
            f"{counted(len(steps), 'migration')}. Install the newer Paravent again."
        )
    for step, row in zip(steps, applied, strict=False):
        if (step.number, step.name) != (row["number"], row["name"]):
            raise MigrationError(f"The database has {row['name']} where this build has {step.name}.")
        if step.sha256 != row["sha256"]:
            raise MigrationError(
                f"{step.name} was edited after this database applied it. Restore it, and write a new file."
            )
    return steps[len(applied) :]


async def _apply(connection: Connection, step: Migration) -> None:
    try:
        if step.sql.startswith(_OUTSIDE):
            await connection.execute(step.sql)
            await _record(connection, step)
        else:
            async with connection.transaction():
                await connection.execute(step.sql)
                await _record(connection, step)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationError(
            f"{step.name} waited {_LOCK_TIMEOUT} for a busy table and gave up. Try again at a quieter moment."
        ) from error
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"{step.name} failed, and nothing after it was applied: {error.args[0]}"
        ) from error


async def _record(connection: Connection, step: Migration) -> None:
    await connection.execute(
        "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)",
        step.number,
        step.name,
        step.sha256,
    )

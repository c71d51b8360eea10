"""Connections to PostgreSQL: lines of their own for the hot statements, a pool for all else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
_T = TypeVar("_T")
_CLOSE = 5.0
# A line keeps its plans, also those made while a table was tiny: then scanning it looks cheap for ever. That
# it keeps them has to be said: where few rows look cheaper than ten, PostgreSQL would plan every call anew.
# And of a table that nobody has analysed, 16 would read a second index whole for a bitmap's sake.
_BY_INDEX = {
    "enable_seqscan": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "plan_cache_mode": "force_generic_plan",
}
_PLANNED_ANEW = {"plan_cache_mode": "force_custom_plan"}
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
# It is there, but did not get through with the statement and undid it: as good as away, for now.
_OVERTAXED = (
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
)


class DatabaseAwayError(ConnectionError):
    """The database cannot be reached, or was lost midway: then nobody knows if the statement took hold.

    Or it gave the statement up: too slow, a deadlock, a full disk. Then it did not.
    """


class Pool:
    """All connections of one process to one database. Made in a running loop; connects at first use.

    A connection that was lost is made anew at its next use, waiting for a database that restarts. A statement
    is never repeated: only its caller knows whether that is safe.
    """

    def __init__(
        self,
        dsn: str,
        *,
        application: str,
        size: int = 10,
        statement_timeout: float = 10.0,
        statement_cache_size: int = 200,
        patience: float = 5.0,
    ) -> None:
        """Say how to connect.

        Args:
            dsn: where the database is.
            application: who we are, in pg_stat_activity.
            size: most connections of the general pool; lines come on top.
            statement_timeout: seconds, after which the server ends a statement.
            statement_cache_size: prepared statements a connection. 0 is for PgBouncer in transaction mode,
                which also refuses start-up settings: give the role its statement_timeout there.
            patience: seconds to wait for a database that is away.
        """
        settings = {"application_name": application}
        if statement_cache_size:
            settings |= {
                "statement_timeout": f"{statement_timeout * 1000:.0f}",
                "idle_in_transaction_session_timeout": "30s",
                "client_connection_check_interval": "2s",
                "jit": "off",
            }
        self._dsn = dsn
        self._settings = settings
        self._cache = statement_cache_size
        # The server is to end a statement first; ours is for a server that no longer answers at all.
        self._command_timeout = statement_timeout + 5
        self._patience = patience
        self._lines: list[Line] = []
        self._pool = asyncpg.create_pool(min_size=0, max_size=size, connect=self._connect, reset=_as_it_is)

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close everything within 10 s; whoever still uses a connection then loses it."""
        await asyncio.gather(*(line.close() for line in self._lines))
        await _within(_CLOSE, self._pool.close, self._pool.terminate)

    def line(self) -> Line:
        """A connection kept for one job, one caller at a time, so that its few statements stay prepared."""
        line = Line(self._connect_line, self._patience)
        self._lines.append(line)
        return line

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow a connection of the general pool.

        Raises:
            DatabaseAwayError: there is none to be had for `patience` seconds, or it was lost.
        """
        connection = await _patiently(self._acquire, self._patience)
        try:
            with _told(connection):
                yield connection
        finally:
            with _told(connection):
                await self._pool.release(connection, timeout=_CLOSE)

    async def _acquire(self) -> PoolConnectionProxy[asyncpg.Record]:
        return await self._pool.acquire(timeout=self._patience)

    async def _connect(self, *_ignored: object, **_given: object) -> asyncpg.Connection[asyncpg.Record]:
        return await self._open(self._settings | _PLANNED_ANEW if self._cache else self._settings)

    async def _connect_line(self) -> asyncpg.Connection[asyncpg.Record]:
        return await self._open(self._settings | _BY_INDEX if self._cache else self._settings)

    async def _open(self, settings: dict[str, str]) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            self._dsn,
            timeout=5,
            command_timeout=self._command_timeout,
            statement_cache_size=self._cache,
            max_cached_statement_lifetime=0,
            server_settings=settings,
        )


class Line:
    """One connection for one job; `async with line.connection() as connection` waits its turn."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], patience: float
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._turn = asyncio.Lock()
        self._closed = False
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Use the line alone.

        Raises:
            DatabaseAwayError: the database does not come back within `patience` seconds, or was lost.
        """
        async with self._turn:
            self._refuse_if_closed()
            if self._connection is None or self._connection.is_closed():
                self._connection = await _patiently(self._connect, self._patience)
                self._refuse_if_closed()  # meanwhile: whoever closed it saw nothing to close
            with _told(self._connection):
                yield self._connection

    def _refuse_if_closed(self) -> None:
        if self._closed:
            if self._connection is not None:
                self._connection.terminate()
            raise DatabaseAwayError("the line is closed")

    async def close(self) -> None:
        """Close it within 5 s, used or not."""
        self._closed = True
        if self._connection is not None:
            await _within(_CLOSE, self._connection.close, self._connection.terminate)


async def _as_it_is(_connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Nobody leaves anything behind in a session (all is SET LOCAL), so no statement is spent on tidying."""


@contextmanager
def _told(connection: Connection) -> Iterator[None]:
    """Give every way of losing the database one name."""
    try:
        yield
    except asyncio.CancelledError:
        # Broken off midway: asyncpg would have the next user wait for the server's word on it.
        if not _is_lost(connection):
            connection.terminate()
        raise
    except _LOST as error:
        # After a time-out the server may be gone without a word, and asyncpg would use the connection again.
        if not _is_lost(connection):
            connection.terminate()
        raise DatabaseAwayError("the database was lost while it was used") from error
    except asyncpg.DiskFullError as error:
        raise DatabaseAwayError("the database's disk is full: free some room on it") from error
    except _OVERTAXED as error:
        raise DatabaseAwayError("the database gave a statement up") from error
    except asyncpg.InterfaceError as error:
        if not _is_lost(connection):
            raise
        raise DatabaseAwayError("the database was lost before it was used") from error


def _is_lost(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True


async def _patiently(connect: Callable[[], Awaitable[_T]], patience: float) -> _T:
    clock = asyncio.get_running_loop()
    deadline = clock.time() + patience
    pause = 0.05
    while True:
        try:
            return await connect()
        except _LOST as error:
            if clock.time() + pause > deadline:
                raise DatabaseAwayError(f"no connection to the database for {patience:.0f} s") from error
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 -- spreads a fleet's return
        pause = min(pause * 2, 1)


async def _within(
    seconds: float, politely: Callable[[], Awaitable[None]], at_once: Callable[[], None]
) -> None:
    # asyncpg's own time-out for closing can hang.
    try:
        async with asyncio.timeout(seconds):
            await politely()
    except _LOST:
        at_once()

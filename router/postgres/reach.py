"""Whether a database can be used at all, in words that never repeat its address or its password."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.pool import DatabaseAwayError, Pool

_ASKED = """
SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
    current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off' AS durable
"""

_LETTER = "SELECT id, letter, texter FROM inbound WHERE letter <> '' ORDER BY received_at DESC LIMIT 1"

_SAID: tuple[tuple[type[Exception], str], ...] = (
    (asyncpg.InvalidCatalogNameError, "it has no such database: create it, or correct the name"),
    (asyncpg.InvalidAuthorizationSpecificationError, "it refuses the user or the password"),
    (asyncpg.TooManyConnectionsError, "it has no connection to spare"),
    (asyncpg.CannotConnectNowError, "it is starting or stopping"),
    (asyncpg.InsufficientPrivilegeError, "this user may not connect to this database"),
    (TimeoutError, "it does not answer"),
    (ConnectionRefusedError, "nobody listens there"),
    (OSError, "it cannot be reached: see host and port"),
    (asyncpg.PostgresError, "it refuses the connection"),
    (asyncpg.InterfaceError, "its address cannot be understood"),
    (ValueError, "its address cannot be understood"),
)


class Answered(NamedTuple):
    """What a database says of itself.

    Args:
        version: Of PostgreSQL, such as ``18.1``.
        durable: Whether what is committed survives a crash: fsync and synchronous_commit are on.
        now: Its clock.
    """

    version: str
    durable: bool
    now: datetime


async def reach(dsn: str) -> Answered:
    """Connect once, and ask what answers.

    Raises:
        DatabaseAwayError: It cannot be used; the message says why.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except tuple(kind for kind, _ in _SAID) as error:
        said = next(words for kind, words in _SAID if isinstance(error, kind))
        raise DatabaseAwayError(f"The database cannot be used: {said}.") from None
    try:
        row = await connection.fetchrow(_ASKED)
    finally:
        connection.terminate()
    assert row is not None  # noqa: S101 -- it is asked for one
    return Answered(row["version"], row["durable"], row["now"])


async def newest_letter(pool: Pool) -> tuple[UUID, bytes, bytes] | None:
    """Id, sealed letter and texter of the text that was stored last and not erased; None for none."""
    async with pool.connection() as connection:
        row = await connection.fetchrow(_LETTER)
    return None if row is None else (row["id"], row["letter"], row["texter"])


async def clock(pool: Pool) -> datetime:
    """The database's clock; asking for it shows how near it is. Raises `DatabaseAwayError`."""
    async with pool.connection() as connection:
        now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now

"""Whether a database can be used at all, in words that never repeat its address or its password."""

from __future__ import annotations

import asyncpg

from router.postgres.pool import DatabaseAwayError

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


async def reach(dsn: str) -> str:
    """Connect once, and say which PostgreSQL answered, such as ``18.1``.

    Raises:
        DatabaseAwayError: It cannot be used; the message says why.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except tuple(kind for kind, _ in _SAID) as error:
        said = next(words for kind, words in _SAID if isinstance(error, kind))
        raise DatabaseAwayError(f"The database cannot be used: {said}.") from None
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        connection.terminate()

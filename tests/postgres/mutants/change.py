"""Changes a function of the database in place."""

from __future__ import annotations

import asyncpg


async def change(dsn: str, function: str, old: str, new: str) -> None:
    """Replace words of a function's source; fails where it no longer has them."""
    connection = await asyncpg.connect(dsn)
    try:
        source: str = await connection.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
        assert old in source, f"{function} no longer says {old!r}"
        await connection.execute(source.replace(old, new))
    finally:
        await connection.close()

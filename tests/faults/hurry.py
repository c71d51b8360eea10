"""Lets the hours pass for which doubts, prices and receipts wait to be asked after: tests have none.

Within seconds, and not all at once: who is asked a thousand things at the same moment, again and again,
answers none of them in time.
"""

from __future__ import annotations

from contextlib import suppress

import asyncpg

from tests.faults.database import Database


def _hurry(table: str, key: str, change: str, where: str) -> str:
    """Change rows that nobody holds just now: the judge takes part in no circle of locks."""
    free = f"SELECT {key} FROM {table} WHERE {where} FOR UPDATE SKIP LOCKED"
    return f"UPDATE {table} SET {change} WHERE {key} IN ({free})"


_NOW = "clock_timestamp()"
_SOON = f"{_NOW} + random() * interval '3 s'"
# What was looked up in vain this often was most likely never sent: hundreds of such would take all the time.
_OFTEN = 12
_LESS = f"{_NOW} + random() * CASE WHEN look_ups < {_OFTEN} THEN interval '3 s' ELSE interval '30 s' END"
_LATE = f"> {_NOW} + interval '3 s'"
_HURRY = (
    _hurry(
        *("attempt", "reference", f"look_after = {_LESS}"),
        f"state = 'unknown' AND (look_after IS NULL OR look_after > {_NOW} + interval '30 s' OR"
        f" look_ups < {_OFTEN} AND look_after {_LATE})",
    ),
    _hurry("attempt", "reference", f"trace_after = {_SOON}", f"trace_after {_LATE}"),
    _hurry(
        *("attempt", "reference", f"trace_after = {_SOON}, traces = 0"),
        f"state = 'accepted' AND receipt = '' AND (trace_after IS NULL OR trace_after {_LATE})",
    ),
    _hurry("receipt", "id", f"try_after = {_SOON}", f"applied_at IS NULL AND try_after {_LATE}"),
    _hurry(
        *("inbound", "id", f"reread_after = {_SOON}"),
        f"NOT verified AND reread_after {_LATE}",
    ),
    # Whoever's clock was wrong said "in a second" of another time.
    _hurry(
        "reply",
        "id",
        f"not_before = {_NOW}",
        f"state = 'delayed' AND not_before {_LATE} AND id IN (SELECT id FROM inbound WHERE verified)",
    ),
)


async def hurry(database: Database) -> None:
    """What is waited for is due within seconds."""
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        for statement in _HURRY:
            await database.fetch(statement)

"""Lets the hours pass for which doubts, prices and receipts wait to be asked after: tests have none."""

from __future__ import annotations

from contextlib import suppress

import asyncpg

from tests.faults.database import Database


def _hurry(table: str, key: str, change: str, where: str) -> str:
    """Change rows that nobody holds just now: the judge takes part in no circle of locks."""
    free = f"SELECT {key} FROM {table} WHERE {where} FOR UPDATE SKIP LOCKED"
    return f"UPDATE {table} SET {change} WHERE {key} IN ({free})"


_NOW = "clock_timestamp()"
_HURRY = (
    _hurry("attempt", "reference", f"look_after = {_NOW}", "state = 'unknown'"),
    _hurry("attempt", "reference", f"trace_after = {_NOW}", "trace_after IS NOT NULL"),
    _hurry(
        "attempt", "reference", f"trace_after = {_NOW}, traces = 0", "state = 'accepted' AND receipt = ''"
    ),
    _hurry("receipt", "id", f"try_after = {_NOW}", "applied_at IS NULL"),
    _hurry("inbound", "id", f"reread_after = {_NOW}", "NOT verified"),
    # Whoever's clock was wrong said "in a second" of another time.
    _hurry(
        "reply",
        "id",
        f"not_before = {_NOW}",
        f"state = 'delayed' AND not_before > {_NOW} AND id IN (SELECT id FROM inbound WHERE verified)",
    ),
)


async def hurry(database: Database) -> None:
    """What is waited for is due now."""
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        for statement in _HURRY:
            await database.fetch(statement)

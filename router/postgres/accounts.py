"""What the fleet knows of its accounts: health, purses, balances, and who does which duty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.pool import DatabaseAwayError, Pool
from router.rules.health import Operator, Reason, State, Status


class Room(NamedTuple):
    """What one purse has left in its present window, in millionths; None is unlimited."""

    left: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """One reading of everything that routes are chosen by.

    Args:
        read_at: The database's clock.
        health: States by (account, sender); one that is missing was always open.
        rooms: By purse and window start; one that is missing was not used yet.
        caps: By purse, in millionths; None is unlimited.
        in_flight: Sends (or jobs) under way, by account.
        doubtful: Sends in doubt, by account.
    """

    read_at: datetime
    health: Mapping[tuple[str, str], State] = field(default_factory=dict)
    rooms: Mapping[tuple[str, datetime], Room] = field(default_factory=dict)
    caps: Mapping[str, int | None] = field(default_factory=dict)
    in_flight: Mapping[str, int] = field(default_factory=dict)
    doubtful: Mapping[str, int] = field(default_factory=dict)


_SWAP = """
WITH swapped AS (
    INSERT INTO health AS h (account, sender, status, operator, reason, code, strikes, trips, not_before,
        probe_owner, probe_until, version, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (account, sender) DO UPDATE SET status = excluded.status, operator = excluded.operator,
        reason = excluded.reason, code = excluded.code, strikes = excluded.strikes, trips = excluded.trips,
        not_before = excluded.not_before, probe_owner = excluded.probe_owner,
        probe_until = excluded.probe_until, version = excluded.version, changed_at = excluded.changed_at
    WHERE h.version = excluded.version - 1
    RETURNING 1
), told AS (
    INSERT INTO health_history (account, sender, was, status, operator, reason, code, version, by)
    SELECT $1, $2, $14, $3, $4, $5, $6, $12, $15 FROM swapped WHERE $16
)
SELECT count(*) FROM swapped
"""


# In one order, so that two processes do not wait for each other in a circle.
_TAKE_DUTIES = """
INSERT INTO duty AS d (name, owner, until)
SELECT name, $2, clock_timestamp() + $3::interval FROM unnest($1::text[]) AS name ORDER BY name
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
WHERE d.owner = excluded.owner OR d.until < clock_timestamp()
RETURNING name
"""


class Accounts:
    """Reads and swaps of what is known of accounts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._line = pool.line()

    async def facts(self) -> Facts:
        """Read all that routes are chosen by, in one snapshot; on a line, for it is asked all the time."""
        async with (
            self._line.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            read_at = await connection.fetchval("SELECT clock_timestamp()")
            health = await connection.fetch("SELECT * FROM health")
            caps = await connection.fetch(
                "SELECT name, floor(cap * coalesce(head_start, 1))::bigint AS cap FROM purse"
            )
            rooms = await connection.fetch(
                "SELECT w.* FROM purse p CROSS JOIN LATERAL ("
                " SELECT purse, starts_at, unlimited, least(cap, spread) - reserved - spent AS room"
                " FROM purse_window WHERE purse = p.name ORDER BY starts_at DESC LIMIT 1) w"
            )
            flying = await connection.fetch(
                "SELECT account, count(DISTINCT coalesce(tag, reference)) AS n FROM attempt"
                " WHERE state = 'open' GROUP BY account"
            )
            doubtful = await connection.fetch(
                "SELECT account, count(*) AS n FROM attempt WHERE state = 'unknown' GROUP BY account"
            )
        states = [state_of(row) for row in health]
        return Facts(
            read_at=read_at,
            health={(state.account, state.sender): state for state in states},
            rooms={
                (row["purse"], row["starts_at"]): Room(None if row["unlimited"] else row["room"])
                for row in rooms
            },
            caps={row["name"]: row["cap"] for row in caps},
            in_flight={row["account"]: row["n"] for row in flying},
            doubtful={row["account"]: row["n"] for row in doubtful},
        )

    async def swap(self, was: State, now: State, by: str) -> bool:
        """Write the next state if nobody was faster. What people see change is kept as history."""
        seen = (was.status, was.operator, was.reason) != (now.status, now.operator, now.reason)
        async with self._pool.connection() as connection:
            swapped = await connection.fetchval(
                _SWAP, now.account, now.sender, now.status.value, now.operator.value, now.reason.value,
                now.code, now.strikes, now.trips, now.not_before, now.probe_owner, now.probe_until,
                now.version, now.changed_at, was.status.value, by, seen,
            )  # fmt: skip
        return bool(swapped)

    async def state(self, account: str, sender: str = "") -> tuple[State, datetime]:
        """One state as it is now, and the database's clock."""
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(
                "SELECT * FROM health WHERE account = $1 AND sender = $2", account, sender
            )
            clock = await connection.fetchval("SELECT clock_timestamp()")
        return (state_of(row) if row else State(account=account, sender=sender)), clock

    async def take_duties(self, names: Sequence[str], owner: UUID, lease: timedelta) -> list[str]:
        """Have these duties, as far as nobody else has them, until the lease is over; answer which."""
        async with self._pool.connection() as connection:
            return [row["name"] for row in await connection.fetch(_TAKE_DUTIES, names, owner, lease)]

    async def drop_duties(self, owner: UUID) -> None:
        """Leave every duty to others, at once."""
        with suppress(DatabaseAwayError):
            async with self._pool.connection() as connection:
                await connection.execute("DELETE FROM duty WHERE owner = $1", owner)


def state_of(row: asyncpg.Record) -> State:
    """Read a row of `health`."""
    return State(
        account=row["account"],
        sender=row["sender"],
        status=Status(row["status"]),
        operator=Operator(row["operator"]),
        reason=Reason(row["reason"]),
        code=row["code"],
        strikes=row["strikes"],
        trips=row["trips"],
        not_before=row["not_before"],
        probe_owner=row["probe_owner"],
        probe_until=row["probe_until"],
        version=row["version"],
        changed_at=row["changed_at"],
    )

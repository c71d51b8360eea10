"""How the house does just now, for people: answers lately, what they cost, what was decided and ordered."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from router.postgres.pool import Pool

_MINUTE = """
SELECT count(*) FROM attempt
WHERE at > $1::timestamptz - interval '1 minute' AND state = 'accepted' AND purpose = 'answer'
"""

_HOUR = """
SELECT floor(extract(epoch FROM $1::timestamptz - at) / 60)::int AS ago, count(*) AS answers FROM attempt
WHERE at > $1::timestamptz - interval '1 hour' AND at <= $1 AND state = 'accepted' AND purpose = 'answer'
GROUP BY ago
"""

_SIGNS = """
SELECT at, statistic FROM raid_bucket
WHERE at > $1::timestamptz - interval '1 hour' AND at <= $1 AND version IS NOT NULL ORDER BY at
"""

_DAY = """
SELECT count(*) FILTER (WHERE state = 'accepted' AND purpose = 'answer') AS answers,
    coalesce(sum(spent), 0)::bigint AS spent
FROM attempt WHERE at > $1::timestamptz - interval '24 hours'
"""

_WEEK = """
SELECT count(DISTINCT texter) FROM attempt
WHERE at > $1::timestamptz - interval '7 days' AND state = 'accepted' AND purpose = 'answer'
"""

# Looking at texts is many deeds: it leaves the others in sight.
_ACTIONS = """
SELECT at, what, detail, by FROM (
    (SELECT * FROM operator_action WHERE what !~ '^review |opened$' ORDER BY id DESC LIMIT $1)
    UNION ALL (SELECT * FROM operator_action WHERE what ~ '^review |opened$' ORDER BY id DESC LIMIT $2)
) shown ORDER BY id DESC
"""

# A row for each process; those of processes that are gone go in time.
_LATELY = "SELECT process, decisions FROM lately ORDER BY told_at DESC LIMIT $1"

_TELL = """
WITH gone AS (DELETE FROM lately WHERE told_at < clock_timestamp() - interval '1 day' AND process <> $1)
INSERT INTO lately (process, decisions) VALUES ($1, $2::jsonb)
ON CONFLICT (process) DO UPDATE SET decisions = excluded.decisions, told_at = clock_timestamp()
"""

_ACTIONS_SHOWN = 12
_LOOKS_SHOWN = 4
_PROCESSES_HEARD = 64
_SHARE = 20


class Action(NamedTuple):
    """What an operator did."""

    at: datetime
    what: str
    detail: Mapping[str, Any]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One reading.

    Args:
        minute: Answers accepted by a carrier in the last minute, business time.
        day: The same in the last 24 hours.
        spent: What the sends of those 24 hours cost so far, in millionths.
        actions: The last that operators did, newest first.
        decisions: The last of each process, as it told them.
    """

    minute: int
    day: int
    spent: int
    actions: Sequence[Action]
    decisions: Mapping[UUID, Sequence[Mapping[str, Any]]]


class Hour(NamedTuple):
    """The last hour.

    Args:
        answers: Answers accepted in each of its minutes, by how many whole minutes ago; none where not named.
        signs: The raid statistic after each bucket that was counted, oldest first.
    """

    answers: Mapping[int, int]
    signs: Sequence[tuple[datetime, float]]


@dataclass(slots=True)
class PulseDesk:
    """Reads the pulse for one process. Counting a day takes a twentieth of the time, however long it is."""

    pool: Pool
    _day: tuple[int, int] = (0, 0)
    _again: float = 0.0

    async def read(self, now: datetime) -> Pulse:
        """Read it. Raises `DatabaseAwayError`."""
        async with self.pool.connection() as connection:
            minute = await connection.fetchval(_MINUTE, now)
            actions = await connection.fetch(_ACTIONS, _ACTIONS_SHOWN, _LOOKS_SHOWN)
            lately = await connection.fetch(_LATELY, _PROCESSES_HEARD)
            began = time.monotonic()
            if began >= self._again:
                row = await connection.fetchrow(_DAY, now)
                assert row is not None  # noqa: S101 -- an aggregate always has a row
                self._day = (row["answers"], row["spent"])
                took = time.monotonic() - began
                self._again = began + _SHARE * took
        return Pulse(
            minute=minute,
            day=self._day[0],
            spent=self._day[1],
            actions=[Action(row["at"], row["what"], json.loads(row["detail"]), row["by"]) for row in actions],
            decisions={row["process"]: json.loads(row["decisions"]) for row in lately},
        )

    async def tell(self, process: UUID, decisions: Sequence[Mapping[str, Any]]) -> None:
        """Put down what a process decided last, in place of what it told before.

        Raises `DatabaseAwayError`.
        """
        async with self.pool.connection() as connection:
            await connection.execute(_TELL, process, json.dumps(decisions))

    async def hour(self, now: datetime) -> Hour:
        """Read the last hour, business time. Raises `DatabaseAwayError`."""
        async with self.pool.connection() as connection:
            answers = await connection.fetch(_HOUR, now)
            signs = await connection.fetch(_SIGNS, now)
        return Hour(
            {row["ago"]: row["answers"] for row in answers},
            [(row["at"], row["statistic"]) for row in signs],
        )

    async def week(self, now: datetime) -> int:
        """Texters who were answered in the last seven days. Raises `DatabaseAwayError`."""
        async with self.pool.connection() as connection:
            texters: int = await connection.fetchval(_WEEK, now)
        return texters

"""Whether a raid is on, as rows: texts counted once, buckets folded in order, changes with their reasons."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.orders import record
from router.postgres.pool import Connection, Pool
from router.rules.campaign import Campaign, Change, Mode


class Came(NamedTuple):
    """A stored text that was not counted yet."""

    id: UUID
    number: str
    texter: bytes
    letter: bytes
    score: float
    received_at: datetime
    stored_in: int


class Kept(NamedTuple):
    """A bucket as it is kept; `mode` is that after it, None while it is open."""

    at: datetime
    texts: int
    flagged: int
    sightings: list[bytes]
    mode: Mode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The one row that folding locks.

    Args:
        counted: Texts of older transactions are in a bucket.
        closed: Buckets that end here or before are folded; None before the first.
        version: Of the bucket that was folded last.
        campaign: What is known after it.
        line: The rank above which a text is held.
    """

    counted: int
    closed: datetime | None
    version: int
    campaign: Campaign
    line: float


_STATE = """
SELECT counted, closed, version, mode, since, by_hand, baseline, learnt, statistic, began, texts, flagged,
    line
FROM raid_state
"""

# Of the last change alone, an order of calm: each one after it takes its place.
UNTIL = "(SELECT (explanation ->> 'until')::timestamptz FROM raid_change ORDER BY id DESC LIMIT 1)"
"""Until when the operator said that it is no raid; null for no such order."""

_STANDS = f"SELECT *, {UNTIL} AS until FROM ({_STATE}) now"  # noqa: S608 -- our own words

_FENCE = f"SELECT pg_current_xact_id() AS fence, {UNTIL} AS until"

# All transactions before the oldest that runs are over: what they stored is seen, and no more comes of them.
_CAME = """
WITH reach AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon)
SELECT reach.horizon, i.* FROM reach LEFT JOIN LATERAL (
    SELECT id, number, texter, letter, score, received_at, stored_in FROM inbound
    WHERE stored_in >= $1 AND stored_in < reach.horizon ORDER BY stored_in LIMIT $2) i ON true
ORDER BY i.stored_in, i.received_at, i.id
"""

# Restored into another server, which is not as far with its transactions: what is there counts as counted.
_RESTORED = """
UPDATE inbound SET stored_in = '0'
WHERE id IN (SELECT id FROM inbound WHERE stored_in >= $1 ORDER BY stored_in LIMIT 5000)
"""

_PUT = """
INSERT INTO raid_bucket AS b (at, texts, flagged, sightings) VALUES ($1, $2, $3, ARRAY[$4::bytea])
ON CONFLICT (at) DO UPDATE SET texts = b.texts + excluded.texts, flagged = b.flagged + excluded.flagged,
    sightings = b.sightings || excluded.sightings
"""

_CLOSED = """
SELECT at, texts, flagged, sightings, NULL AS mode FROM raid_bucket
WHERE version IS NULL AND at <= $1 ORDER BY at LIMIT $2
"""

_FOLDED = """
UPDATE raid_bucket SET version = $2, mode = $3, statistic = $4, baseline = $5, line = $6, words = $7
WHERE at = $1
"""

# What a newer count of all words stands for is not needed again; what a raid was judged by is.
_FADED = """
UPDATE raid_bucket SET sightings = '{}', words = NULL
WHERE version >= coalesce((SELECT max(version) FROM raid_bucket WHERE words IS NOT NULL AND version < $1), 0)
  AND version < $1 AND mode = 'calm' AND at < $2
"""

_SAVE = """
UPDATE raid_state SET counted = $1, closed = $2, version = $3, mode = $4, since = $5, by_hand = $6,
    baseline = $7, learnt = $8, statistic = $9, began = $10, texts = $11, flagged = $12, line = $13,
    "limit" = $14
"""

_CHANGE = """
INSERT INTO raid_change (at, mode, cause, by, version, statistic, "limit", baseline, raided, began, texts,
    flagged, policy, explanation)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb)
"""

_SINCE = "SELECT at, texts, flagged, sightings, mode FROM raid_bucket WHERE at >= $1 AND at <= $2 ORDER BY at"

_WORDS = """
SELECT at, version, CASE WHEN version > $2 THEN words END AS words FROM raid_bucket
WHERE words IS NOT NULL AND version <= $1 ORDER BY version DESC LIMIT 1
"""

_LATER = """
SELECT at, texts, flagged, sightings, mode FROM raid_bucket
WHERE version > $1 AND version <= $2 ORDER BY version
"""


@dataclass(slots=True)
class Turn:
    """The state row is ours until the block ends; nothing counts before.

    Args:
        fence: Transactions from here on began after this turn did.
        state: As it was read; `save` writes it anew.
    """

    connection: Connection = field(repr=False)
    fence: int
    state: State

    async def came(self, since: int, most: int) -> tuple[list[Came], int]:
        """Texts stored since then, each once, and up to which transaction this is all of them.

        Args:
            since: A transaction.
            most: Texts at once; more than one transaction ever stores.
        """
        rows = await self.connection.fetch(_CAME, since, most)
        horizon: int = rows[0]["horizon"]
        if horizon < since:
            while await self.connection.execute(_RESTORED, horizon) != "UPDATE 0":
                pass
            return [], horizon
        found = [Came(*list(row.values())[1:]) for row in rows if row["id"] is not None]
        if len(found) == most:
            horizon = found[-1].stored_in
            found = [text for text in found if text.stored_in < horizon]
        return found, horizon

    async def put(self, buckets: Sequence[tuple[datetime, int, int, bytes]]) -> None:
        """Add texts to open buckets: end, texts, flagged ones, and the sealed rest."""
        await self.connection.executemany(_PUT, buckets)

    async def closed(self, now: datetime, most: int) -> list[Kept]:
        """Buckets that are over and not folded yet, in order."""
        return [_kept(row) for row in await self.connection.fetch(_CLOSED, now, most)]

    async def folded(
        self, at: datetime, version: int, campaign: Campaign, line: float, words: bytes | None
    ) -> None:
        """Write down what a bucket led to."""
        await self.connection.execute(
            _FOLDED, at, version, campaign.mode.value, campaign.statistic, campaign.baseline, line, words
        )

    async def fade(self, version: int, before: datetime) -> None:
        """Forget the single texts of calm buckets before that: all words are counted at a version."""
        await self.connection.execute(_FADED, version, before)

    async def changed(self, change: Change, version: int, by: str, said: tuple[Any, Any]) -> None:
        """Write down a change of mode; `said` is the policy and the explanation."""
        await self.connection.execute(
            _CHANGE, change.at, change.mode.value, change.cause.value, by, version, change.statistic,
            change.limit, change.baseline, change.raided, change.began, change.texts, change.flagged,
            *(json.dumps(each) for each in said),
        )  # fmt: skip

    async def ordered(self, what: str, detail: Mapping[str, str], by: str) -> None:
        """Write down that the operator said so."""
        await record(self.connection, what, detail, by)

    async def since(self, began: datetime, until: datetime) -> list[Kept]:
        """Buckets of that time."""
        return [_kept(row) for row in await self.connection.fetch(_SINCE, began, until)]

    async def save(self, state: State, limit: float) -> None:
        """Leave the row like this, and say what the statistic has to reach."""
        campaign = asdict(state.campaign)
        await self.connection.execute(
            _SAVE, state.counted, state.closed, state.version, campaign.pop("mode").value, *(
                campaign[name] for name in
                ("since", "by_hand", "baseline", "learnt", "statistic", "began", "texts", "flagged")
            ), state.line, limit,
        )  # fmt: skip


@dataclass(slots=True)
class RaidBooks:
    """Reads and turns."""

    pool: Pool

    @asynccontextmanager
    async def turn(self, *, patient: bool = False) -> AsyncIterator[Turn | None]:
        """Have the state row; None if somebody else has it and we are not patient."""
        async with self.pool.connection() as connection, connection.transaction():
            lock = "FOR UPDATE" if patient else "FOR UPDATE SKIP LOCKED"
            row = await connection.fetchrow(_STATE + lock)
            if row is None:
                yield None
                return
            # not before: whoever waits must not be waited for, and reads what was ordered meanwhile
            now = await connection.fetchrow(_FENCE)
            if now is not None:  # never: it is one row
                yield Turn(connection, now["fence"], _state(row, now["until"]))

    async def state(self) -> State:
        """The state as it stands."""
        async with self.pool.connection() as connection:
            row = await connection.fetchrow(_STANDS)
        if row is None:
            raise LookupError("raid_state has lost its row: restore the database, or insert its defaults")
        return _state(row, row["until"])

    async def words(self, version: int, known: int) -> tuple[datetime, int, bytes | None] | None:
        """End, version and sealed words of the newest full count up to a version; None for none.

        The words are None where they are no newer than what is known.
        """
        async with self.pool.connection() as connection:
            row = await connection.fetchrow(_WORDS, version, known)
        return None if row is None else (row["at"], row["version"], row["words"])

    async def later(self, version: int, until: int) -> list[Kept]:
        """Folded buckets after a version and up to another, in order."""
        async with self.pool.connection() as connection:
            return [_kept(row) for row in await connection.fetch(_LATER, version, until)]


def _state(row: asyncpg.Record, until: datetime | None) -> State:
    return State(
        counted=row["counted"],
        closed=row["closed"],
        version=row["version"],
        campaign=Campaign(
            mode=Mode(row["mode"]),
            since=row["since"],
            by_hand=row["by_hand"],
            baseline=row["baseline"],
            learnt=row["learnt"],
            statistic=row["statistic"],
            began=row["began"],
            texts=row["texts"],
            flagged=row["flagged"],
            calm_until=until,
        ),
        line=row["line"],
    )


def _kept(row: asyncpg.Record) -> Kept:
    mode = row["mode"] and Mode(row["mode"])
    return Kept(row["at"], row["texts"], row["flagged"], row["sightings"], mode)

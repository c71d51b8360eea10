"""Texts that a raid holds: judged, let go, dropped, and what they look like together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from router.postgres.inbox import Claimed, claimed, letters
from router.postgres.orders import record
from router.postgres.pool import Connection, Line, Pool
from router.rules.answer import Priority, Reason

HELD, GRAVE = "raid", "grave"
"""Why a reply is held: until calm, or until the operator says so."""

ONCE_HELD = "coalesce(j.held, false) OR r.let_go"
"""Of a reply `r` and its judgement `j`: whether a raid ever held it, whatever became of it since."""


class Verdict(NamedTuple):
    """A judgement to write down; a held text's claim ends with it. `at` is business time."""

    reply: UUID
    fence: int
    version: int
    rank: float
    line: float
    held: bool
    grave: bool
    cluster: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldCluster:
    """Held texts of one wording; `first` and `last` are when they came in.

    Args:
        sample: One of them, the same as long as it is held.
        letters: Its sealed pieces, in order.
    """

    id: str
    texts: int
    senders: int
    first: datetime
    last: datetime
    sample: UUID
    letters: tuple[tuple[UUID, bytes], ...] = field(repr=False)


class Phones(NamedTuple):
    """Different texters whose texts are held; `till_calm`: those of whom calm lets a text go."""

    held: int
    till_calm: int


# One that is claimed has an owner, one that waits has none.
# What held a text stays told, though it is judged again once it was let go.
_JUDGE = f"""
WITH item AS (
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::float8[], $5::float8[], $6::boolean[],
        $7::boolean[], $8::text[], $9::timestamptz[])
        WITH ORDINALITY AS i (reply, fence, version, rank, line, held, grave, cluster, at, place)
), mine AS (
    SELECT item.* FROM item
    JOIN reply r ON r.id = item.reply AND r.owner IS NOT DISTINCT FROM $10::uuid AND r.fence = item.fence
        AND r.state IN ('claimed', 'queued', 'delayed') AND NOT (item.held AND r.let_go)
    ORDER BY r.id FOR UPDATE OF r
), moved AS (
    UPDATE reply r SET state = 'held', reason = CASE WHEN m.grave THEN '{GRAVE}' ELSE '{HELD}' END,
        owner = NULL, lease_until = NULL,
        changed_at = clock_timestamp()
    FROM mine m WHERE r.id = m.reply AND m.held
), noted AS (
    INSERT INTO judgement AS j (reply, version, rank, line, held, cluster, at)
    SELECT reply, version, rank, line, held, cluster, at FROM mine ORDER BY reply
    ON CONFLICT (reply) DO UPDATE SET version = excluded.version, rank = excluded.rank, line = excluded.line,
        held = excluded.held, cluster = excluded.cluster, at = excluded.at, released_at = NULL,
        released_by = ''
    WHERE excluded.held OR NOT j.held
)
SELECT place FROM mine
"""  # noqa: S608 -- our own words

# Of a long text in pieces, not before its last piece came or is no longer waited for.
_UNJUDGED = """
SELECT r.*, i.letter, i.part_reference, NULL AS answered
FROM raid_state s CROSS JOIN (SELECT version FROM raid_change ORDER BY id DESC LIMIT 1) c CROSS JOIN LATERAL (
    SELECT q.id, q.account, q.number, q.texter, q.lane, q.fence, q.received_at, q.expires_at, q.priority,
        q.unsent_by, q.let_go
    FROM reply q
    WHERE q.state IN ('queued', 'delayed') AND NOT q.let_go AND q.id <> ALL ($1::uuid[])
        AND (q.state = 'queued' OR q.join_key IS NULL OR q.fence > 0)
        AND NOT EXISTS (SELECT FROM judgement j WHERE j.reply = q.id AND j.version >= c.version)
    ORDER BY q.expires_at LIMIT $2) r
JOIN inbound i USING (id)
WHERE s.mode = 'raid' AND c.version <= $3
"""

# The time a text was held does not count towards its expiry.
_RELEASE = f"""
WITH best AS (
    SELECT r.id FROM reply r JOIN judgement j ON j.reply = r.id
    WHERE r.state = 'held' AND ($3::text IS NULL OR r.lane = $3) AND ($4::text IS NULL OR j.cluster = $4)
        AND ($5 = 'operator' OR r.reason = '{HELD}')
    ORDER BY r.received_at, r.id LIMIT $2 FOR UPDATE OF r SKIP LOCKED
), noted AS (
    UPDATE judgement j SET released_at = $1, released_by = $5 FROM best WHERE j.reply = best.id
    RETURNING j.reply, j.at
), moved AS (
    UPDATE reply r SET state = 'queued', reason = '', priority = $6, let_go = $5 = 'operator',
        not_before = NULL, expires_at = r.expires_at + greatest($1 - noted.at, interval '0'),
        changed_at = clock_timestamp()
    FROM noted WHERE r.id = noted.reply RETURNING r.id
), told AS (
    UPDATE raid_state SET let_go = let_go + CASE $5 WHEN 'operator' THEN 0 ELSE n.moved END,
        let_go_early = let_go_early + CASE $5 WHEN 'operator' THEN n.moved ELSE 0 END
    FROM (SELECT count(*) AS moved FROM moved) n WHERE n.moved > 0
)
SELECT count(*) FROM moved
"""  # noqa: S608 -- likewise

_DROP = """
WITH best AS (
    SELECT r.id FROM reply r JOIN judgement j ON j.reply = r.id
    WHERE r.state = 'held' AND ($3::text IS NULL OR j.cluster = $3)
    ORDER BY r.received_at, r.id LIMIT $2 FOR UPDATE OF r SKIP LOCKED
), noted AS (
    UPDATE judgement j SET released_at = $1, released_by = 'dropped' FROM best WHERE j.reply = best.id
), moved AS (
    UPDATE reply r SET state = 'suppressed', reason = $4, changed_at = clock_timestamp()
    FROM best WHERE r.id = best.id RETURNING r.id
), told AS (
    UPDATE raid_state SET dropped = dropped + n.moved FROM (SELECT count(*) AS moved FROM moved) n
    WHERE n.moved > 0
)
SELECT count(*) FROM moved
"""

# Lanes in which nothing better is ready, and how many texts wait there that were let go.
_ROOM = """
SELECT lane, (SELECT count(*) FROM (SELECT FROM reply q WHERE q.state = 'queued' AND q.lane = open.lane
                                    AND q.priority = $3 LIMIT $2) w) AS waiting
FROM unnest($1::text[]) AS open (lane)
WHERE NOT EXISTS (SELECT FROM reply q WHERE q.state = 'queued' AND q.lane = open.lane AND q.priority < $3)
"""

_ANY = f"""
SELECT EXISTS (SELECT FROM reply WHERE state = 'held' AND (reason = '{HELD}' OR expires_at <= $1))
"""  # noqa: S608 -- likewise

# As `router.rules.holding.worthless_at` has it.
WORTHLESS = f"""(r.state = 'held' AND r.reason = '{GRAVE}' AND r.expires_at <= $1 AND s.mode = 'calm'
    AND r.expires_at + greatest(s.since - j.at, interval '0') <= $1)"""

_FORGO = f"""
UPDATE reply SET state = 'suppressed', reason = '{Reason.EXPIRED.value}', changed_at = clock_timestamp()
WHERE id IN (SELECT r.id FROM reply r JOIN judgement j ON j.reply = r.id CROSS JOIN raid_state s
             WHERE {WORTHLESS} ORDER BY r.received_at, r.id LIMIT $2 FOR UPDATE OF r SKIP LOCKED)
"""  # noqa: S608 -- likewise

_CLUSTERS = """
SELECT c.*, i.id, i.letter, i.part_reference
FROM (SELECT j.cluster, count(*) AS texts, count(DISTINCT r.texter) AS senders, min(r.received_at) AS first,
          max(r.received_at) AS last, min(r.id::text)::uuid AS sample
      FROM reply r JOIN judgement j ON j.reply = r.id WHERE r.state = 'held'
          AND ($2::text IS NULL OR j.cluster = $2)
      GROUP BY j.cluster ORDER BY count(*) DESC, j.cluster LIMIT $1) c
JOIN inbound i ON i.id = c.sample ORDER BY c.texts DESC, c.cluster
"""

_PHONES = f"""
SELECT count(DISTINCT texter) AS held, count(DISTINCT texter) FILTER (WHERE reason = '{HELD}') AS till_calm
FROM reply WHERE state = 'held'
"""  # noqa: S608 -- likewise


@dataclass(slots=True)
class HeldBooks:
    """Each call moves at most `most` replies, so that none holds its locks for long."""

    pool: Pool
    most: int = 500

    async def any(self, now: datetime) -> bool:
        """Whether any text is held that calm lets go, or that may be worthless by now."""
        async with self.pool.connection() as connection:
            return bool(await connection.fetchval(_ANY, now))

    async def forgo(self, now: datetime) -> int:
        """In calm, silence those that waited for the operator until their reply was worthless."""
        async with self.pool.connection() as connection:
            return int((await connection.execute(_FORGO, now, self.most)).split()[-1])

    async def calm(self, now: datetime, lanes: Sequence[str], places: int) -> int:
        """Let the oldest go that these lanes have places for, but the gravest; answer how many.

        Args:
            now: Business time.
            lanes: Those that carry texts now. One in which anything better is ready gets none.
            places: Texts let go that may wait in a lane at once.
        """
        freed = 0
        async with self.pool.connection() as connection:
            for row in await connection.fetch(_ROOM, lanes, places, Priority.SUSPECT):
                left = places - row["waiting"]
                if left > 0:
                    freed += await connection.fetchval(
                        _RELEASE, now, left, row["lane"], None, "calm", Priority.SUSPECT
                    )
        return freed

    async def release(self, now: datetime, cluster: str | None, by: str) -> int:
        """Let texts of a cluster go, or all, because the operator says so; answer how many."""
        return await self._ordered(
            "raid held released", cluster, by,
            _RELEASE, now, self.most, None, cluster, "operator", Priority.SUSPECT,
        )  # fmt: skip

    async def drop(self, now: datetime, cluster: str | None, by: str) -> int:
        """Silence texts of a cluster, or all, because the operator says so; answer how many."""
        return await self._ordered(
            "raid held dropped", cluster, by, _DROP, now, self.most, cluster, Reason.OPERATOR.value
        )

    async def unjudged(self, version: int, but: Collection[UUID], most: int) -> list[Claimed]:
        """In a raid, texts that wait unclaimed and that it has not judged yet; none in calm.

        Args:
            version: Of the stance that they are to be judged by: one from before the raid judges none.
            but: Texts to leave out.
            most: Texts at once. They are read as if claimed, but nothing is known of their texters.
        """
        async with self.pool.connection() as connection:
            rows = await connection.fetch(_UNJUDGED, list(but), most, version)
            return [claimed(row, await letters(connection, row)) for row in rows]

    async def judge(self, verdicts: Sequence[Verdict]) -> list[bool]:
        """Write down judgements of texts that wait unclaimed. False where one does not any more."""
        async with self.pool.connection() as connection:
            return await _judge(connection, None, verdicts)

    async def clusters(self, most: int, cluster: str | None = None) -> list[HeldCluster]:
        """What the held texts look like, the largest cluster first; or the one of that name."""
        async with self.pool.connection() as connection:
            rows = await connection.fetch(_CLUSTERS, most, cluster)
            return [
                HeldCluster(
                    id=row["cluster"],
                    texts=row["texts"],
                    senders=row["senders"],
                    first=row["first"],
                    last=row["last"],
                    sample=row["sample"],
                    letters=await letters(connection, row),
                )
                for row in rows
            ]

    async def phones(self) -> Phones:
        """From how many phones the held texts are: each gets one answer a period at most."""
        async with self.pool.connection() as connection:
            row = await connection.fetchrow(_PHONES)
        assert row is not None  # noqa: S101 -- an aggregate always has a row
        return Phones(*row)

    async def _ordered(self, what: str, cluster: str | None, by: str, order: str, *arguments: object) -> int:
        done = 0
        async with self.pool.connection() as connection:
            while moved := await connection.fetchval(order, *arguments):
                done += moved
            if done:
                await record(connection, what, {"cluster": cluster, "texts": done}, by)
        return done


async def judge(line: Line, owner: UUID, verdicts: Sequence[Verdict]) -> list[bool]:
    """Write judgements down, and hold what is to be held. False where the reply was no longer ours."""
    async with line.connection() as connection:
        return await _judge(connection, owner, verdicts)


async def _judge(connection: Connection, owner: UUID | None, verdicts: Sequence[Verdict]) -> list[bool]:
    rows = await connection.fetch(_JUDGE, *map(list, zip(*verdicts, strict=True)), owner)
    places = {row["place"] for row in rows}
    return [place in places for place in range(1, len(verdicts) + 1)]

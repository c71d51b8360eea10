"""Texts as rows: stored with their reply, claimed under a lease, finished or given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.columns import lean
from router.postgres.pool import Connection, Line
from router.rules.answer import History
from router.rules.consent import Consent

POISON: tuple[type[Exception], ...] = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What the database says when it refuses the content of a batch; nothing of the batch was done."""


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One text to store. Times are business time; `letter` and `raw` are sealed.

    Rows like this one are not frozen: freezing makes them four times as dear, and each text makes several.

    `claim` stores its reply as already claimed by this process, so that the hot path needs no claim.
    """

    id: UUID
    account: str
    provider_id: str
    number: str
    texter: bytes
    letter: bytes = field(repr=False)
    raw: bytes = field(repr=False)
    part: tuple[str, int, int] | None = None
    join_key: str | None = None
    provider_at: datetime | None = None
    received_at: datetime
    not_before: datetime | None = None
    expires_at: datetime
    verified: bool = True
    source: str = "webhook"
    score: float = 0.0
    tier: str = "none"
    lane: str
    priority: int = 1
    cost: tuple[int, Any, str, Any] | None = None
    claim: bool = False


class Stored(NamedTuple):
    """What storing found: whether the text is new, and its texter's history if its reply is ours now."""

    fresh: bool
    claimed: bool
    history: History


@dataclass(slots=True, kw_only=True)
class Claimed:
    """A reply that is ours until the lease is over."""

    id: UUID
    account: str
    number: str
    texter: bytes
    lane: str
    fence: int
    letters: tuple[tuple[UUID, bytes], ...] = field(repr=False)
    received_at: datetime
    expires_at: datetime
    history: History
    priority: int = 1
    unsent_by: str = ""
    let_go: bool = False


class Finish(NamedTuple):
    """Where a claimed reply goes without an attempt: suppressed, failed, or back to wait, behind others."""

    id: UUID
    fence: int
    state: str
    reason: str
    not_before: datetime | None
    priority: int | None = None


_STORE = """
WITH item AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
        $7::bytea[], $8::text[], $9::smallint[], $10::smallint[], $11::text[], $12::timestamptz[],
        $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::boolean[], $17::text[],
        $18::real[], $19::text[], $20::text[], $21::smallint[], $22::bigint[],
        $23::numeric[], $24::text[], $25::numeric[], $26::boolean[])
        WITH ORDINALITY AS i (id, account, provider_id, number, texter, letter, raw,
        part_reference, part_index, part_total, join_key, provider_at, received_at,
        not_before, expires_at, verified, source, score, tier,
        lane, priority, cost, cost_amount, cost_unit, cost_rate, claim, place)
), fresh AS (
    INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, part_reference, part_index,
        part_total, provider_at, received_at, verified, source, score, tier,
        cost, cost_amount, cost_unit, cost_rate, cost_due)
    SELECT id, account, provider_id, number, texter, letter, raw, part_reference, part_index,
        part_total, provider_at, received_at, verified, source, score, tier,
        coalesce(cost, 0), cost_amount, cost_unit, cost_rate, coalesce(cost, 0) > 0
    FROM item ORDER BY id
    ON CONFLICT (id) DO NOTHING RETURNING id
), answered AS (
    INSERT INTO reply (id, account, number, texter, lane, state, priority, received_at, not_before,
        expires_at, owner, fence, lease_until, join_key)
    SELECT id, account, number, texter, lane,
        CASE WHEN claim THEN 'claimed' WHEN not_before IS NOT NULL THEN 'delayed' ELSE 'queued' END,
        CASE WHEN NOT claim AND priority = 1 AND
            (SELECT x.answered > 0 FROM texter x WHERE x.pseudonym = item.texter) THEN 2 ELSE priority END,
        received_at, not_before, expires_at,
        CASE WHEN claim THEN $27::uuid END, CASE WHEN claim THEN 1 ELSE 0 END,
        CASE WHEN claim THEN clock_timestamp() + $28::interval END, join_key
    FROM item JOIN fresh USING (id) ORDER BY join_key
    ON CONFLICT DO NOTHING RETURNING id, state
)
SELECT fresh.id IS NOT NULL AS fresh, coalesce(answered.state = 'claimed', false) AS claimed,
    x.next_allowed_at, x.answered, x.opted_out_at, x.stop_confirmed
FROM item LEFT JOIN fresh USING (id) LEFT JOIN answered USING (id)
LEFT JOIN texter x ON answered.state = 'claimed' AND x.pseudonym = item.texter
ORDER BY item.place
"""

# A long text in pieces waits for its last piece; this is the moment it came. Locked before they are
# counted: of pieces stored at once, each would not see the others.
_OWNERS = "SELECT id, state FROM reply WHERE join_key = ANY ($1::text[]) ORDER BY id FOR UPDATE"
_WHOLE = """
UPDATE reply r SET state = 'queued', not_before = NULL, changed_at = clock_timestamp()
FROM inbound first
WHERE r.id = ANY ($1::uuid[]) AND first.id = r.id AND first.part_total <= (
    SELECT count(DISTINCT p.part_index) FROM inbound p
    WHERE p.account = first.account AND p.texter = first.texter AND p.part_reference = first.part_reference
      AND p.received_at BETWEEN first.received_at - interval '10 min'
                            AND first.received_at + interval '10 min')
"""

_CLAIM = """
WITH best AS (
    SELECT r.id FROM unnest($1::text[]) AS open (lane) CROSS JOIN LATERAL (
        SELECT q.id, q.priority, q.received_at FROM reply q WHERE q.state = 'queued' AND q.lane = open.lane
        ORDER BY q.priority, q.received_at DESC LIMIT $2 FOR UPDATE SKIP LOCKED) r
    ORDER BY r.priority, r.received_at DESC LIMIT $2
), mine AS (
    UPDATE reply SET state = 'claimed', owner = $3, fence = fence + 1, changed_at = clock_timestamp(),
        lease_until = clock_timestamp() + $4::interval
    FROM best WHERE reply.id = best.id
    RETURNING reply.id, reply.account, reply.number, reply.texter, reply.lane, reply.fence, reply.received_at,
        reply.expires_at, reply.priority, reply.join_key, reply.unsent_by, reply.let_go
)
SELECT mine.*, i.letter, i.part_reference, x.next_allowed_at, x.answered, x.opted_out_at, x.stop_confirmed
FROM mine JOIN inbound i USING (id) LEFT JOIN texter x ON x.pseudonym = mine.texter
ORDER BY mine.priority, mine.received_at DESC
"""

_PARTS = """
SELECT DISTINCT ON (p.part_index) p.id, p.letter FROM inbound p JOIN inbound first ON first.id = $1
WHERE p.account = first.account AND p.texter = first.texter AND p.part_reference = first.part_reference
  AND p.received_at BETWEEN first.received_at - interval '10 min' AND first.received_at + interval '10 min'
ORDER BY p.part_index, p.received_at
"""

_FINISH = """
WITH done AS (
    SELECT r.id, i.state, i.reason, i.not_before, i.priority, i.place
    FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[], $6::smallint[])
        WITH ORDINALITY AS i (id, fence, state, reason, not_before, priority, place)
    JOIN reply r ON r.id = i.id AND r.owner = $7 AND r.fence = i.fence AND r.state = 'claimed'
    ORDER BY r.id FOR UPDATE OF r
), moved AS (
    UPDATE reply r SET state = d.state, reason = d.reason, not_before = coalesce(d.not_before, r.not_before),
        priority = coalesce(d.priority, r.priority), owner = NULL, lease_until = NULL,
        changed_at = clock_timestamp()
    FROM done d WHERE r.id = d.id RETURNING d.place
)
SELECT place FROM moved
"""

# Made first, locked after: arming does the same, and whoever does both at once waits in a circle with it.
_MET = (
    "INSERT INTO texter (pseudonym) SELECT k FROM unnest($1::bytea[]) AS k ORDER BY k ON CONFLICT DO NOTHING"
)
_CONSENT = """
WITH said AS (
    SELECT x.pseudonym, t.at FROM unnest($1::bytea[], $2::timestamptz[]) AS t (pseudonym, at)
    JOIN texter x USING (pseudonym) ORDER BY x.pseudonym FOR UPDATE OF x
)
UPDATE texter x SET opted_out_at = CASE WHEN s.at IS NOT NULL THEN coalesce(x.opted_out_at, s.at) END
FROM said s WHERE x.pseudonym = s.pseudonym
"""


class Inbox:
    """The texts of one process: `owner` is who claims, `lease` how long a claim lasts."""

    def __init__(self, owner: UUID, lease: timedelta) -> None:
        self.owner = owner
        self.lease = lease

    async def store(self, line: Line, arrivals: Sequence[Arrival]) -> list[Stored]:
        """Store texts and their replies in one commit. Of two with one id the second is not fresh."""
        first = {arrival.id: place for place, arrival in reversed(list(enumerate(arrivals)))}
        rows = [arrivals[place] for place in first.values()]
        joins = [row.join_key for row in rows if row.join_key is not None]
        async with line.connection() as connection:
            if joins:
                async with connection.transaction():
                    found = await connection.fetch(_STORE, *_columns(rows), self.owner, self.lease)
                    owners = await connection.fetch(_OWNERS, joins)
                    await connection.execute(_WHOLE, [o["id"] for o in owners if o["state"] == "delayed"])
            else:
                found = await connection.fetch(_STORE, *_columns(rows), self.owner, self.lease)
        stored = [Stored(fresh=False, claimed=False, history=History())] * len(arrivals)
        for place, record in zip(first.values(), found, strict=True):
            stored[place] = Stored(record["fresh"], record["claimed"], _history(record))
        return stored

    async def claim(self, line: Line, lanes: Sequence[str], most: int) -> list[Claimed]:
        """Claim up to `most` waiting replies from these lanes, best first."""
        async with line.connection() as connection:
            records = await connection.fetch(_CLAIM, lanes, most, self.owner, self.lease)
            return [claimed(record, await letters(connection, record)) for record in records]

    async def finish(self, line: Line, items: Sequence[Finish]) -> list[bool]:
        """Let claimed replies go. False where one was no longer ours."""
        async with line.connection() as connection:
            moved = await connection.fetch(_FINISH, *map(list, zip(*items, strict=True)), self.owner)
        places = {record["place"] for record in moved}
        return [place in places for place in range(1, len(items) + 1)]

    async def consent(self, line: Line, wishes: Sequence[tuple[bytes, Consent, datetime]]) -> list[None]:
        """Keep what texters asked for: the last wish of each counts."""
        last = {texter: at if wish is Consent.OPT_OUT else None for texter, wish, at in wishes}
        async with line.connection() as connection:
            await connection.execute(_MET, list(last))
            await connection.execute(_CONSENT, list(last), list(last.values()))
        return [None] * len(wishes)


def _columns(rows: Sequence[Arrival]) -> list[Sequence[Any]]:
    nothing = (None, None, None)
    spelled = [
        (
            row.id, row.account, row.provider_id, row.number, row.texter, row.letter, row.raw,
            *(row.part or nothing), row.join_key, row.provider_at, row.received_at,
            row.not_before, row.expires_at, row.verified, row.source, row.score, row.tier,
            row.lane, row.priority, *(row.cost or (None, *nothing)), row.claim,
        )
        for row in rows
    ]  # fmt: skip
    return lean(spelled) or [()] * 26


def _history(record: asyncpg.Record) -> History:
    if record["answered"] is None:
        return History()
    return History(
        next_allowed_at=record["next_allowed_at"],
        answered=record["answered"],
        opted_out_at=record["opted_out_at"],
        stop_confirmed=record["stop_confirmed"],
    )


async def letters(connection: Connection, record: asyncpg.Record) -> tuple[tuple[UUID, bytes], ...]:
    """The sealed pieces of a text, by a row of its id, letter and part_reference; of a whole one, itself."""
    if record["part_reference"] is None:
        return ((record["id"], record["letter"]),)
    parts = await connection.fetch(_PARTS, record["id"])
    return tuple((part["id"], part["letter"]) for part in parts)


def claimed(record: asyncpg.Record, letters: tuple[tuple[UUID, bytes], ...]) -> Claimed:
    """A reply as relaying sees it, by its row and its texter's (`answered` null: nothing is known)."""
    return Claimed(
        id=record["id"],
        account=record["account"],
        number=record["number"],
        texter=record["texter"],
        lane=record["lane"],
        fence=record["fence"],
        letters=letters,
        received_at=record["received_at"],
        expires_at=record["expires_at"],
        history=_history(record),
        priority=record["priority"],
        unsent_by=record["unsent_by"],
        let_go=record["let_go"],
    )

"""How long evidence is kept: erased when its time is over or its texter asks, unless a hold keeps it.

A letter, a request and sealed words go; the leaf stays, and an act says which leaves lost theirs, and why.
What raids are counted by goes too: terms and pseudonyms of single texts. The newest count of all words stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.evidence import OVER
from router.postgres.orders import record
from router.postgres.pool import Connection, Pool
from router.rules.campaign import SPAN, Mode
from router.rules.evidence import ranges


class Hold(NamedTuple):
    """A legal hold: what came in then is not erased until it is lifted. Business time."""

    name: str
    from_at: datetime
    to_at: datetime
    lifted_at: datetime | None


class Erased(NamedTuple):
    """What an erasure did.

    Args:
        texts: Leaves that lost their words.
        held: Texts that a legal hold keeps.
        waiting: Texts that are not answered yet, or not sealed.
    """

    texts: int
    held: int = 0
    waiting: int = 0


_ACT = "INSERT INTO evidence_act (what, by, why, detail) VALUES ($1, $2, $3, $4::jsonb) RETURNING id"


def _held(at: str, since: str = "") -> str:
    """Whether a hold keeps what came at a moment; or of what came since another, any of it."""
    return f"""EXISTS (SELECT FROM evidence_hold h
    WHERE h.lifted_at IS NULL AND {at} >= h.from_at AND {since or at} < h.to_at)"""


# The answer to a long text is owed to its first piece, and reads all of them.
_WAITING = f"r.state NOT IN ({', '.join(map(repr, OVER))})"
_WAITS = f"""(EXISTS (SELECT FROM reply r WHERE r.id = e.item AND {_WAITING})
    OR EXISTS (SELECT FROM inbound i JOIN inbound f ON f.account = i.account AND f.texter = i.texter
                   AND f.part_reference = i.part_reference JOIN reply r ON r.id = f.id
               WHERE i.id = e.item AND i.part_reference IS NOT NULL AND {_WAITING}))"""  # noqa: S608 -- our own words


def _erase(which: str) -> str:
    return f"""
WITH due AS (
    SELECT e.root, e.place, e.item FROM evidence e
    WHERE e.kind IN ('text', 'proof') AND (CASE WHEN e.apart THEN e.words ELSE e.record END) IS NOT NULL
        AND {which}
        AND NOT {_held("e.received_at")} AND NOT {_WAITS}
    ORDER BY e.received_at LIMIT $1 FOR UPDATE
), emptied AS (
    UPDATE inbound SET letter = '', raw = '' WHERE id IN (SELECT item FROM due)
)
UPDATE evidence e SET record = CASE WHEN e.apart THEN e.record END, words = NULL
FROM due WHERE e.root = due.root AND e.place = due.place
RETURNING e.root, e.place
"""  # noqa: S608 -- our own words


_OVERDUE = _erase("e.received_at < CASE WHEN e.flagged THEN $3::timestamptz ELSE $2::timestamptz END")

_OF_TEXTER = _erase("e.item IN (SELECT id FROM inbound WHERE texter = $2)")

_LEFT = f"""
SELECT count(*) FILTER (WHERE held) AS held, count(*) FILTER (WHERE NOT held) AS waiting
FROM (SELECT {_held("i.received_at")} AS held FROM inbound i WHERE i.texter = $1 AND i.letter <> '') kept
"""  # noqa: S608 -- likewise

_RECEIPTS_OF = f"""
UPDATE receipt e SET raw = ''
WHERE e.raw <> '' AND (e.texter = $1 OR e.attempt IN (SELECT reference FROM attempt WHERE texter = $1))
  AND NOT {_held("e.received_at")}
"""  # noqa: S608 -- likewise


def _once(name: str, first: str, empty: str) -> str:
    """Go through a table once, in the order of time; lifting a hold goes back to where it began."""
    return f"""
WITH mark AS (
    SELECT coalesce((SELECT at FROM watermark WHERE account = '' AND name = '{name}'), ({first})) AS at
), upto AS (
    SELECT mark.at AS since, least($1::timestamptz, mark.at + $2::interval) AS at FROM mark WHERE mark.at < $1
), moved AS (
    INSERT INTO watermark (account, name, at) SELECT '', '{name}', upto.at FROM upto
    ON CONFLICT (account, name) DO UPDATE SET at = excluded.at
), emptied AS (
    {empty}
)
SELECT at < $1 FROM upto
"""  # noqa: S608 -- likewise


_RECEIPTS = _once(
    "receipts_forgotten",
    "SELECT min(received_at) FROM receipt",
    f"""UPDATE receipt e SET raw = '' FROM upto WHERE e.received_at >= upto.since
    AND e.received_at < upto.at AND e.raw <> '' AND NOT {_held("e.received_at")}""",  # noqa: S608 -- likewise
)

_BUCKETS = {
    mode: _once(
        f"{mode}_buckets_forgotten",
        "SELECT min(at) FROM raid_bucket",
        f"""UPDATE raid_bucket e SET sightings = '{{}}', words = CASE WHEN e.version = newest.version
        THEN e.words END
    FROM upto, (SELECT max(version) AS version FROM raid_bucket WHERE words IS NOT NULL) newest
    WHERE e.at >= upto.since AND e.at < upto.at AND e.mode = '{mode}'
        AND NOT {_held("e.at", f"e.at - interval '{SPAN}'")}""",  # noqa: S608 -- likewise
    )
    for mode in Mode
}

_BACK_TO = """
UPDATE watermark SET at = least(at, $1) WHERE account = '' AND name LIKE '%_forgotten'
"""

_HOLD = """
INSERT INTO evidence_hold (name, from_at, to_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING name
"""

_HOLDS = "SELECT name, from_at, to_at, lifted_at FROM evidence_hold ORDER BY lifted_at NULLS FIRST, name"

_LIFT = """
UPDATE evidence_hold SET lifted_at = clock_timestamp() WHERE name = $1 AND lifted_at IS NULL RETURNING from_at
"""


@dataclass(slots=True)
class Keeping:
    """Erases, holds and lifts; each writes down what it did in the same commit.

    Args:
        most: Texts in one commit.
    """

    pool: Pool = field(repr=False)
    most: int = 500

    async def forget(self, ordinary_before: datetime, flagged_before: datetime) -> int:
        """Erase texts whose time is over; answer how many went. Business time."""
        async with self.pool.connection() as connection, connection.transaction():
            gone = await connection.fetch(_OVERDUE, self.most, ordinary_before, flagged_before)
            await _erased(connection, gone, "the router", "kept for as long as the settings say")
        return len(gone)

    async def forget_receipts(self, before: datetime, step: timedelta = timedelta(hours=6)) -> bool:
        """Empty the requests of receipts of the next span of time; True if more are due."""
        async with self.pool.connection() as connection, connection.transaction():
            return bool(await connection.fetchval(_RECEIPTS, before, step))

    async def forget_buckets(
        self, mode: Mode, before: datetime, step: timedelta = timedelta(hours=6)
    ) -> bool:
        """Forget what raids were counted by, in buckets of one mode; True if more are due."""
        async with self.pool.connection() as connection, connection.transaction():
            return bool(await connection.fetchval(_BUCKETS[mode], before, step))

    async def erase_texter(self, texter: bytes, *, by: str, why: str) -> Erased:
        """Erase what a texter wrote, and what of it must stay for now."""
        count = 0
        while True:
            async with self.pool.connection() as connection, connection.transaction():
                gone = await connection.fetch(_OF_TEXTER, self.most, texter)
                await _erased(connection, gone, by, why)
                await connection.execute(_RECEIPTS_OF, texter)
                left = await connection.fetchrow(_LEFT, texter)
            count += len(gone)
            if len(gone) < self.most:
                assert left is not None  # noqa: S101 -- an aggregate always has a row
                return Erased(count, left["held"], left["waiting"])

    async def hold(self, name: str, from_at: datetime, to_at: datetime, *, by: str, why: str) -> bool:
        """Keep all that came in then; False if a hold is called so already."""
        async with self.pool.connection() as connection, connection.transaction():
            if await connection.fetchval(_HOLD, name, from_at, to_at) is None:
                return False
            said = {"name": name, "from": from_at.isoformat(), "to": to_at.isoformat()}
            await act(connection, "held", by, why, said)
            await record(connection, "evidence held", said, by)
        return True

    async def lift(self, name: str, *, by: str, why: str) -> bool:
        """End a hold: what is overdue is erased in the next round. False if there is none that is on."""
        async with self.pool.connection() as connection, connection.transaction():
            began = await connection.fetchval(_LIFT, name)
            if began is None:
                return False
            await connection.execute(_BACK_TO, began)
            await act(connection, "lifted", by, why, {"name": name})
            await record(connection, "evidence lifted", {"name": name}, by)
        return True

    async def holds(self) -> list[Hold]:
        """All holds, those that are on first."""
        async with self.pool.connection() as connection:
            rows = await connection.fetch(_HOLDS)
        return [Hold(**row) for row in rows]

    async def opened(self, by: str, why: str, detail: Mapping[str, object]) -> None:
        """Write down that a person opened what texters wrote: who, when, which, why. No number, no words."""
        async with self.pool.connection() as connection:
            await act(connection, "opened", by, why, detail)

    async def exported(self, by: str, whom: str, detail: Mapping[str, object]) -> UUID:
        """Write down that a folder is made for somebody: as evidence, and among what operators did.

        Answers the act, which is sealed as texts are.
        """
        async with self.pool.connection() as connection, connection.transaction():
            done = await act(connection, "opened", by, f"export for {whom}", detail)
            await record(connection, "evidence exported", {**detail, "whom": whom}, by)
        return done


async def act(connection: Connection, what: str, by: str, why: str, detail: Mapping[str, object]) -> UUID:
    """Write down an act; it is sealed as texts are."""
    done: UUID = await connection.fetchval(_ACT, what, by, why, json.dumps(detail))
    return done


async def _erased(connection: Connection, gone: Iterable[asyncpg.Record], by: str, why: str) -> None:
    places: dict[int, list[int]] = {}
    for row in gone:
        places.setdefault(row["root"], []).append(row["place"])
    if places:
        leaves = {str(root): ranges(found) for root, found in sorted(places.items())}
        await act(connection, "erased", by, why, {"leaves": leaves})

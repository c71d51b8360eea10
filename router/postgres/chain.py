"""What was sealed, read as of one moment: roots, leaves, and what stands beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.evidence import OVER, TOLD, Due, stored
from router.postgres.pool import Connection, Pool
from router.rules.evidence import Root

_AT_ONCE = 500


class Link(NamedTuple):
    """A root as it is kept: what it is made of, and what is said to be its hash."""

    root: Root
    said: bytes


@dataclass(frozen=True, slots=True)
class Trees:
    """Which trees tell of a period.

    Args:
        first: Of a run without a gap that has all its texts, and all trees that were made in it; 0 for none.
        last: Of that run.
        more: Trees with what became of its texts, and with changes of mode of that time.
        acts: Trees with acts that erased some of the texts.
        count: Texts of the period.
        whole: Texts of these trees that were sealed as a whole.
    """

    first: int
    last: int
    more: list[int]
    acts: list[int]
    count: int
    whole: int

    @property
    def shown(self) -> set[int]:
        """All of them."""
        return {*range(self.first, self.last + 1), *self.more, *self.acts}


# By the texts and by the clock, so that neither a text nor a minute can be left out unseen.
_OF_PERIOD = """
SELECT least(min(e.root), (SELECT min(number) FROM evidence_root WHERE at >= $1)) AS first,
    greatest(max(e.root), (SELECT coalesce(
        (SELECT min(number) FROM evidence_root WHERE at >= $2), max(number)) FROM evidence_root)) AS last,
    count(*) FILTER (WHERE e.kind = 'text') AS texts
FROM evidence e WHERE e.kind IN ('text', 'proof') AND e.received_at >= $1 AND e.received_at < $2
"""

_MORE = """
SELECT d.root FROM evidence t JOIN evidence d ON d.item = t.item AND d.kind IN ('decision', 'judgement')
WHERE t.kind = 'text' AND t.received_at >= $1 AND t.received_at < $2
UNION
SELECT e.root FROM raid_change c JOIN evidence e ON e.item = c.item WHERE c.at >= $1 AND c.at < $2
"""

_WHOLE = """
SELECT count(*) FROM evidence WHERE kind IN ('text', 'proof') AND NOT apart AND root = ANY ($1::bigint[])
"""

_SEALED_IN = "SELECT root FROM evidence WHERE item = $1"

_ERASING = """
SELECT DISTINCT e.root FROM evidence_act a JOIN evidence e ON e.item = a.id AND e.kind = 'act'
WHERE a.what = 'erased' AND a.detail -> 'leaves' ?| $1::text[]
"""

_ROOTS = """
SELECT number, previous, tree, leaves, at, root FROM evidence_root
WHERE number BETWEEN $1 AND $2 ORDER BY number
"""

_ALL_ROOTS = "SELECT number, previous, tree, leaves, at, root FROM evidence_root ORDER BY number"

_STAMPS = """
SELECT number, answer FROM evidence_stamp WHERE number BETWEEN $1 AND $2
UNION ALL (SELECT number, answer FROM evidence_stamp WHERE number > $2 ORDER BY number LIMIT 1)
"""

_DECISIONS = """
SELECT d.item, d.kind, d.record
FROM evidence t JOIN evidence d ON d.item = t.item AND d.kind IN ('decision', 'judgement')
WHERE t.kind = 'text' AND t.received_at >= $1 AND t.received_at < $2 ORDER BY d.root, d.place
"""

_LEAVES = """
SELECT e.root, e.place, e.kind, e.item, e.number, e.flagged, e.leaf, e.record AS sealed, e.words, e.apart,
    e.received_at AS at, i.id, i.raw
FROM evidence e LEFT JOIN inbound i ON e.kind IN ('text', 'proof') AND i.id = e.item
"""

# In one go over all, so that no plan looks for each leaf anew.
_OUTDATED = """
SELECT root, place FROM (
    SELECT root, place, row_number() OVER (PARTITION BY kind, item ORDER BY root DESC, place DESC) AS nth
    FROM evidence) leaf WHERE nth > 1
"""

_PROVED = "SELECT DISTINCT item FROM evidence WHERE kind = 'proof' AND item = ANY ($1::uuid[])"

_NEWEST = "SELECT coalesce(max(number), 0) FROM evidence_root"

_TOLD = f"SELECT {TOLD}"

_ACTS_LATELY = """
SELECT a.what, a.detail FROM evidence_act a JOIN evidence_due d ON d.kind = 'act' AND d.item = a.id
ORDER BY a.at
"""

# What never was sealed though it is there, and does not wait to be: by kind of leaf.
_UNSEALED = f"""
SELECT kind, id FROM (
    SELECT 'text' AS kind, id FROM inbound UNION ALL SELECT 'act', id FROM evidence_act
    UNION ALL SELECT 'change', item FROM raid_change UNION ALL SELECT 'label', inbound FROM review
    UNION ALL SELECT 'order', item FROM operator_action
    UNION ALL SELECT 'judgement', j.reply FROM judgement j JOIN reply r ON r.id = j.reply
        WHERE r.state = 'held'
    UNION ALL SELECT 'decision', r.id FROM reply r WHERE r.state IN ({", ".join(map(repr, OVER))})
        AND NOT EXISTS (SELECT FROM evidence_due d WHERE d.item = r.id AND d.kind = 'text')
) there
WHERE NOT EXISTS (SELECT FROM evidence e WHERE e.item = there.id AND e.kind = there.kind)
    AND NOT EXISTS (SELECT FROM evidence_due d WHERE d.item = there.id AND d.kind = there.kind)
    AND NOT EXISTS (SELECT FROM evidence_undecided u WHERE u.text = there.id AND there.kind = 'decision')
LIMIT $1
"""  # noqa: S608 -- our own words

# A reply says again what its text says. Late proof of who texted does not change one that was decided.
_REPLIES_DIFFER = """
SELECT r.id, array_remove(ARRAY[
    CASE WHEN r.account <> i.account THEN 'account' END, CASE WHEN r.number <> i.number THEN 'number' END,
    CASE WHEN r.received_at <> i.received_at THEN 'received_at' END,
    CASE WHEN r.texter <> i.texter
        AND NOT EXISTS (SELECT FROM evidence e WHERE e.item = i.id AND e.kind = 'proof')
        AND NOT EXISTS (SELECT FROM evidence_due d WHERE d.item = i.id) THEN 'texter' END], NULL) AS columns
FROM reply r JOIN inbound i ON i.id = r.id
WHERE (r.account, r.number, r.received_at, r.texter)
    IS DISTINCT FROM (i.account, i.number, i.received_at, i.texter)
"""

_WAIT = """
SELECT kind, item FROM evidence_due UNION ALL SELECT 'decision', text FROM evidence_undecided
"""

_HOLDS = "SELECT name, from_at, to_at, lifted_at IS NOT NULL AS lifted FROM evidence_hold"


@dataclass(slots=True)
class Snapshot:
    """Reads; whatever others do meanwhile is not seen."""

    connection: Connection = field(repr=False)

    async def due(self) -> bool:
        """Whether something waits to be sealed."""
        return bool(await self.connection.fetchval("SELECT EXISTS (SELECT FROM evidence_due)"))

    async def trees(self, from_at: datetime, to_at: datetime) -> Trees:
        """Which trees tell of a period of business time."""
        found = await self.connection.fetchrow(_OF_PERIOD, from_at, to_at)
        assert found is not None  # noqa: S101 -- an aggregate always has a row
        if not found["texts"]:
            return Trees(0, -1, [], [], 0, 0)
        first, last = found["first"], found["last"]
        more = [row["root"] for row in await self.connection.fetch(_MORE, from_at, to_at)]
        run = range(first, last + 1)
        acts = [row["root"] for row in await self.connection.fetch(_ERASING, [str(root) for root in run])]
        whole = await self.connection.fetchval(_WHOLE, [*run, *more, *acts])
        return Trees(first, last, more, acts, found["texts"], whole)

    async def sealed_in(self, item: UUID) -> int | None:
        """The tree that has this act's leaf."""
        root: int | None = await self.connection.fetchval(_SEALED_IN, item)
        return root

    async def roots(self, first: int, last: int) -> list[Link]:
        """Roots from one to another, in order."""
        return [_link(row) for row in await self.connection.fetch(_ROOTS, first, last)]

    async def all_roots(self) -> AsyncIterator[Link]:
        """The chain."""
        async for row in self.connection.cursor(_ALL_ROOTS, prefetch=_AT_ONCE):
            yield _link(row)

    async def stamps(self, first: int, last: int) -> dict[int, bytes]:
        """Timestamps of roots from one to another, and the first one after them, which covers them all."""
        return {row["number"]: row["answer"] for row in await self.connection.fetch(_STAMPS, first, last)}

    async def decisions(self, from_at: datetime, to_at: datetime) -> AsyncIterator[tuple[UUID, str, bytes]]:
        """Texts of a period, the kind and the sealed record of each leaf that says what became of them."""
        async for row in self.connection.cursor(_DECISIONS, from_at, to_at, prefetch=_AT_ONCE):
            yield row["item"], row["kind"], row["record"]

    async def leaves(self, trees: Collection[int] | None = None) -> AsyncIterator[Mapping[str, Any]]:
        """Leaves of these trees, or of all, in order; a text's with its request, null for none."""
        order = "ORDER BY e.root, e.place"
        if trees is None:
            cursor = self.connection.cursor(f"{_LEAVES} {order}", prefetch=_AT_ONCE)
        else:
            which = "WHERE e.root = ANY ($1::bigint[])"
            cursor = self.connection.cursor(f"{_LEAVES} {which} {order}", list(trees), prefetch=_AT_ONCE)
        async for row in cursor:
            yield dict(row)

    async def outdated(self) -> set[tuple[int, int]]:
        """Leaves after which another of their kind says something else of the same: by root and place."""
        return {(row["root"], row["place"]) for row in await self.connection.fetch(_OUTDATED)}

    async def proved(self, texts: Collection[UUID]) -> set[UUID]:
        """Those of these texts of which a later leaf says what their carrier said itself."""
        return {row["item"] for row in await self.connection.fetch(_PROVED, list(texts))}

    async def newest(self) -> int:
        """Number of the newest root, 0 for none."""
        return int(await self.connection.fetchval(_NEWEST))

    async def told(self) -> int:
        """Up to which root every place away from this machine has been told, 0 for none."""
        return int(await self.connection.fetchval(_TOLD))

    async def never_due(self, most: int) -> list[tuple[str, UUID]]:
        """What is stored, not sealed, and does not wait to be: the kind of its leaf, and which."""
        return [(row["kind"], row["id"]) for row in await self.connection.fetch(_UNSEALED, most)]

    async def waiting(self) -> set[tuple[str, UUID]]:
        """What waits to be sealed, or to be sealed anew, as it says something else by now."""
        return {(row["kind"], row["item"]) for row in await self.connection.fetch(_WAIT)}

    async def stored(self, root: int, items: Mapping[str, list[UUID]]) -> Due:
        """What is stored of these by now, by kind of leaf."""
        return await stored(self.connection, root, items)

    async def replies_that_differ(self) -> list[tuple[UUID, list[str]]]:
        """Replies that do not say of their text what it says itself, and in which columns."""
        rows = await self.connection.fetch(_REPLIES_DIFFER)
        return [(row["id"], row["columns"]) for row in rows if row["columns"]]

    async def holds(self) -> dict[str, tuple[datetime, datetime, bool]]:
        """Legal holds by name: from when to when, and whether it was lifted."""
        return {row["name"]: tuple(row.values())[1:] for row in await self.connection.fetch(_HOLDS)}

    async def acts_lately(self) -> list[Mapping[str, Any]]:
        """Acts that wait to be sealed."""
        return [dict(row) for row in await self.connection.fetch(_ACTS_LATELY)]


@asynccontextmanager
async def snapshot(pool: Pool) -> AsyncIterator[Snapshot]:
    """Until the block ends. It holds up no writer, and no count of texts."""
    async with (
        pool.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield Snapshot(connection)


def _link(row: asyncpg.Record) -> Link:
    words = dict(row)
    said = words.pop("root")
    return Link(Root(**words), said)

"""What was sealed, read as of one moment: roots, leaves, and what stands beside them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.evidence import TOLD
from router.postgres.held import ONCE_HELD
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
        texts: Trees with its texts, in order.
        more: Trees with their decisions, and with changes of mode of that time.
        acts: Trees with acts that erased some of the texts.
        count: Texts of the period.
    """

    texts: list[int]
    more: list[int]
    acts: list[int]
    count: int


_OF_PERIOD = """
SELECT array_agg(DISTINCT root) AS roots, count(*) FILTER (WHERE kind = 'text') AS texts
FROM evidence WHERE kind IN ('text', 'proof') AND received_at >= $1 AND received_at < $2
"""

_MORE = """
SELECT d.root FROM evidence t JOIN evidence d ON d.item = t.item AND d.kind = 'decision'
WHERE t.kind = 'text' AND t.received_at >= $1 AND t.received_at < $2
UNION
SELECT e.root FROM raid_change c JOIN evidence e ON e.item = c.item WHERE c.at >= $1 AND c.at < $2
"""

_ERASING = """
SELECT DISTINCT e.root FROM evidence_act a JOIN evidence e ON e.item = a.id AND e.kind = 'act'
WHERE a.what = 'erased' AND a.detail -> 'leaves' ?| $1::text[]
"""

_ROOTS = """
SELECT number, previous, tree, leaves, at, root FROM evidence_root
WHERE number BETWEEN $1 AND $2 OR number = ANY ($3::bigint[]) ORDER BY number
"""

_ALL_ROOTS = "SELECT number, previous, tree, leaves, at, root FROM evidence_root ORDER BY number"

_STAMPS = """
SELECT number, answer FROM evidence_stamp WHERE number BETWEEN $1 AND $2
UNION ALL (SELECT number, answer FROM evidence_stamp WHERE number > $2 ORDER BY number LIMIT 1)
"""

_DECISIONS = """
SELECT d.item, d.record FROM evidence t JOIN evidence d ON d.item = t.item AND d.kind = 'decision'
WHERE t.kind = 'text' AND t.received_at >= $1 AND t.received_at < $2
"""

_LEAVES = f"""
SELECT e.root, e.place, e.kind, e.item, e.flagged, e.leaf, e.record AS sealed, e.received_at AS at,
    i.id, i.account, i.provider_id, i.number, i.texter, i.letter, i.raw, substring(i.raw FOR 32) AS record,
    i.part_reference, i.part_index, i.part_total, i.provider_at, i.received_at, i.stored_at, i.verified,
    i.source, i.score, i.tier,
    (SELECT {ONCE_HELD} FROM reply r LEFT JOIN judgement j ON j.reply = r.id WHERE r.id = i.id) AS held
FROM evidence e LEFT JOIN inbound i ON e.kind IN ('text', 'proof') AND i.id = e.item
"""  # noqa: S608 -- our own words

_NEWEST = "SELECT coalesce(max(number), 0) FROM evidence_root"

_TOLD = f"SELECT {TOLD}"

_ERASED_LATELY = """
SELECT a.detail ->> 'leaves' AS leaves
FROM evidence_act a JOIN evidence_due d ON d.kind = 'act' AND d.item = a.id WHERE a.what = 'erased'
"""

_UNSEALED = """
SELECT i.id FROM inbound i WHERE NOT EXISTS (SELECT FROM evidence e WHERE e.item = i.id)
    AND NOT EXISTS (SELECT FROM evidence_due d WHERE d.item = i.id)
LIMIT $1
"""


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
        texts = sorted(found["roots"] or ())
        more = await self.connection.fetch(_MORE, from_at, to_at)
        acts = await self.connection.fetch(_ERASING, [str(root) for root in texts])
        return Trees(
            texts, sorted(row["root"] for row in more), sorted(row["root"] for row in acts), found["texts"]
        )

    async def roots(self, first: int, last: int, more: Collection[int]) -> list[Link]:
        """Roots from one to another, and some others, in order."""
        return [_link(row) for row in await self.connection.fetch(_ROOTS, first, last, list(more))]

    async def all_roots(self) -> AsyncIterator[Link]:
        """The chain."""
        async for row in self.connection.cursor(_ALL_ROOTS, prefetch=_AT_ONCE):
            yield _link(row)

    async def stamps(self, first: int, last: int) -> dict[int, bytes]:
        """Timestamps of roots from one to another, and the first one after them, which covers them all."""
        return {row["number"]: row["answer"] for row in await self.connection.fetch(_STAMPS, first, last)}

    async def decisions(self, from_at: datetime, to_at: datetime) -> AsyncIterator[tuple[UUID, bytes]]:
        """Texts of a period that are decided, and the sealed records of that."""
        async for row in self.connection.cursor(_DECISIONS, from_at, to_at, prefetch=_AT_ONCE):
            yield row["item"], row["record"]

    async def leaves(self, trees: Collection[int] | None = None) -> AsyncIterator[Mapping[str, Any]]:
        """Leaves of these trees, or of all, in order; a text's with what is stored of it, null for none."""
        order = "ORDER BY e.root, e.place"
        if trees is None:
            cursor = self.connection.cursor(f"{_LEAVES} {order}", prefetch=_AT_ONCE)
        else:
            which = "WHERE e.root = ANY ($1::bigint[])"
            cursor = self.connection.cursor(f"{_LEAVES} {which} {order}", list(trees), prefetch=_AT_ONCE)
        async for row in cursor:
            yield dict(row)

    async def newest(self) -> int:
        """Number of the newest root, 0 for none."""
        return int(await self.connection.fetchval(_NEWEST))

    async def told(self) -> int:
        """Up to which root every place away from this machine has been told, 0 for none."""
        return int(await self.connection.fetchval(_TOLD))

    async def erased_lately(self) -> list[dict[str, str]]:
        """Which leaves lost their records by acts that wait to be sealed: places by root."""
        return [json.loads(row["leaves"]) for row in await self.connection.fetch(_ERASED_LATELY)]

    async def never_due(self, most: int) -> list[UUID]:
        """Texts that are stored, not sealed, and do not wait to be."""
        return [row["id"] for row in await self.connection.fetch(_UNSEALED, most)]


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

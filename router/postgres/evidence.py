"""Sealing: what is due becomes the leaves of one tree, and its root follows the last one, in one commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.pool import Connection, Pool
from router.rules.evidence import Root, following

OVER = ("suppressed", "accepted", "failed", "abandoned")
"""States of replies that are decided."""

_ONE_SEALER = 0x7061_5EA1
_MOST = 1_000
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1)"

# By place in the table: it has no key, and is empty most of the time.
_DUE = """
DELETE FROM evidence_due WHERE ctid = ANY (ARRAY(SELECT ctid FROM evidence_due LIMIT $1)) RETURNING kind, item
"""

_TEXTS = """
SELECT id, account, provider_id, number, texter, letter, substring(raw FOR 32) AS record, part_reference,
    part_index, part_total, provider_at, received_at, stored_at, verified, source, score, tier
FROM inbound WHERE id = ANY ($1::uuid[])
"""

# One that ended otherwise after all is decided anew; if its text is not sealed yet, that brings it here.
_AGAIN = """
INSERT INTO evidence_undecided (text)
SELECT DISTINCT d.item FROM unnest($1::uuid[]) AS d (item)
WHERE EXISTS (SELECT FROM evidence e WHERE e.item = d.item AND e.kind = 'text') ON CONFLICT DO NOTHING
"""

_DECIDED = """
DELETE FROM evidence_undecided u USING (
    SELECT u.text FROM evidence_undecided u JOIN reply r ON r.id = u.text WHERE r.state = ANY ($1::text[])
    LIMIT $2) d
WHERE u.text = d.text RETURNING u.text
"""

_REPLIES = """
SELECT r.id, r.number, r.state, r.reason, r.received_at, r.changed_at, r.priority, coalesce(
    (SELECT jsonb_agg(jsonb_build_object('reference', a.reference, 'purpose', a.purpose, 'account', a.account,
        'sender', a.sender, 'state', a.state, 'code', a.code, 'provider_id', a.provider_id,
        'spent_micros', a.spent, 'receipt', a.receipt, 'passed_over', a.passed_over, 'at', a.at,
        'armed_at', a.armed_at, 'settled_at', a.settled_at) ORDER BY a.armed_at, a.reference)
     FROM attempt a WHERE a.reply = r.id), '[]') AS attempts,
    (SELECT jsonb_build_object('version', j.version, 'rank', j.rank, 'line', j.line, 'held', j.held,
        'cluster', j.cluster, 'at', j.at, 'released_at', j.released_at, 'released_by', j.released_by)
     FROM judgement j WHERE j.reply = r.id) AS judgement
FROM reply r WHERE r.id = ANY ($1::uuid[])
"""

_JUDGED = """
SELECT j.reply AS id, r.number, r.received_at, j.version, j.rank, j.line, j.held, j.cluster, j.at
FROM judgement j JOIN reply r ON r.id = j.reply WHERE j.reply = ANY ($1::uuid[])
"""

_ACTS = "SELECT id, what, by, why, detail, at FROM evidence_act WHERE id = ANY ($1::uuid[])"

_CHANGES = """
SELECT item AS id, at, mode, cause, by, version, statistic, "limit", baseline, raided, began, texts, flagged,
    policy, explanation
FROM raid_change WHERE item = ANY ($1::uuid[])
"""

_LABELS = """
SELECT inbound AS id, received_at, mode, flagged, label, by, labelled_at FROM review
WHERE inbound = ANY ($1::uuid[])
"""

_ORDERS = "SELECT item AS id, what, by, detail, at FROM operator_action WHERE item = ANY ($1::uuid[])"

_LAST = "SELECT number, previous, tree, leaves, at FROM evidence_root ORDER BY number DESC LIMIT 1"

_ROOT = """
INSERT INTO evidence_root (number, previous, tree, leaves, at, root) VALUES ($1, $2, $3, $4, $5, $6)
"""

_LEAVES = """
INSERT INTO evidence (root, place, kind, item, number, received_at, flagged, leaf, record, words, apart)
SELECT $1, i.place - 1, i.kind, i.item, i.number, i.received_at, i.flagged, i.leaf, i.record, i.words,
    i.words IS NOT NULL
FROM unnest($2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::boolean[], $7::bytea[], $8::bytea[],
    $9::bytea[]) WITH ORDINALITY AS i (kind, item, number, received_at, flagged, leaf, record, words, place)
"""

_UNDECIDED = """
INSERT INTO evidence_undecided (text)
SELECT r.id FROM reply r WHERE r.id = ANY ($1::uuid[]) ON CONFLICT DO NOTHING
"""

TOLD = "(SELECT coalesce(min(upto), 0) FROM evidence_sink)"
"""Up to which root every sink has been told; without a sink none has left."""

_STANDING = f"""
SELECT (SELECT count(*) FROM evidence_due WHERE kind = 'text') AS due,
    (SELECT min(at) FROM evidence_due) AS oldest,
    (SELECT coalesce(max(number), 0) FROM evidence_root) AS newest,
    {TOLD} AS told,
    clock_timestamp() AS read_at
"""  # noqa: S608 -- our own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Rows to make leaves of, as the database has them at one moment.

    Args:
        root: The number that their root will have.
    """

    root: int
    texts: Sequence[asyncpg.Record]
    proofs: Sequence[asyncpg.Record]
    judgements: Sequence[asyncpg.Record]
    decisions: Sequence[asyncpg.Record]
    acts: Sequence[asyncpg.Record]
    changes: Sequence[asyncpg.Record]
    labels: Sequence[asyncpg.Record]
    orders: Sequence[asyncpg.Record]


class Leaf(NamedTuple):
    """One leaf and, sealed, what it is a hash of; of a text the words apart, which go before the rest."""

    kind: str
    item: UUID
    number: str
    received_at: datetime
    flagged: bool
    leaf: bytes
    record: bytes
    words: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far sealing is.

    Args:
        unsealed: Texts that are stored and not sealed.
        age: Seconds that the oldest thing to be sealed has waited, 0 for none.
        newest: Number of the newest root, 0 for none.
        told: Up to which root every sink has been told.
    """

    unsealed: int = 0
    age: float = 0.0
    newest: int = 0
    told: int = 0

    @property
    def unsent(self) -> int:
        """Roots that some sink does not have."""
        return self.newest - self.told


@dataclass(slots=True)
class Evidence:
    """Seals for the whole fleet: whoever holds the lock is the one sealer.

    Args:
        most: Texts, and decisions, in one tree.
    """

    pool: Pool = field(repr=False)
    most: int = _MOST

    async def seal(self, make: Callable[[Due], Awaitable[list[Leaf]]]) -> Root | None:
        """Seal what is due under one root; None where nothing was, or somebody else is at it.

        Args:
            make: Turns rows into leaves, in the order they are to have.
        """
        async with self.pool.connection() as connection, connection.transaction():
            if not await connection.fetchval(_TRY_LOCK, _ONE_SEALER):
                return None
            found = await connection.fetchrow(_LAST)
            last = None if found is None else Root(**found)
            due = await self._due(connection, 1 if last is None else last.number + 1)
            leaves = await make(due)
            if not leaves:
                return None
            now = await connection.fetchval("SELECT clock_timestamp()")
            root = following(last, [leaf.leaf for leaf in leaves], now)
            await _insert(connection, root, leaves)
            await connection.execute(_UNDECIDED, [row["id"] for row in due.texts])
        return root

    async def _due(self, connection: Connection, root: int) -> Due:
        items: dict[str, list[UUID]] = {}
        for row in await connection.fetch(_DUE, self.most):
            items.setdefault(row["kind"], []).append(row["item"])
        await connection.execute(_AGAIN, items.pop("decision", []))
        items["decision"] = [row["text"] for row in await connection.fetch(_DECIDED, OVER, self.most)]
        return await stored(connection, root, items)


async def stored(connection: Connection, root: int, items: Mapping[str, Sequence[UUID]]) -> Due:
    """What is stored of these, by kind of leaf: what they are sealed from, and held against later."""

    async def rows(kind: str, query: str) -> list[asyncpg.Record]:
        return await connection.fetch(query, items[kind]) if items.get(kind) else []

    return Due(
        root=root,
        texts=await rows("text", _TEXTS),
        proofs=await rows("proof", _TEXTS),
        judgements=await rows("judgement", _JUDGED),
        decisions=await rows("decision", _REPLIES),
        acts=await rows("act", _ACTS),
        changes=await rows("change", _CHANGES),
        labels=await rows("label", _LABELS),
        orders=await rows("order", _ORDERS),
    )


async def standing(connection: Connection) -> Standing:
    """How far sealing is, and telling; without a sink no root has left."""
    row = await connection.fetchrow(_STANDING)
    assert row is not None  # noqa: S101 -- a row of sub-selects is always there
    age = 0.0 if row["oldest"] is None else max(0.0, (row["read_at"] - row["oldest"]).total_seconds())
    return Standing(unsealed=row["due"], age=age, newest=row["newest"], told=row["told"])


async def _insert(connection: Connection, root: Root, leaves: Sequence[Leaf]) -> None:
    await connection.execute(_ROOT, root.number, root.previous, root.tree, root.leaves, root.at, root.root)
    columns: list[list[Any]] = [list(column) for column in zip(*leaves, strict=True)]
    await connection.execute(_LEAVES, root.number, *columns)

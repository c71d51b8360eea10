"""What people are shown of raids: how things stand, the last changes with their reasons, who is held."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from math import inf
from typing import Any, NamedTuple

import asyncpg

from router.postgres.pool import Connection, Pool
from router.postgres.raid import UNTIL
from router.rules.campaign import came_since


class Outlook(NamedTuple):
    """How things stand.

    Args:
        mode: calm or raid; `since` when, None if it has always been calm; `by_hand`: the operator's word.
        statistic: The sum, and `limit` what it has to reach for a change.
        baseline: The usual share of suspicious texts, learnt from `learnt` texts.
        line: The rank above which a text is held, infinite in calm; of `version`.
        counted_to: Business time up to which texts are counted; None before the first.
        judged: Texts judged since the raid began, and `kept` those of them that were held.
        held: Texts that wait now, in so many `clusters` of two or more, `grave` of them for the operator's
            word alone.
        calm_until: The operator said that it is none; None where that was not said, or is over.
        let_go: Texts ever let go in calm, `let_go_early` by the operator, `dropped` by the operator.
    """

    mode: str
    since: datetime | None = None
    by_hand: bool = False
    statistic: float = 0.0
    limit: float = 0.0
    baseline: float = 0.0
    learnt: int = 0
    line: float = inf
    version: int = 0
    counted_to: datetime | None = None
    judged: int = 0
    kept: int = 0
    held: int = 0
    grave: int = 0
    clusters: int = 0
    let_go: int = 0
    let_go_early: int = 0
    dropped: int = 0
    calm_until: datetime | None = None


class Changed(NamedTuple):
    """One change of mode that explains itself, as `router.rules.campaign.Change` has it.

    It is owed to texts that came from `began` on, until `at`.
    """

    at: datetime
    mode: str
    cause: str
    by: str
    version: int
    statistic: float
    limit: float
    baseline: float
    raided: float
    began: datetime
    texts: int
    flagged: int
    explanation: Mapping[str, Any]


_OUTLOOK = f"""
SELECT s.mode, s.since, s.by_hand, s.statistic, s."limit", s.baseline, s.learnt, s.line, s.version,
    s.closed AS counted_to, j.judged, j.kept, h.held, h.grave, h.clusters, s.let_go, s.let_go_early,
    s.dropped, CASE WHEN {UNTIL} > coalesce(s.closed, '-infinity') THEN {UNTIL} END AS calm_until
FROM raid_state s
CROSS JOIN LATERAL (
    SELECT count(*) AS judged, count(*) FILTER (WHERE held) AS kept FROM judgement
    WHERE s.mode = 'raid'
      AND version >= (SELECT c.version FROM raid_change c WHERE c.id > coalesce(
          (SELECT max(id) FROM raid_change WHERE mode = 'calm'), 0) ORDER BY c.id LIMIT 1)) j
CROSS JOIN (
    SELECT coalesce(sum(texts), 0)::bigint AS held, coalesce(sum(grave), 0)::bigint AS grave,
        count(*) FILTER (WHERE texts > 1) AS clusters
    FROM (SELECT count(*) AS texts, count(*) FILTER (WHERE r.reason = 'grave') AS grave
          FROM reply r LEFT JOIN judgement g ON g.reply = r.id
          WHERE r.state = 'held' GROUP BY g.cluster) c) h
"""  # noqa: S608 -- our own words

_CHANGES = """
SELECT at, mode, cause, by, version, statistic, "limit", baseline, raided, began, texts, flagged, explanation
FROM raid_change ORDER BY id DESC LIMIT $1
"""


async def outlook(connection: Connection) -> Outlook:
    """How things stand now."""
    row = await connection.fetchrow(_OUTLOOK)
    if row is None:
        raise LookupError("raid_state has lost its row: restore the database, or insert its defaults")
    return Outlook(*row)


async def changes(pool: Pool, most: int) -> list[Changed]:
    """The last changes of mode, the newest first."""
    async with pool.connection() as connection:
        rows = await connection.fetch(_CHANGES, most)
    return [_changed(row) for row in rows]


def _changed(row: asyncpg.Record) -> Changed:
    began = came_since(row["began"], row["texts"])
    return Changed(**{**row, "began": began, "explanation": json.loads(row["explanation"])})

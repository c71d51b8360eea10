"""What became of every text of a night, and of its money: rows that a drill's report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from router.postgres.pool import Pool

QUERIES: Mapping[str, str] = {
    "texts": """
        SELECT r.texter, r.received_at, r.state, r.reason, coalesce(a.account, '') AS account,
               a.at AS answered_at, coalesce(a.spent, 0) AS spent, coalesce(a.reference, '') AS reference,
               i.tier, coalesce(j.held, false) AS held, j.released_at, coalesce(j.cluster, '') AS wording,
               e.item IS NOT NULL AS sealed
        FROM reply r JOIN inbound i USING (id) LEFT JOIN judgement j ON j.reply = r.id
        LEFT JOIN attempt a ON a.reply = r.id AND a.state = 'accepted'
        LEFT JOIN evidence e ON e.item = r.id AND e.kind = 'text'
        ORDER BY r.received_at, r.id""",
    "attempts": """
        SELECT a.account, a.state, a.code, a.passed_over, count(*) AS sends FROM attempt a
        GROUP BY a.account, a.state, a.code, a.passed_over ORDER BY a.account, a.state, a.code""",
    "charges": """
        SELECT reference, account, sum(spent)::bigint AS spent FROM ledger WHERE reference IS NOT NULL
        GROUP BY reference, account""",
    "purses": """
        SELECT purse, unlimited, coalesce(cap, 0) AS cap, spent, reserved, overrun FROM purse_window
        ORDER BY purse, starts_at""",
    "top_ups": "SELECT at, account AS purse, cap FROM ledger WHERE kind = 'top_up' ORDER BY id",
    "raids": """
        SELECT at, mode, cause, statistic, "limit", baseline, began, texts, flagged FROM raid_change
        ORDER BY id""",
    "roots": """
        SELECT number, at, leaves, encode(root, 'hex') AS root FROM evidence_root ORDER BY number""",
}
"""Each table of the report by its name; people may read them, and repeat them on a database of their own."""


class TextRow(NamedTuple):
    """One text: who (by pseudonym), when, how it ended, who answered it when for how many millionths.

    `wording` is shared by near-duplicates, among texts of a raid; `sealed`: a leaf of the chain proves it.
    """

    texter: bytes
    received_at: datetime
    state: str
    reason: str
    account: str
    answered_at: datetime | None
    spent: int
    reference: str
    tier: str
    held: bool
    released_at: datetime | None
    wording: str
    sealed: bool


class AttemptRow(NamedTuple):
    """So many sends through an account ended so; `passed_over`: accounts that were preferred, and why not."""

    account: str
    state: str
    code: str
    passed_over: str
    sends: int


class ChargeRow(NamedTuple):
    """Millionths that the ledger says one send cost."""

    reference: str
    account: str
    spent: int


class PurseRow(NamedTuple):
    """A purse in one of its windows, in millionths."""

    purse: str
    unlimited: bool
    cap: int
    spent: int
    reserved: int
    overrun: int


class TopUpRow(NamedTuple):
    """Millionths that the operator added to a purse."""

    at: datetime
    purse: str
    cap: int


class RaidRow(NamedTuple):
    """A change between calm and raid: the sum and what it had to reach, and the texts it is owed to."""

    at: datetime
    mode: str
    cause: str
    statistic: float
    limit: float
    baseline: float
    began: datetime
    texts: int
    flagged: int


class RootRow(NamedTuple):
    """A root of the chain that proves what came in: of so many leaves, sealed at a machine's moment."""

    number: int
    at: datetime
    leaves: int
    root: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Every row, each sequence by the query of its name."""

    texts: list[TextRow]
    attempts: list[AttemptRow]
    charges: list[ChargeRow]
    purses: list[PurseRow]
    top_ups: list[TopUpRow]
    raids: list[RaidRow]
    roots: list[RootRow]


async def read(pool: Pool) -> Rows:
    """Read all of it, in one snapshot."""
    async with (
        pool.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = {
            name: [tuple(row) for row in await connection.fetch(query)] for name, query in QUERIES.items()
        }
    return Rows(
        [TextRow(*row) for row in found["texts"]],
        [AttemptRow(*row) for row in found["attempts"]],
        [ChargeRow(*row) for row in found["charges"]],
        [PurseRow(*row) for row in found["purses"]],
        [TopUpRow(*row) for row in found["top_ups"]],
        [RaidRow(*row) for row in found["raids"]],
        [RootRow(*row) for row in found["roots"]],
    )

"""The facts that people and Prometheus look at: queue, doubt, money, states, balances, read by SQL."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import NamedTuple

import asyncpg

from router.postgres.accounts import state_of
from router.postgres.capped import CapNow
from router.postgres.counts import Counts, count
from router.postgres.evidence import Standing, standing
from router.postgres.outlook import Outlook, outlook
from router.postgres.pool import Connection, Pool
from router.postgres.review import Sample
from router.rules.health import State, rested
from router.rules.runway import SPAN, runway

WAITING = ("queued", "delayed", "held", "claimed", "sending", "in_doubt")
"""States of replies that are not over."""

COSTS = ("settle", "late", "write_off", "adjust", "inbound")
"""Kinds of ledger rows that may add to what was spent."""

RETURNS = ("refund", "adjust")
"""Kinds of ledger rows that may take from it."""

_SETTLED = 120.0
_COUNTED_EVERY = 60.0


class PurseFigures(NamedTuple):
    """One purse in its present window, in millionths: `limit` None is unlimited, `spread` None at once."""

    limit: int | None
    reserved: int
    spent: int
    overrun: int
    runway: float
    origin: str
    spread: int | None = None


class Burden(NamedTuple):
    """What weighs on the database: its size in bytes, its connections, seconds of its oldest snapshot."""

    size: int
    connections: int
    snapshot: float


class Held(NamedTuple):
    """What is left in an account."""

    amount: float
    unit: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One reading. Money is in millionths of the ledger currency.

    Args:
        read_at: The database's clock.
        queue: Replies that are not over, by state.
        due: Replies whose time has come: ready, or put off only because no account could carry them.
        oldest: Since when the oldest ready text waits for us, business time; None for none.
        in_doubt: Sends in doubt, by account.
        cost: Booked, by account and kind.
        returned: Given back, by account and kind.
        purses: By name.
        states: Of accounts and senders; one that is missing was always open.
        balances: By account.
        caps: How much of each cap is used, by its name.
        last_reply_at: When the last reply was settled as accepted, business time; None for long ago.
        receipts_waiting: Receipts stored and not applied yet.
        estimated: Set aside for sends that were then paid, by account.
        counts: What is counted once a minute.
        burden: What weighs on the database.
        sample: What the abusive share is estimated from.
        raid: How things stand with raids.
        unproved: Texts that their provider is still to be asked about, by account.
        evidence: How far sealing is.
    """

    read_at: datetime
    queue: Mapping[str, int]
    due: int
    oldest: datetime | None
    in_doubt: Mapping[str, int]
    cost: Mapping[tuple[str, str], int]
    returned: Mapping[tuple[str, str], int]
    purses: Mapping[str, PurseFigures]
    states: Mapping[tuple[str, str], State]
    balances: Mapping[str, Held]
    last_reply_at: datetime | None
    receipts_waiting: int
    estimated: Mapping[str, int]
    counts: Counts
    burden: Burden
    sample: Sample
    raid: Outlook
    unproved: Mapping[str, int] = field(default_factory=dict)
    caps: Mapping[str, CapNow] = field(default_factory=dict)
    evidence: Standing


# A fence above 0: it was taken up once, so its time had come; what nobody carried then is put off by a second
# or two. A text that is delayed on purpose waits for nobody until its time.
_QUEUE = """
SELECT (SELECT count(*) FROM reply WHERE state = 'queued') AS queued,
    (SELECT min(CASE fence WHEN 0 THEN greatest(received_at, not_before) ELSE received_at END)
        FROM reply WHERE state = 'queued') AS oldest,
    (SELECT count(*) FROM reply WHERE state = 'queued' OR state = 'delayed'
        AND (not_before <= $1 OR fence > 0 AND reason <> 'cap')) AS due,
    (SELECT count(*) FROM reply WHERE state = 'delayed') AS delayed,
    (SELECT count(*) FROM reply WHERE state = 'held') AS held,
    (SELECT count(*) FROM reply WHERE state = 'claimed') AS claimed,
    (SELECT count(*) FROM reply WHERE state = 'sending') AS sending,
    (SELECT count(*) FROM receipt WHERE applied_at IS NULL) AS receipts,
    clock_timestamp() AS read_at
"""

_COST = """
SELECT account, kind, coalesce(sum(spent) FILTER (WHERE spent > 0), 0)::bigint AS cost,
    coalesce(-sum(spent) FILTER (WHERE spent < 0), 0)::bigint AS returned,
    coalesce(-sum(reserved) FILTER (WHERE kind = 'settle'), 0)::bigint AS estimated
FROM ledger WHERE id > $1 AND id <= $2 AND (spent <> 0 OR kind = 'settle') GROUP BY account, kind
"""

# What a snapshot may still see cannot be cleaned away, and the queue slows down on what is left lying.
# A role that may not read the statistics of others sees its own only.
_BURDEN = """
SELECT count(*) AS connections,
    greatest(0, extract(epoch FROM clock_timestamp() - least(
        min(xact_start) FILTER (WHERE backend_xmin IS NOT NULL AND backend_type = 'client backend'),
        (SELECT min(prepared) FROM pg_prepared_xacts))))::float8 AS snapshot
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# Far back there is nothing to say of answering now, and looking would be long.
_LAST_REPLY = """
SELECT at FROM ledger WHERE kind = 'settle' AND id > (SELECT max(id) FROM ledger) - 100000
ORDER BY id DESC LIMIT 1
"""

_PURSES = """
SELECT p.name, p.origin, coalesce(w.unlimited, p.unlimited) AS unlimited,
    CASE WHEN w.purse IS NULL THEN p.cap ELSE w.cap END AS cap, coalesce(w.reserved, 0) AS reserved,
    coalesce(w.spent, 0) AS spent, coalesce(w.overrun, 0) AS overrun, w.spread
FROM purse p JOIN unnest($1::text[], $2::timestamptz[]) AS here (name, starts_at) USING (name)
LEFT JOIN purse_window w ON w.purse = p.name AND w.starts_at = here.starts_at
"""


class Sums(NamedTuple):
    """What the ledger adds up to, by account and kind, in millionths."""

    cost: dict[tuple[str, str], int]
    returned: dict[tuple[str, str], int]
    estimated: dict[str, int]


@dataclass(slots=True)
class FiguresDesk:
    """Reads figures for one process; what cannot change any more is not added up twice."""

    pool: Pool
    _base: Sums = field(default_factory=lambda: Sums({}, {}, {}))
    _upto: int = 0
    _mark: tuple[int, float] = (0, 0.0)
    _past: deque[tuple[float, dict[str, int]]] = field(default_factory=deque)
    _counts: tuple[Counts, float] | None = None

    async def read(self, windows: Mapping[str, datetime], now: datetime, least: Mapping[str, int]) -> Figures:
        """Read everything.

        Args:
            windows: Start of the present window of each purse.
            now: Business time.
            least: Millionths of the cheapest reply by purse: one that has less is empty.

        Raises:
            DatabaseAwayError: It cannot be read now.
        """
        async with self.pool.connection() as connection:
            queue = await connection.fetchrow(_QUEUE, now)
            assert queue is not None  # noqa: S101 -- an aggregate always has a row
            doubt = await connection.fetch(
                "SELECT account, count(*) AS n FROM attempt WHERE state = 'unknown' GROUP BY account"
            )
            sums = await self._sums(connection)
            purses = await connection.fetch(_PURSES, list(windows), list(windows.values()))
            health = await connection.fetch("SELECT * FROM health")
            balances = await connection.fetch("SELECT * FROM balance")
            counts = await self._counted(connection, now)
            burden = await connection.fetchrow(_BURDEN)
            evidence = await standing(connection)
            last = await connection.fetchval(_LAST_REPLY)
            raid = await outlook(connection)
        assert burden is not None  # noqa: S101 -- likewise
        in_doubt = {row["account"]: row["n"] for row in doubt}
        return Figures(
            read_at=queue["read_at"],
            queue={name: queue[name] for name in WAITING[:-1]} | {"in_doubt": sum(in_doubt.values())},
            due=queue["due"],
            oldest=queue["oldest"],
            in_doubt=in_doubt,
            cost=sums.cost,
            returned=sums.returned,
            purses=self._purses(purses, now.timestamp(), least),
            states=_states(health, queue["read_at"]),
            balances={row["account"]: Held(row["amount"], row["unit"], row["at"]) for row in balances},
            last_reply_at=last,
            receipts_waiting=queue["receipts"],
            estimated=sums.estimated,
            counts=counts,
            sample=counts.sample,
            raid=raid,
            burden=Burden(counts.size, burden["connections"] + 1, burden["snapshot"] or 0.0),
            evidence=evidence,
        )

    async def _sums(self, connection: Connection) -> Sums:
        """Add up the ledger; rows older than any transaction can live are added up once and for all.

        A row may become visible after one with a higher id, but never so late: statements end
        within seconds, and so do transactions that idle.
        """
        now = time.monotonic()
        newest = await connection.fetchval("SELECT coalesce(max(id), 0) FROM ledger")
        mark, since = self._mark
        if now - since > _SETTLED:
            if mark > self._upto:
                _add(self._base, await connection.fetch(_COST, self._upto, mark))
                self._upto = mark
            self._mark = (newest, now)
        sums = Sums(dict(self._base.cost), dict(self._base.returned), dict(self._base.estimated))
        _add(sums, await connection.fetch(_COST, self._upto, newest))
        return sums

    async def _counted(self, connection: Connection, now: datetime) -> Counts:
        clock = now.timestamp()
        if self._counts is None or not 0 <= clock - self._counts[1] <= _COUNTED_EVERY:
            self._counts = (await count(connection, now), clock)
        return self._counts[0]

    def _purses(
        self, rows: list[asyncpg.Record], now: float, least: Mapping[str, int]
    ) -> dict[str, PurseFigures]:
        used = {row["name"]: row["reserved"] + row["spent"] for row in rows}
        self._past.append((now, used))
        while now - self._past[0][0] > SPAN:
            self._past.popleft()
        began, before = self._past[0]
        return {
            row["name"]: PurseFigures(
                limit=None if row["unlimited"] else row["cap"],
                reserved=row["reserved"],
                spent=row["spent"],
                overrun=row["overrun"],
                runway=inf
                if row["unlimited"]
                else runway(
                    row["cap"] - row["reserved"] - row["spent"],
                    used[row["name"]] - before.get(row["name"], 0),
                    now - began,
                    least.get(row["name"], 1),
                ),
                origin=row["origin"],
                spread=row["spread"],
            )
            for row in rows
        }


def _add(sums: Sums, rows: list[asyncpg.Record]) -> None:
    for row in rows:
        key = (row["account"], row["kind"])
        for total, amount in ((sums.cost, row["cost"]), (sums.returned, row["returned"])):
            if amount:
                total[key] = total.get(key, 0) + amount
        if row["estimated"]:
            sums.estimated[key[0]] = sums.estimated.get(key[0], 0) + row["estimated"]


def _states(rows: Sequence[asyncpg.Record], now: datetime) -> dict[tuple[str, str], State]:
    return {(row["account"], row["sender"]): rested(state_of(row), now) for row in rows}

"""The books, audited in plain SQL: every invariant of texts, replies, attempts, grants and money.

Imports nothing of the router, so that it cannot agree with its mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

RULES: Mapping[str, str] = {
    "what a purse window says is the sum of its ledger rows": """
        SELECT coalesce(w.purse, l.purse) AS what
        FROM purse_window w FULL JOIN (
            SELECT purse, starts_at, sum(reserved) AS reserved, sum(spent) AS spent, sum(overrun) AS overrun
            FROM (SELECT account AS purse, account_window AS starts_at, reserved, spent,
                         account_overrun AS overrun FROM ledger WHERE kind <> 'top_up'
                  UNION ALL
                  SELECT 'total', total_window, reserved, spent, total_overrun FROM ledger
                  WHERE kind <> 'top_up') u
            GROUP BY purse, starts_at) l ON l.purse = w.purse AND l.starts_at = w.starts_at
        WHERE (coalesce(w.reserved, 0), coalesce(w.spent, 0), coalesce(w.overrun, 0))
           <> (coalesce(l.reserved, 0), coalesce(l.spent, 0), coalesce(l.overrun, 0))""",
    "the accounts' windows and the total's say the same in sum": """
        SELECT 'total' AS what
        FROM (SELECT coalesce(sum(reserved) FILTER (WHERE purse = 'total'), 0)
                   - coalesce(sum(reserved) FILTER (WHERE purse <> 'total'), 0) AS reserved,
                     coalesce(sum(spent) FILTER (WHERE purse = 'total'), 0)
                   - coalesce(sum(spent) FILTER (WHERE purse <> 'total'), 0) AS spent FROM purse_window) w
        WHERE reserved <> 0 OR spent <> 0""",
    "an attempt's ledger rows say what is reserved and spent for it": """
        SELECT a.reference AS what FROM attempt a
        LEFT JOIN (SELECT reference, sum(reserved) AS reserved, sum(spent) AS spent FROM ledger
                   GROUP BY reference) l USING (reference)
        WHERE coalesce(l.spent, 0) <> a.spent
           OR coalesce(l.reserved, 0)
              <> CASE WHEN a.state IN ('open', 'unknown') THEN a.estimate ELSE 0 END""",
    "an attempt was reserved once, and closed once if it is closed": """
        SELECT a.reference AS what FROM attempt a LEFT JOIN (
            SELECT reference, count(*) FILTER (WHERE kind = 'reserve') AS reserved,
                   count(*) FILTER (WHERE kind IN ('release', 'settle', 'write_off')) AS closed
            FROM ledger GROUP BY reference) l USING (reference)
        WHERE l.reserved IS DISTINCT FROM 1
           OR l.closed <> CASE WHEN a.state IN ('open', 'unknown') THEN 0 ELSE 1 END""",
    "no ledger row speaks of an attempt that is not there": """
        SELECT l.reference AS what FROM ledger l LEFT JOIN attempt a USING (reference)
        WHERE l.reference IS NOT NULL AND a.reference IS NULL""",
    "what a reply has reserved is what its attempts have": """
        SELECT r.id::text AS what FROM reply r WHERE r.reserved <> (
            SELECT coalesce(sum(a.estimate), 0) FROM attempt a
            WHERE a.reply = r.id AND a.state IN ('open', 'unknown'))""",
    "a reply's state is that of its live attempt": """
        SELECT r.id::text AS what FROM reply r
        WHERE (SELECT coalesce(array_agg(a.state), '{}') FROM attempt a WHERE a.reply = r.id AND a.live)
           <> CASE r.state WHEN 'sending' THEN ARRAY['open'] WHEN 'in_doubt' THEN ARRAY['unknown']
                WHEN 'accepted' THEN ARRAY['accepted'] WHEN 'abandoned' THEN ARRAY['written_off']
                ELSE '{}'::text[] END""",
    "an attempt belongs to a reply of the same texter, under a fence it had": """
        SELECT a.reference AS what FROM attempt a LEFT JOIN reply r ON r.id = a.reply
        WHERE r.id IS NULL OR r.texter <> a.texter OR a.fence > r.fence""",
    "an attempt that was refused without being billed has cost nothing": """
        SELECT a.reference AS what FROM attempt a WHERE a.state = 'refused' AND a.spent <> 0
          AND NOT EXISTS (SELECT FROM ledger l WHERE l.reference = a.reference AND l.kind = 'refund')""",
    "a leased reply has an owner, and no other has": """
        SELECT id::text AS what FROM reply
        WHERE (state IN ('claimed', 'sending')) <> (owner IS NOT NULL AND lease_until IS NOT NULL)
           OR (owner IS NULL) <> (lease_until IS NULL)""",
    "a delayed reply says until when": """
        SELECT id::text AS what FROM reply WHERE state = 'delayed' AND not_before IS NULL""",
    "every text has a reply, but for the further pieces of a long one": """
        SELECT i.id::text AS what FROM inbound i LEFT JOIN reply r USING (id)
        WHERE r.id IS NULL AND (i.part_reference IS NULL OR NOT EXISTS (
            SELECT FROM inbound f JOIN reply o USING (id)
            WHERE o.join_key IS NOT NULL AND f.account = i.account AND f.texter = i.texter
              AND f.part_reference = i.part_reference))""",
    "every reply has its text": """
        SELECT r.id::text AS what FROM reply r LEFT JOIN inbound i USING (id) WHERE i.id IS NULL""",
    "who holds a grant has an attempt that may have reached the texter": """
        SELECT encode(x.pseudonym, 'hex') AS what FROM texter x
        WHERE x.holder IS NOT NULL AND NOT EXISTS (
            SELECT FROM attempt a WHERE a.reply = x.holder AND a.purpose = 'answer' AND a.live)""",
    "a texter's answers are those that may have arrived": """
        SELECT encode(coalesce(x.pseudonym, a.texter), 'hex') AS what FROM texter x FULL JOIN (
            SELECT texter, count(*) AS answers FROM attempt WHERE live AND purpose = 'answer'
            GROUP BY texter) a ON a.texter = x.pseudonym
        WHERE coalesce(x.answered, 0) <> coalesce(a.answers, 0)""",
    "a double has a live attempt beside it": """
        SELECT d.reference AS what FROM attempt d WHERE d.state = 'double'
          AND NOT EXISTS (SELECT FROM attempt a WHERE a.reply = d.reply AND a.live)""",
    "the cost of a text that came in is booked once it is not due": """
        SELECT i.id::text AS what FROM inbound i LEFT JOIN ledger l ON l.inbound = i.id
        WHERE i.cost > 0 AND i.cost_due = (l.id IS NOT NULL)""",
}
"""What always holds, by its sentence: a query that finds what breaks it."""

_NAMES = tuple(RULES)
ALL = " UNION ALL ".join(
    f"SELECT {place} AS rule, count(*) AS times, min(what) AS example FROM ({query}) q HAVING count(*) > 0"
    for place, query in enumerate(RULES.values())
)
"""All of them in one statement, so in one snapshot: a row for each that does not hold."""


async def broken(connection: asyncpg.Connection[Any]) -> list[str]:
    """The rules that do not hold in this database, in one snapshot, each with how often and one example."""
    return [
        f"{_NAMES[row['rule']]}: broken {row['times']} times, such as {row['example']}"
        for row in await connection.fetch(ALL)
    ]


async def audit(dsn: str) -> None:
    """Fail with every rule that does not hold.

    Raises:
        AssertionError: The books are wrong.
    """
    connection = await asyncpg.connect(dsn)
    try:
        found = await broken(connection)
    finally:
        await connection.close()
    assert found == [], "\n".join(found)

"""What is long to count and counted once a minute: silences, receipts of the last hour, labels, the size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from router.postgres.pool import Connection
from router.postgres.review import Sample, sample
from router.rules import answer
from router.rules.answer import Reason

PROVED = ("delivered", "failed", "missing")
"""What receipts say of a reply: it arrived, it did not, nothing final."""

SAVING = tuple(reason.value for reason in Reason if reason in answer.SAVING)
"""As the rows spell it."""

_SILENCES = (
    "SELECT number, count(*) AS n FROM reply WHERE state = 'suppressed' AND reason = ANY ($1) GROUP BY number"
)

_CAPPED = "SELECT count(*) FROM reply WHERE state = 'delayed' AND reason = 'cap'"

# Receipts come within minutes or not at all: a reply of this moment says nothing of them yet.
_RECENT = """
SELECT account, count(*) AS n,
    CASE WHEN receipt_rank < 2 THEN 'missing' WHEN receipt = 'delivered' THEN 'delivered' ELSE 'failed' END
        AS proved
FROM attempt
WHERE at > $1::timestamptz - interval '70 min' AND at <= $1::timestamptz - interval '10 min'
    AND (state = 'accepted' OR state = 'refused' AND receipt_rank >= 2)
GROUP BY account, proved
"""


_TEXTERS = """
SELECT account, count(DISTINCT texter) AS n FROM attempt
WHERE at > $1::timestamptz - interval '24 hours' AND state = 'accepted' AND purpose = 'answer'
GROUP BY account
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """One count.

    Args:
        silences: Final silences by rule, by name of the number.
        recent: Replies taken 10 to 70 minutes ago, by account and a word of `PROVED`.
        texters: Who was answered in the last 24 hours, by account, each once.
        capped: Replies that a cap puts off.
        size: Bytes of the database.
        sample: What the abusive share is estimated from.
    """

    silences: Mapping[str, int]
    recent: Mapping[tuple[str, str], int]
    texters: Mapping[str, int]
    capped: int
    size: int
    sample: Sample


async def count(connection: Connection, now: datetime) -> Counts:
    """Count anew; `now` is business time."""
    silences = await connection.fetch(_SILENCES, list(SAVING))
    recent = await connection.fetch(_RECENT, now)
    return Counts(
        silences={row["number"]: row["n"] for row in silences},
        recent={(row["account"], row["proved"]): row["n"] for row in recent},
        texters={row["account"]: row["n"] for row in await connection.fetch(_TEXTERS, now)},
        capped=await connection.fetchval(_CAPPED),
        size=await connection.fetchval("SELECT pg_database_size(current_database())"),
        sample=await sample(connection, now),
    )

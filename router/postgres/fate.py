"""What became of a text that came in: its reply's state, why, and through whom; who is no stranger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from router.postgres.pool import Pool

_FATE = """
SELECT r.state, r.reason, a.account, a.state AS attempt, a.code, a.passed_over, a.spent, a.estimate,
    extract(epoch FROM a.settled_at - i.stored_at)::float8 AS seconds
FROM inbound i JOIN reply r USING (id)
LEFT JOIN LATERAL (SELECT * FROM attempt WHERE reply = r.id ORDER BY fence DESC LIMIT 1) a ON true
WHERE i.account = $1 AND i.provider_id = $2 AND i.received_at > $3
"""
_KNOWN = "SELECT pseudonym FROM texter WHERE pseudonym = ANY ($1::bytea[])"

_DROPPED = "SELECT id FROM reply WHERE texter = $1 AND state = 'suppressed' AND reason = 'operator'"


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of a text now.

    Args:
        state: Of its reply, as in the table.
        reason: Why it is not answered, empty where it is or may be.
        account: Of the last attempt, None before the first.
        attempt: State of that attempt.
        code: The provider's word on it.
        passed_over: Preferred accounts that did not carry it, as ``name:why name:why``.
        micros: What it cost or is reserved for it, millionths of the ledger currency.
        seconds: From storing to the provider's word, None while there is none.
    """

    state: str
    reason: str
    account: str | None
    attempt: str | None
    code: str | None
    passed_over: str
    micros: int
    seconds: float | None


async def fate(pool: Pool, account: str, provider_id: str, since: datetime) -> Fate | None:
    """Look up a text that came in since then; None where it was not stored, or has no reply of its own."""
    async with pool.connection() as connection:
        row = await connection.fetchrow(_FATE, account, provider_id, since)
    if row is None:
        return None
    return Fate(
        state=row["state"],
        reason=row["reason"],
        account=row["account"],
        attempt=row["attempt"],
        code=row["code"],
        passed_over=row["passed_over"] or "",
        micros=row["spent"] or row["estimate"] or 0,
        seconds=row["seconds"],
    )


async def known(pool: Pool, texters: Sequence[bytes]) -> set[bytes]:
    """Those of these pseudonyms for which something was ever sent or kept."""
    async with pool.connection() as connection:
        return {row["pseudonym"] for row in await connection.fetch(_KNOWN, texters)}


async def dropped(pool: Pool, texter: bytes) -> list[UUID]:
    """Texts of this pseudonym that the operator had held and then dropped."""
    async with pool.connection() as connection:
        return [row["id"] for row in await connection.fetch(_DROPPED, texter)]

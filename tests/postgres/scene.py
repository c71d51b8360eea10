"""A database with purses in it, and owners who store, claim, arm and settle there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import asyncpg

from router.postgres.inbox import Arrival, Claimed, Finish, Inbox
from router.postgres.ledger import Intent, Ledger, Proof
from router.postgres.pool import Line, Pool
from router.postgres.purses import Purses
from router.rules.budget import Purse
from router.vault import random_reference
from tests import audit

NOON = datetime(2017, 10, 21, 12, tzinfo=UTC)
DAY = datetime(2017, 10, 21, tzinfo=UTC)
MONTH = datetime(2017, 10, 1, tzinfo=UTC)
LEASE = timedelta(seconds=30)
PERIOD = timedelta(hours=24)
ACME, BETA, TOTAL = "acme", "beta", "total"


def pseudonym(name: str) -> bytes:
    """16 bytes for a texter."""
    return sha256(name.encode()).digest()[:16]


def text(name: str, **different: Any) -> Arrival:
    """A text to store, already claimed unless said otherwise; each name is one text of one texter."""
    said: dict[str, Any] = {
        "id": uuid5(NAMESPACE_URL, name),
        "account": ACME,
        "provider_id": name,
        "number": "front",
        "texter": pseudonym(name),
        "letter": b"sealed",
        "raw": b"sealed",
        "received_at": NOON,
        "expires_at": NOON + timedelta(hours=6),
        "lane": "front",
        "claim": True,
    }
    return Arrival(**(said | different))


def intent(reply: UUID, fence: int = 1, **different: Any) -> Intent:
    """A send of 100 through acme; its reference is random."""
    said: dict[str, Any] = {
        "reply": reply,
        "fence": fence,
        "reference": random_reference(),
        "account": ACME,
        "sender": "+33900000000",
        "estimate": 100,
        "account_window": DAY,
        "total_window": MONTH,
        "next_allowed": NOON + PERIOD,
        "ceiling": 3,
        "in_flight": 64,
    }
    return Intent(**(said | different))


def proof(armed: Intent, outcome: str, **different: Any) -> Proof:
    """What became of an armed send, by its own answer."""
    return Proof(**({"reference": armed.reference, "outcome": outcome, "source": "send"} | different))


def receipt(armed: Intent, outcome: str, rank: int, **different: Any) -> Proof:
    """The same by a receipt of this rank."""
    return proof(armed, outcome, source="receipt", receipt=f"rank {rank}", receipt_rank=rank, **different)


@dataclass
class Owner:
    """One process: who claims, arms and settles, on a line of its own."""

    line: Line
    lease: timedelta = LEASE
    id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.id, self.lease)
        self.ledger = Ledger(self.id, self.lease)

    async def store(self, *arrivals: Arrival) -> list[bool]:
        return [stored.fresh for stored in await self.inbox.store(self.line, arrivals)]

    async def claim(self, most: int = 50, lanes: Sequence[str] = ("front",)) -> list[Claimed]:
        return await self.inbox.claim(self.line, lanes, most)

    async def finish(self, reply: UUID, fence: int, state: str, until: datetime | None = None) -> bool:
        return (await self.inbox.finish(self.line, [Finish(reply, fence, state, "", until)]))[0]

    async def arm(self, *intents: Intent, now: datetime = NOON) -> list[str]:
        return await self.ledger.arm(self.line, intents, now)

    async def settle(self, *proofs: Proof, now: datetime = NOON) -> list[str]:
        return await self.ledger.settle(self.line, proofs, now)

    async def armed(self, name: str, **different: Any) -> Intent:
        """Store and arm one text."""
        arrival = text(name)
        await self.store(arrival)
        sent = intent(arrival.id, **different)
        assert await self.arm(sent) == ["armed"]
        return sent

    async def again(self, sent: Intent, **different: Any) -> Intent:
        """The next attempt of the same reply, not armed yet."""
        return replace(sent, fence=sent.fence + 1, reference=random_reference(), **different)


@dataclass
class Scene:
    """The database, its owners, and a connection to look with."""

    dsn: str
    pool: Pool
    look: asyncpg.Connection[asyncpg.Record]

    def owner(self, lease: timedelta = LEASE) -> Owner:
        return Owner(self.pool.line(), lease)

    async def purses(self, **limits: str) -> None:
        """Give the purses these limits."""
        said = {
            name: Purse.model_validate({"limit": limit, "period": "month" if name == TOTAL else "day"})
            for name, limit in limits.items()
        }
        await Purses(self.pool).sync(said, {name: MONTH if name == TOTAL else DAY for name in said})

    async def cap(self, name: str, cap: int | None) -> None:
        assert await Purses(self.pool).set(name, cap, MONTH if name == TOTAL else DAY)

    async def window(self, name: str = ACME) -> tuple[int, int, int]:
        """Reserved, spent and overrun of a purse."""
        row = await self.look.fetchrow(
            "SELECT coalesce(sum(reserved), 0)::bigint, coalesce(sum(spent), 0)::bigint,"
            " coalesce(sum(overrun), 0)::bigint FROM purse_window WHERE purse = $1",
            name,
        )
        assert row is not None
        return row[0], row[1], row[2]

    async def reply(self, which: Intent | Arrival) -> str:
        """State of a reply."""
        found = which.reply if isinstance(which, Intent) else which.id
        return str(await self.look.fetchval("SELECT state FROM reply WHERE id = $1", found))

    async def attempt(self, which: Intent) -> str:
        """State of an attempt."""
        query = "SELECT state FROM attempt WHERE reference = $1"
        return str(await self.look.fetchval(query, which.reference))

    async def texter(self, name: str) -> dict[str, Any]:
        row = await self.look.fetchrow("SELECT * FROM texter WHERE pseudonym = $1", pseudonym(name))
        return dict(row or {})

    async def ledger(self, which: Intent) -> list[str]:
        """Kinds of ledger rows of an attempt, in order."""
        rows = await self.look.fetch(
            "SELECT kind FROM ledger WHERE reference = $1 ORDER BY id", which.reference
        )
        return [row["kind"] for row in rows]

    async def audit(self) -> None:
        assert await audit.broken(self.look) == []

    async def end_leases(self) -> None:
        """Let machine time pass: every lease is over."""
        await self.look.execute(
            "UPDATE reply SET lease_until = clock_timestamp() - interval '1 s' WHERE lease_until IS NOT NULL"
        )


@asynccontextmanager
async def scene_in(dsn: str, *, audited: bool = True) -> AsyncIterator[Scene]:
    """A scene whose purses hold 1 (a million millionths) at acme and beta, and 10 in total."""
    look = await asyncpg.connect(dsn)
    try:
        async with Pool(dsn, application="test") as pool:
            scene = Scene(dsn, pool, look)
            await scene.purses(acme="1", beta="1", total="10")
            yield scene
            if audited:
                await scene.audit()
    finally:
        await look.close()

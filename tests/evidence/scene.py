"""A database with sealed texts in it: stored by an owner's own hands, sealed by the house's own rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from router.arrivals import text_id
from router.evidence.leaves import Seals
from router.offline import PublicKey
from router.postgres.evidence import Evidence
from router.postgres.inbox import Arrival, Finish, Inbox
from router.postgres.keeping import Keeping
from router.postgres.pool import Pool
from router.rules.evidence import Root
from router.sweep.sealing import Sealing
from router.vault import Vault

NOON = datetime(2017, 11, 27, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TO = "+33937000001"


@dataclass
class Scene:
    """What a test of evidence works with."""

    pool: Pool
    look: asyncpg.Connection[Any]
    vault: Vault
    inbox: Inbox

    def __post_init__(self) -> None:
        self.seals = Seals(self.vault, {"poster": TO, "stickers": "+33937000002"}, {"acme": "acme"})
        self.evidence = Evidence(self.pool)
        self.keeping = Keeping(self.pool)
        self.line = self.pool.line()

    def text(self, words: str, sender: str = "+33639980001", **different: Any) -> Arrival:
        """A text to store, claimed at once; its words are its id."""
        which = text_id("acme", different.get("provider_id", words))
        raw = f'{{"body": "{words}"}}'.encode()
        said: dict[str, Any] = {
            "id": which,
            "account": "acme",
            "provider_id": words,
            "number": "poster",
            "texter": self.vault.pseudonym(sender),
            "letter": self.vault.seal_letter(which, sender, words),
            "raw": self.vault.put_record_away(raw, which.bytes + b"raw"),
            "received_at": NOON,
            "expires_at": NOON + timedelta(hours=6),
            "lane": "poster",
            "claim": True,
        }
        return Arrival(**(said | different))

    async def store(self, *words: str | Arrival, decided: bool = True) -> None:
        """Store texts; decided ones are silenced at once."""
        arrivals = [each if isinstance(each, Arrival) else self.text(each) for each in words]
        await self.inbox.store(self.line, arrivals)
        if decided:
            ends = [Finish(each.id, 1, "suppressed", "cooldown", None) for each in arrivals]
            await self.inbox.finish(self.line, ends)

    async def seal(self) -> Root | None:
        """One tree."""
        return await self.evidence.seal(Sealing(self.seals, self.evidence)._leaves)

    async def sealed(self, *words: str | Arrival) -> None:
        """Store, seal, and seal what was decided."""
        await self.store(*words)
        await self.seal()
        await self.seal()

    async def tampered(self, query: str, *arguments: Any) -> None:
        """Do what an administrator can: triggers hold nobody who may switch them off."""
        await self.look.execute("SET session_replication_role = replica")
        await self.look.execute(query, *arguments)
        await self.look.execute("SET session_replication_role = DEFAULT")

    async def value(self, query: str, *arguments: Any) -> Any:
        return await self.look.fetchval(query, *arguments)


@asynccontextmanager
async def scene_in(dsn: str, offline_key: str | None = None) -> AsyncIterator[Scene]:
    """Until the block ends."""
    look = await asyncpg.connect(dsn)
    vault = Vault([b"k" * 32], None if offline_key is None else PublicKey(offline_key))
    try:
        async with Pool(dsn, application="test") as pool:
            yield Scene(pool, look, vault, Inbox(uuid4(), timedelta(seconds=30)))
    finally:
        await look.close()


async def tick() -> None:
    await asyncio.sleep(0.05)

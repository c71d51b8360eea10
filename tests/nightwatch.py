"""A night of texts with a raid in it, and a database that lookouts watch it in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import asyncpg

from router.lookout import Lookout
from router.postgres.inbox import Arrival, Inbox
from router.postgres.pool import Pool
from router.postgres.raid import RaidBooks
from router.rules.abuse import score
from router.rules.campaign import Raids
from router.vault import Vault
from tests.abuse.traffic import FRIDAY, GENUINE, RAID, Sent, Writer

POLICY = Raids(warm_up=100, memory=500)
TICK = timedelta(seconds=30)


def night() -> list[Sent]:
    """An hour of 300 genuine texts, then half an hour in which 150 raid texts come between 100 others."""
    writer = Writer(7)
    spans = ((300, 0, 60, GENUINE, False), (100, 60, 90, GENUINE, False), (150, 60, 90, RAID, True))
    texts: list[Sent] = []
    for count, start, end, mix, raid in spans:
        for _ in range(count):
            at = FRIDAY + timedelta(minutes=writer.random.uniform(start, end))
            body, abusive = writer.text(mix)
            texts.append(Sent(at, len(texts), body, raid, abusive))
    return sorted(texts)


NIGHT = night()


@dataclass
class House:
    """A database that texts are stored in, and lookouts over it."""

    pool: Pool
    vault: Vault
    inbox: Inbox
    look: asyncpg.Connection[asyncpg.Record]
    line: Any = field(init=False)

    def __post_init__(self) -> None:
        self.line = self.pool.line()

    def lookout(self, policy: Raids = POLICY) -> Lookout:
        """As a process just started has it."""
        return Lookout(self.vault, RaidBooks(self.pool), policy)

    def row(self, text: Sent, received_at: datetime | None = None) -> Arrival:
        which = uuid5(NAMESPACE_URL, f"{text.sender} {text.at}")
        sender = f"+336{text.sender:08}"
        found = score(text.body)
        return Arrival(
            id=which,
            account="acme",
            provider_id=str(which),
            number="front",
            texter=self.vault.pseudonym(sender),
            letter=self.vault.seal_letter(which, sender, text.body),
            raw=b"sealed",
            received_at=received_at or text.at,
            expires_at=text.at + timedelta(hours=6),
            score=found.value,
            tier=found.tier,
            lane="front",
        )

    async def store(self, texts: Iterable[Sent]) -> None:
        rows = [self.row(text) for text in texts]
        if rows:
            await self.inbox.store(self.line, rows)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.look.fetch(query)]

    async def changes(self) -> list[tuple[str, str, datetime, float]]:
        rows = await self.rows("SELECT * FROM raid_change ORDER BY id")
        return [(row["mode"], row["cause"], row["at"], row["statistic"]) for row in rows]

    async def told(self) -> list[dict[str, Any]]:
        """Everything that was folded, as far as it is not sealed anew each time."""
        return await self.rows(
            "SELECT at, texts, flagged, version, mode, statistic, baseline, line FROM raid_bucket ORDER BY at"
        )


@asynccontextmanager
async def house_in(database: str) -> AsyncIterator[House]:
    """The house of one test, in a database that nobody else uses."""
    look = await asyncpg.connect(database)
    async with Pool(database, application="test") as pool:
        yield House(pool, Vault([bytes(32)]), Inbox(uuid4(), timedelta(seconds=30)), look)
    await look.close()


def ticks(texts: Sequence[Sent] = NIGHT) -> list[tuple[datetime, list[Sent]]]:
    """Texts in the order in which they come, by tick of business time."""

    def tick(text: Sent) -> datetime:
        return FRIDAY + ((text.at - FRIDAY) // TICK + 1) * TICK

    return [(now, list(group)) for now, group in groupby(texts, tick)]


async def spend(house: House, lookouts: Sequence[Lookout]) -> None:
    """Let the night pass, each tick stored and then stepped by whoever's turn it is."""
    for place, (now, texts) in enumerate(ticks()):
        await house.store(texts)
        assert await lookouts[place % len(lookouts)].step(now)


async def forget(house: House) -> None:
    await house.look.execute("TRUNCATE raid_bucket, raid_change, inbound, reply")
    await house.look.execute("DELETE FROM raid_state")
    await house.look.execute("INSERT INTO raid_state DEFAULT VALUES")

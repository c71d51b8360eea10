"""The statements of the hot path, each gathered into group commits: many callers, one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from router.coalesce import Coalesce
from router.postgres.inbox import POISON, Arrival, Finish, Inbox, Stored
from router.postgres.ledger import Intent, Ledger, Proof
from router.postgres.pool import Line, Pool
from router.postgres.receipts import Notice, Receipts
from router.rules.consent import Consent

In = TypeVar("In")
Out = TypeVar("Out")


class Desk:
    """Store, arm, settle, finish, consent and receive: one at a time for whoever calls, many for PostgreSQL.

    Each has lines of its own: a slow arm never holds up the door. An arm whose waiter is gone is
    settled as unsent, because nobody will send it.

    Args:
        now: Business time.
    """

    def __init__(self, pool: Pool, inbox: Inbox, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._ledger = ledger
        self._now = now
        self._orphans: set[asyncio.Task[str]] = set()
        self.store: Coalesce[Arrival, Stored] = _gather(pool, inbox.store, lines=2)
        self.receive: Coalesce[Notice, bool] = _gather(pool, Receipts().store)
        self.finish: Coalesce[Finish, bool] = _gather(pool, inbox.finish)
        self.consent: Coalesce[tuple[bytes, Consent, datetime], None] = _gather(pool, inbox.consent)
        self.arm: Coalesce[Intent, str] = _gather(pool, self._arm, lines=2, orphan=self._unsent)
        self.settle: Coalesce[Proof, str] = _gather(pool, self._settle)

    async def drain(self) -> None:
        """Wait until nothing is gathered or in flight."""
        for gathered in (self.store, self.receive, self.consent, self.arm):
            await gathered.drain()
        while self._orphans:
            await asyncio.wait(self._orphans)
        await self.settle.drain()
        await self.finish.drain()

    async def _arm(self, line: Line, intents: Sequence[Intent]) -> list[str]:
        return await self._ledger.arm(line, intents, self._now())

    async def _settle(self, line: Line, proofs: Sequence[Proof]) -> list[str]:
        return await self._ledger.settle(line, proofs, self._now())

    def _unsent(self, intent: Intent, verdict: str) -> None:
        if verdict == "armed":
            proof = Proof(reference=intent.reference, outcome="refused", source="orphan", then="queued")
            task = asyncio.get_running_loop().create_task(_quietly(self.settle, proof))
            self._orphans.add(task)
            task.add_done_callback(self._orphans.discard)


async def _quietly(settle: Coalesce[Proof, str], proof: Proof) -> str:
    """If even this fails, the lease runs out and the attempt is looked up: nothing is lost."""
    try:
        return await settle(proof)
    except Exception:  # noqa: BLE001 - nobody waits for it any more
        return ""


def _gather(
    pool: Pool,
    flush: Callable[[Line, Sequence[In]], Awaitable[Sequence[Out]]],
    *,
    lines: int = 1,
    orphan: Callable[[In, Out], None] | None = None,
) -> Coalesce[In, Out]:
    own = [pool.line() for _ in range(lines)]
    free = list(own)

    async def flush_on_a_line(items: Sequence[In]) -> Sequence[Out]:
        line = free.pop() if free else own[0]
        try:
            return await flush(line, items)
        finally:
            free.append(line)

    return Coalesce(flush_on_a_line, in_flight=lines, poison=POISON, orphan=orphan)

"""The statements of the hot path, each gathered into group commits: many callers, one commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from router.coalesce import Coalesce
from router.postgres.held import Verdict, judge
from router.postgres.inbox import POISON, Arrival, Finish, Inbox, Stored
from router.postgres.ledger import Intent, Ledger, Proof
from router.postgres.pool import DatabaseAwayError, Line, Pool
from router.postgres.receipts import Notice, Receipts
from router.rules.consent import Consent

In = TypeVar("In")
Out = TypeVar("Out")


PATIENCE = 1.5
"""Seconds the door waits for the database: providers wait 15 s, and some ask only once."""

_PAUSE = 0.5


class Desk:
    """Store, judge, arm, settle, finish, consent, receive: one for whoever calls, many for PostgreSQL.

    Each has a line of its own: a slow arm never holds up the door. Storing has two, for two stores never wait
    for each other; two arms do, for the same purse. An arm whose waiter is gone is settled as unsent, because
    nobody will send it. Store and receive give up soon, and at once after one of them was in vain, until
    `back`.

    Args:
        now: Business time.
    """

    def __init__(self, pool: Pool, inbox: Inbox, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._ledger = ledger
        self._now = now
        self._orphans: dict[str, asyncio.Task[None]] = {}
        self._ending = False
        self._door = _Door()
        self._back = pool.line()
        self._receipts = Receipts()
        self.store: Coalesce[Arrival, Stored] = _gather(pool, self._door.bounded(inbox.store), lines=2)
        self.receive: Coalesce[Notice, bool] = _gather(pool, self._door.bounded(self._receipts.store))
        self.finish: Coalesce[Finish, bool] = _gather(pool, inbox.finish)
        self.judge: Coalesce[Verdict, bool] = _gather(pool, self._judge)
        self.consent: Coalesce[tuple[bytes, Consent, datetime], None] = _gather(pool, inbox.consent)
        self.arm: Coalesce[Intent, str] = _gather(pool, self._arm, orphan=self._unsent)
        self.settle: Coalesce[Proof, str] = _gather(pool, self._settle)

    @property
    def away(self) -> bool:
        """Whether the database was away when the door last asked."""
        return self._door.away

    async def back(self) -> None:
        """Try the door's statements on nothing; from then on it stores again. Raises `DatabaseAwayError`."""
        async with _in_time():
            await self._inbox.store(self._back, [])
            await self._receipts.store(self._back, [])
        self._door.away = False

    async def drain(self) -> None:
        """Wait until nothing is gathered or in flight, and insist on nothing."""
        self._ending = True
        for gathered in (self.store, self.receive, self.consent, self.judge, self.arm):
            await gathered.drain()
        while self._orphans:
            await asyncio.wait(self._orphans.values())
        await self.settle.drain()
        await self.finish.drain()

    async def _arm(self, line: Line, intents: Sequence[Intent]) -> list[str]:
        try:
            return await self._ledger.arm(line, intents, self._now())
        except DatabaseAwayError:
            # Nobody knows whether it took hold; but that nothing is sent on it is certain.
            for intent in intents:
                self._unsent(intent, "armed")
            raise

    async def _judge(self, line: Line, verdicts: Sequence[Verdict]) -> list[bool]:
        return await judge(line, self._inbox.owner, verdicts)

    async def _settle(self, line: Line, proofs: Sequence[Proof]) -> list[str]:
        try:
            return await self._ledger.settle(line, proofs, self._now())
        except DatabaseAwayError:
            for proof in proofs:
                if proof.source == "send":  # all others are found again
                    self._insist(proof)
            raise

    def _unsent(self, intent: Intent, verdict: str) -> None:
        if verdict == "armed":
            self._insist(Proof(reference=intent.reference, outcome="refused", source="orphan", then="queued"))

    def _insist(self, proof: Proof) -> None:
        """Settle it once the database is back: what is known now need not be looked up."""
        if proof.reference not in self._orphans:
            task = asyncio.get_running_loop().create_task(self._settled(proof))
            self._orphans[proof.reference] = task
            task.add_done_callback(lambda _task: self._orphans.pop(proof.reference))

    async def _settled(self, proof: Proof) -> None:
        """If the process ends first, the lease runs out and the attempt is looked up: nothing is lost."""
        while True:
            try:
                await self.settle(proof)
            except DatabaseAwayError:
                if self._ending:
                    return
                await asyncio.sleep(_PAUSE)
            except Exception:  # noqa: BLE001 -- nobody waits for it any more
                return
            else:
                return


@dataclass(slots=True)
class _Door:
    """What the door's statements know of each other."""

    away: bool = False

    def bounded(
        self, flush: Callable[[Line, Sequence[In]], Awaitable[Sequence[Out]]]
    ) -> Callable[[Line, Sequence[In]], Awaitable[Sequence[Out]]]:
        """The same flush, in vain at once where one was in vain just now."""

        async def bounded(line: Line, items: Sequence[In]) -> Sequence[Out]:
            if self.away:
                raise DatabaseAwayError("the database was away a moment ago")
            try:
                async with _in_time():
                    return await flush(line, items)
            except DatabaseAwayError:
                self.away = True
                raise

        return bounded


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Whoever hangs is away: the line, cancelled in the middle of a statement, is dropped."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise DatabaseAwayError(f"the database did not answer within {PATIENCE} s") from None


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

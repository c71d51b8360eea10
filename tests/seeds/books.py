"""The database of a seeded run: the ledger's model, behind calls that take time and sometimes fail."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from router.postgres.inbox import Arrival, Claimed, Finish, Stored
from router.postgres.ledger import Intent, Proof
from router.postgres.pool import DatabaseAwayError
from router.rules.answer import History
from tests.postgres.ledger_model import Answer, Model, Texter, Try, Word

T = TypeVar("T")
LEASE, CALL_DEADLINE = 3.0, 1.0


class Life:
    """Whether a process runs: frozen, it comes no further than its next step."""

    def __init__(self) -> None:
        self._runs = asyncio.Event()
        self._runs.set()

    def freeze(self) -> None:
        self._runs.clear()

    def wake(self) -> None:
        self._runs.set()

    async def step(self) -> None:
        """Go on, once one may."""
        await self._runs.wait()


@dataclass
class Books:
    """What PostgreSQL would hold. The ledger's machine shows that PostgreSQL does what the model does."""

    luck: random.Random
    now: Callable[[], float]
    model: Model
    fails: float = 0.0
    arrivals: dict[UUID, Arrival] = field(default_factory=dict)
    numbers: dict[UUID, int] = field(default_factory=dict)
    texters: dict[bytes, int] = field(default_factory=dict)
    leases: dict[int, float] = field(default_factory=dict)
    due: dict[int, datetime] = field(default_factory=dict)
    tries: dict[str, Try] = field(default_factory=dict)
    acknowledged: list[UUID] = field(default_factory=list)

    async def trip(self, life: Life, act: Callable[[], T]) -> T:
        """There and back. Lost on the way, it was done or it was not."""
        await life.step()
        await asyncio.sleep(self.luck.uniform(0.001, 0.02))
        lost = self.luck.random() if self.luck.random() < self.fails else 1.0
        if lost < 0.5:
            raise DatabaseAwayError("lost on the way there")
        found = act()
        await asyncio.sleep(self.luck.uniform(0.001, 0.02))
        await life.step()
        if lost < 1.0:
            raise DatabaseAwayError("lost on the way back")
        return found

    def history(self, number: int) -> History:
        known = self.model.texters.get(self.model.replies[number].texter, Texter())
        return History(next_allowed_at=known.next_allowed, answered=known.answered)

    def own(self, number: int, owner: int) -> None:
        one = self.model.replies[number]
        one.state, one.owner, one.fence = "claimed", owner, one.fence + 1
        self.leases[number] = self.now() + LEASE

    def claimed(self, number: int) -> Claimed:
        one, which = self.model.replies[number], self.which(number)
        said = self.arrivals[which]
        return Claimed(
            id=which, account=said.account, number=said.number, texter=said.texter, lane=said.lane,
            fence=one.fence, letters=((which, b""),), received_at=said.received_at,
            expires_at=said.expires_at, history=self.history(number), priority=said.priority,
        )  # fmt: skip

    def which(self, number: int) -> UUID:
        return list(self.numbers)[number]

    def reap(self) -> None:
        """End leases that are over, and let wait no longer what is due."""
        for number, one in self.model.replies.items():
            if one.state == "delayed":
                one.go("queued")
            elif one.owner is not None and self.leases[number] < self.now():
                if one.state == "sending":
                    one.tries[-1].state = "unknown"
                    one.go("in_doubt")
                else:
                    one.go("queued")


@dataclass
class Counter:
    """What one process does with the books: the face of `Inbox` and of `Ledger`."""

    books: Books
    life: Life
    owner: UUID
    place: int

    async def store(self, _line: object, arrivals: Sequence[Arrival]) -> list[Stored]:
        return await self.books.trip(self.life, lambda: [self._store(one) for one in arrivals])

    def _store(self, text: Arrival) -> Stored:
        books = self.books
        if text.id in books.numbers:
            return Stored(fresh=False, claimed=False, history=History())
        number = books.numbers[text.id] = len(books.numbers)
        books.arrivals[text.id] = text
        texter = books.texters.setdefault(text.texter, len(books.texters))
        books.model.replies[number] = Answer(number, texter, text.priority, "queued")
        if text.claim:
            books.own(number, self.place)
        return Stored(fresh=True, claimed=text.claim, history=books.history(number))

    async def claim(self, _line: object, _lanes: Sequence[str], most: int) -> list[Claimed]:
        return await self.books.trip(self.life, lambda: self._claim(most))

    def _claim(self, most: int) -> list[Claimed]:
        books = self.books
        queued = [one.number for one in books.model.replies.values() if one.state == "queued"][:most]
        for number in queued:
            books.own(number, self.place)
        return [books.claimed(number) for number in queued]

    async def finish(self, _line: object, items: Sequence[Finish]) -> list[bool]:
        return await self.books.trip(self.life, lambda: [self._finish(item) for item in items])

    def _finish(self, item: Finish) -> bool:
        one = self.books.model.replies[self.books.numbers[item.id]]
        if (one.state, one.owner, one.fence) != ("claimed", self.place, item.fence):
            return False
        one.go(item.state)
        return True

    async def arm(self, _line: object, intents: Sequence[Intent], now: datetime) -> list[str]:
        return await self.books.trip(self.life, lambda: self._arm(intents, now))

    def _mine(self, intent: Intent) -> bool:
        number = self.books.numbers[intent.reply]
        one = self.books.model.replies[number]
        mine = (one.state, one.owner, one.fence) == ("claimed", self.place, intent.fence)
        return mine and self.books.leases[number] > self.books.now()

    def _arm(self, intents: Sequence[Intent], now: datetime) -> list[str]:
        books = self.books
        mine = [intent for intent in intents if self._mine(intent)]
        tries = [
            Try(one.reference, books.numbers[one.reply], one.estimate, one.next_allowed,
                ((one.account, one.account_window), ("total", one.total_window)))
            for one in mine
        ]  # fmt: skip
        order = [(books.model.replies[one.reply].priority, one.reference) for one in tries]
        said = books.model.arm(tries, order, now, intents[0].ceiling, intents[0].in_flight)
        for one, verdict in zip(tries, said, strict=True):
            if verdict == "armed":
                books.tries[one.reference] = one
                books.model.replies[one.reply].owner = self.place
                books.leases[one.reply] = books.now() + LEASE
        verdicts = dict(zip((one.reference for one in mine), said, strict=True))
        return [verdicts.get(one.reference, "lost") for one in intents]

    async def settle(self, _line: object, proofs: Sequence[Proof], _now: Any) -> list[str]:
        return await self.books.trip(self.life, lambda: self._settle(proofs))

    def _settle(self, proofs: Sequence[Proof]) -> list[str]:
        known = [proof for proof in proofs if proof.reference in self.books.tries]
        words = [
            Word(self.books.tries[one.reference], one.outcome, one.price, one.receipt_rank, one.then)
            for one in known
        ]
        said = iter(self.books.model.settle(words))
        return [next(said) if proof in known else "" for proof in proofs]

    async def consent(self, _line: object, wishes: Sequence[object]) -> list[None]:
        """Nobody says STOP."""
        return [None] * len(wishes)

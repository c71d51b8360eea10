"""A night of trouble for two processes in one seeded loop: real desks, workers, relays and departures."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from providers import (
    Price,
)
from router import cell
from router.departures import Departures
from router.gates import Gates
from router.office import Account, Number, Office, Purses
from router.postgres.accounts import Facts
from router.postgres.desk import Desk
from router.postgres.inbox import Arrival
from router.postgres.ledger import Proof
from router.postgres.pool import DatabaseAwayError
from router.rules import answer, budget, senders
from router.rules.failover import Route
from router.rules.ramp import Slope
from router.sweep.duty import Duty
from router.worker import Worker
from tests.postgres.ledger_model import Model
from tests.postgres.scene import NOON, pseudonym
from tests.seeds.air import Air, Fiction
from tests.seeds.books import CALL_DEADLINE, LEASE, Books, Counter, Life
from tests.seeds.loop import SeededLoop

TWICE, LOST, LATE = "sent twice", "acknowledged and lost", "sent after its lease"
OPEN, MONEY, GRANT = "left under way", "money does not add up", "a texter answered twice"
TEXTS, TEXTERS = 4, 3
_FROZEN, _END = 6.0, 40.0
_SPACE = UUID(int=2017)


class References:
    """All that relaying asks of a vault."""

    def reference(self, which: UUID, fence: int) -> str:
        return f"{which.hex}.{fence}"


class Reading(Office):
    """An office whose letters lie open."""

    __slots__ = ()

    def read(self, claim: Any) -> answer.Text:
        return answer.Text(
            id=claim.id, account=claim.account, number=claim.number, sender=f"+3363998{claim.texter[0]:04}",
            body="Salut c'est Kevin", received_at=claim.received_at, expires_at=claim.expires_at,
            confirms_stop=False,
        )  # fmt: skip


class Lines:
    """A pool that hands out nothing."""

    def line(self) -> None:
        return None


class Process:
    """One process."""

    def __init__(self, place: int, books: Books, took: list[str], late: list[str]) -> None:
        loop: Any = asyncio.get_running_loop()
        self.books, self.life = books, Life()
        self.air = Air(books, self.life, took, late)
        self.counter = Counter(books, self.life, UUID(int=place), place)
        anything: Any = self.counter

        def now() -> datetime:
            return NOON + timedelta(seconds=loop.time())

        lines: Any = Lines()
        self.desk = Desk(lines, anything, anything, now)
        self.desk._receipts = anything  # whose door is tried when the database is back
        fiction: Any = Fiction()
        accounts = {name: Account(name, fiction, PRICES, 64, 64, "http://x") for name in ("one", "two")}
        references: Any = References()
        self.office = Reading(
            owner=self.counter.owner, accounts=accounts, numbers={"front": FRONT}, policy=POLICY,
            purses=Purses(dict.fromkeys(("one", "two", "total"), budget.Period.DAY), ZoneInfo("UTC")),
            currency="EUR", rates={}, desk=self.desk, vault=references, wire=self.air,
            departures=Departures(
                {name: one.provider for name, one in accounts.items()}, self.air, now,
                places=dict.fromkeys(accounts, 8),
            ),
            now=now, lease=timedelta(seconds=LEASE), call_deadline=timedelta(seconds=CALL_DEADLINE),
            facts=Facts(read_at=datetime(2017, 10, 21, tzinfo=UTC), caps=dict.fromkeys((*accounts, "total"))),
        )  # fmt: skip
        self.worker = Worker(
            self.office, Gates(self.office, Slope(10, 1)), anything, lines.line(), _hear, batch=3, idle=1.0
        )

    async def text(self, arrival: Arrival) -> None:
        """As the door does: store, and hand over what is ours. Raises DatabaseAwayError."""
        stored = await self.desk.store(arrival)
        if stored.claimed:
            self.worker.hand(self.books.claimed(self.books.numbers[arrival.id]))

    async def sweep(self) -> bool:
        """End leases, and look up what is in doubt: what a carrier took is proved, absence proves nothing."""

        def reap() -> list[str]:
            self.books.reap()
            return [one.reference for one in self.books.tries.values() if one.state == "unknown"]

        if self.desk.away:
            await self.desk.back()
        doubtful = await self.books.trip(self.life, reap)
        for reference in doubtful:
            if reference in self.air.took:
                await self.desk.settle(Proof(reference=reference, outcome="accepted", source="look_up"))
        return False


async def _hear(_story: object) -> None:
    """Nobody listens."""


class _Ours:
    """A rota on which every duty is ours."""

    def ours(self, _name: str) -> bool:
        return True


PRICES: budget.Prices = {"FR": Price(Decimal("0.05"), "EUR")}
FRONT = Number(
    "front", "+33199000001", "one", (Route("one", "+33199000001"), Route("two", "+33261910002")), "front",
    (timedelta(0), timedelta(0)),
)  # fmt: skip
POLICY = answer.Policy(
    replies=answer.Replies.model_validate(
        {"language": "fr", "texts": {"fr": "Bonjour. Un non se respecte."}}
    ),
    senders=senders.Policy(),
)


async def night(loop: SeededLoop) -> list[str]:
    """One night; what an audit has to say of it."""
    luck, took, late = loop.luck, list[str](), list[str]()
    books = Books(luck, loop.time, Model({"one": None, "two": None, "total": None}))
    books.fails = luck.choice((0.0, 0.1, 0.3))
    houses = [Process(place, books, took, late) for place in range(2)]
    rota: Any = _Ours()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.worker.run()) for each in houses]
        tasks += [group.create_task(Duty("sweep", 1.0, each.sweep, shared=True).run(rota)) for each in houses]
        tasks += [group.create_task(_insist(houses, place)) for place in range(TEXTS)]
        said = await _trouble(books, houses, took, late)
        for task in tasks:
            task.cancel()
    return said


async def _trouble(books: Books, houses: Sequence[Process], took: list[str], late: list[str]) -> list[str]:
    """One process freezes, and wakes or does not; then all goes well until nothing is left to do."""
    loop, luck = asyncio.get_running_loop(), books.luck
    frozen = luck.choice(houses)
    await asyncio.sleep(luck.uniform(0, 1.0))
    frozen.life.freeze()
    await asyncio.sleep(luck.uniform(0, _FROZEN))
    if luck.random() < 0.5:
        frozen.life.wake()  # else it is dead
    books.fails = 0.0
    for each in houses:
        each.air.fates = ("ok",)
    while loop.time() < _END and (said := _complaints(books, took, late)):
        await asyncio.sleep(1.0)
        if any(one in {TWICE, LATE, GRANT, LOST} for one in said):
            break
    frozen.life.wake()  # only to be put away
    return said


async def _insist(houses: Sequence[Process], place: int) -> None:
    """A carrier hands a text over, to whichever process, until one has taken it."""
    luck = houses[0].books.luck
    await asyncio.sleep(luck.uniform(0, 1.0))
    who = pseudonym(f"texter {place % TEXTERS}")
    arrival = Arrival(
        id=uuid5(_SPACE, str(place)), account="one", provider_id=str(place), number="front", texter=who,
        letter=b"", raw=b"", received_at=NOON, expires_at=NOON + timedelta(hours=6), lane="front",
        claim=luck.random() < 0.7,
    )  # fmt: skip
    while True:
        try:
            async with asyncio.timeout(2.0):
                await luck.choice(houses).text(arrival)
        except (DatabaseAwayError, TimeoutError):
            await asyncio.sleep(0.2)
        else:
            houses[0].books.acknowledged.append(arrival.id)
            return


def _complaints(books: Books, took: Sequence[str], late: Sequence[str]) -> list[str]:
    model, said = books.model, []
    sends = Tally(books.tries[reference].reply for reference in took)
    texters = Tally(model.replies[number].texter for number in sends)
    tries = list(books.tries.values())
    proved = all(books.tries[reference].state == "accepted" for reference in took)
    calm = all(
        one.state in {"accepted", "suppressed", "failed", "in_doubt"} for one in model.replies.values()
    )
    held = sum(one.estimate for one in tries if one.state in {"open", "unknown"})
    spent = sum(one.spent for one in tries)
    windows = [window for (purse, _), window in model.windows.items() if purse == "total"]
    if set(books.acknowledged) - set(books.numbers):
        said.append(LOST)
    if max(sends.values(), default=0) > 1:
        said.append(TWICE)
    if max(texters.values(), default=0) > 1:
        said.append(GRANT)
    if late:
        said.append(LATE)
    if not proved or not calm or len(model.replies) < TEXTS:
        said.append(OPEN)
    if (held, spent) != (sum(w.reserved for w in windows), sum(w.spent for w in windows)):
        said.append(MONEY)
    return said


@contextmanager
def virtual() -> Iterator[None]:
    """The house measures leases by the loop's clock, and calls carriers' pages where they stand."""

    def boottime() -> float:
        return asyncio.get_running_loop().time()

    with ExitStack() as stack:
        for module in ("relay", "send", "office", "gates", "sweep.duty"):
            stack.enter_context(patch(f"router.{module}.boottime", boottime))
        stack.enter_context(patch("router.send.cell_of", lambda _provider: cell.HERE))
        yield


def replay(seed: int) -> list[str]:
    """The night of a seed, always the same; what an audit has to say of it."""
    loop = SeededLoop(seed)
    try:
        with virtual():
            said = loop.run_until_complete(night(loop))
            while left := asyncio.all_tasks(loop):
                for task in left:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(left))
            return said
    finally:
        loop.close()

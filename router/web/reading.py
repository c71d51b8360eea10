"""The latest figures, read at most once a second however many ask, and what follows from them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf

from router.arrivals import waits_for_proof
from router.office import Number, Office
from router.postgres.capped import caps_now
from router.postgres.figures import Figures, FiguresDesk
from router.postgres.incoming import Incoming
from router.postgres.pool import DatabaseAwayError, Pool
from router.rules.budget import TOTAL
from router.rules.health import Operator, State, Status
from router.wire import boottime

STALLED_AFTER = 60.0
"""Seconds a ready text may wait before answering counts as stalled."""

_FRESH = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """Figures, and what follows from them.

    Args:
        figures: As read.
        oldest: Seconds that the oldest ready text waits, business time; 0 for none.
        worth: Millionths that one answer of each number costs through its first route.
        dearest: Millionths that one answer costs at most, whatever its number and route.
    """

    figures: Figures
    oldest: float
    worth: Mapping[str, int]
    dearest: int = 0

    @property
    def stalled(self) -> bool:
        """Whether ready texts wait and are not answered."""
        return self.oldest > STALLED_AFTER

    def because(self) -> list[str]:
        """What may keep texts from being answered: accounts that are closed, purses that are empty."""
        found = [
            f"account {name} is {state.word}" + (f": {state.reason}" if state.reason else "")
            for (name, sender), state in sorted(self.figures.states.items())
            if not sender and _is_closed(state)
        ]
        for name, purse in self.figures.purses.items():
            if not purse.runway:
                found.append(f"purse {name} is empty")
            elif purse.spread is not None and purse.reserved + purse.spent >= purse.spread:
                found.append(f"purse {name} is spread over its window: more may be spent later")
        return found


@dataclass(slots=True)
class Readings:
    """Reads when asked, and not again within a second of business time.

    While the database is away, those who ask together wait for one reading in vain, not one after the other.
    """

    office: Office
    pool: Pool
    _desk: FiguresDesk = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _latest: tuple[datetime, Reading] | None = None
    _in_vain: float = -inf

    def __post_init__(self) -> None:
        self._desk = FiguresDesk(self.pool)

    async def latest(self) -> Reading:
        """Figures no older than a second. Raises `DatabaseAwayError`."""
        async with self._turn:
            now = self.office.now()
            if self._latest is None or not timedelta(0) <= now - self._latest[0] <= _FRESH:
                self._latest = (now, await self._tried(now))
            return self._latest[1]

    async def _tried(self, now: datetime) -> Reading:
        if boottime() - self._in_vain < _FRESH.total_seconds():
            raise DatabaseAwayError("the database was away a moment ago")
        try:
            return await self._read(now)
        except DatabaseAwayError:
            self._in_vain = boottime()
            raise

    def forget(self) -> None:
        """Something was ordered: read anew when next asked."""
        self._latest = None

    async def ping(self) -> None:
        """Ask the database for nothing. Raises `DatabaseAwayError`, or `TimeoutError` after 2 s."""
        async with asyncio.timeout(2), self.pool.connection() as connection:
            await connection.execute("SELECT 1")

    async def _read(self, now: datetime) -> Reading:
        office = self.office
        purses = office.purses
        windows = {name: purses.window(name, now) for name in purses.periods}
        least = {name: office.least(name) for name in office.accounts}
        figures = await self._desk.read(windows, now, least | {TOTAL: min(least.values(), default=1)})
        proving = [name for name, one in office.accounts.items() if waits_for_proof(one.provider)]
        figures = replace(
            figures,
            unproved=await Incoming(self.pool).count_unproved(proving),
            caps=await caps_now(self.pool, office.policy.caps.slots(now)),
        )
        oldest = 0.0 if figures.oldest is None else max(0.0, (now - figures.oldest).total_seconds())
        costs = {name: self._costs(number) for name, number in office.numbers.items()}
        worth = {name: each[0] for name, each in costs.items()}
        return Reading(figures, oldest, worth, dearest=max(map(max, costs.values()), default=0))

    def _costs(self, number: Number) -> list[int]:
        """One answer to a texter from the number's own country, in its language, by each of its routes."""
        policy = self.office.policy
        tongue = policy.languages.get(number.name, policy.replies.language)
        words = policy.replies.texts.get(tongue, "?")
        found = [self.office.estimate(route.account, number.e164, words) for route in number.plan]
        return [0 if money is None else money.micros for money in found]


def _is_closed(state: State) -> bool:
    return state.operator is Operator.CUT or (
        state.operator is not Operator.PIN and state.status is not Status.OPEN
    )

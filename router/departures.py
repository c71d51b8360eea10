"""How a text leaves: alone, or in a job with others where the provider takes jobs of many receivers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Self, TypeAlias

from providers import Ability, InDoubt, Job, Outcome, Outgoing, Provider, Throttled, Wire
from router.send import send, send_job
from router.vault import random_reference

MOST_RECEIVERS = 100
"""Texts that one job carries at most."""

_Key: TypeAlias = tuple[str, str, str]


async def _unlimited(_account: str) -> float:
    return 0.0


@dataclass(slots=True)
class Alone:
    """A seat of one text that travels by itself; entered, it has one of its account's places."""

    provider: Provider
    wire: Wire
    now: Callable[[], datetime]
    wait: Callable[[], Awaitable[float]]
    place: asyncio.Semaphore
    tag: None = None

    async def __aenter__(self) -> Self:
        await self.place.acquire()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.place.release()

    async def send(self, text: Outgoing, not_after: float) -> Outcome:
        """Send it, once it is armed."""
        if wait := await self.wait():
            return Throttled(wait, "allowance")
        return await send(self.provider, self.wire, text, self.now(), not_after=not_after)


@dataclass(slots=True)
class InAJob:
    """A place in a job that has formed. Left without sending, it holds nobody up."""

    job: _Job
    to: str = field(repr=False)

    @property
    def tag(self) -> str:
        """The reference that all of the job share."""
        return self.job.tag

    async def send(self, text: Outgoing, not_after: float) -> Outcome:
        """Board; the job departs once every seat has boarded or left."""
        return await self.job.board(self.to, text, not_after)


Seat: TypeAlias = Alone | InAJob


class _Job:
    """One job while it forms: seats are taken, it closes, each seat boards or leaves, then it departs."""

    def __init__(self, depart: Callable[[_Job], asyncio.Task[None]]) -> None:
        self.tag = random_reference()
        self.closed = asyncio.Event()
        self.seats: set[str] = set()
        self.boarded: dict[str, tuple[Outgoing, float, asyncio.Future[Outcome]]] = {}
        self._left: set[str] = set()
        self._depart = depart
        self._departure: asyncio.Task[None] | None = None

    def close(self) -> None:
        self.closed.set()
        self._go()

    async def board(self, to: str, text: Outgoing, not_after: float) -> Outcome:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.boarded[to] = (text, not_after, outcome)
        self._go()
        return await asyncio.shield(outcome)

    def order(self) -> Job:
        """The job as its provider takes it, for those who boarded."""
        texts = [text for text, _, _ in self.boarded.values()]
        return Job(
            tag=self.tag,
            receivers=tuple(self.boarded),
            sender=texts[0].sender,
            text=texts[0].text,
            receipt_url=texts[0].receipt_url,
            valid_for=min(text.valid_for for text in texts),
        )

    def leave(self, to: str) -> None:
        if to not in self.boarded:
            self._left.add(to)
            self._go()

    def _go(self) -> None:
        complete = self.closed.is_set() and self.seats == self._left | self.boarded.keys()
        if complete and self.boarded and self._departure is None:
            self._departure = self._depart(self)


class Departures:
    """Hands out seats.

    A job departs at once if none left lately; else it gathers for `gather` seconds after the last
    one, or until it is full, so that few calls carry many texts and a lone text does not wait.

    Texts that travel alone wait here for one of their account's places, rather than at the database.

    Args:
        places: Most sends (or jobs) of each account at once, in this process.
        gather: Seconds between two jobs of one account and sender.
        wait: Takes one of an account's calls a minute: 0.0, or seconds until there is one.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        wire: Wire,
        now: Callable[[], datetime],
        *,
        places: Mapping[str, int],
        gather: float = 2.0,
        wait: Callable[[str], Awaitable[float]] = _unlimited,
    ) -> None:
        self._providers = providers
        self._places = {name: asyncio.Semaphore(most) for name, most in places.items()}
        self._wire = wire
        self._now = now
        self._gather = gather
        self._wait = wait
        self._forming: dict[_Key, _Job] = {}
        self._last: dict[_Key, float] = {}

    def seat(
        self, account: str, sender: str, to: str, words: str, *, most: int = MOST_RECEIVERS
    ) -> AbstractAsyncContextManager[Seat]:
        """Take a seat; where jobs are taken, wait here until one of at most so many texts has formed."""
        provider = self._providers[account]
        if Ability.BATCH in provider.abilities:
            return self._seat_in_a_job((account, sender, words), to, most)
        call, place = partial(self._take_call, account), self._places[account]
        return Alone(provider, self._wire, self._now, call, place)

    @asynccontextmanager
    async def _seat_in_a_job(self, key: _Key, to: str, most: int) -> AsyncIterator[Seat]:
        job = self._join(key, to, most)
        try:
            await job.closed.wait()
            yield InAJob(job, to)
        finally:
            job.leave(to)

    def _join(self, key: _Key, to: str, most: int) -> _Job:
        job = self._forming.get(key)
        if job is not None and to in job.seats:
            self._close(key, job)
            job = None
        if job is None:
            job = self._forming[key] = _Job(lambda formed: self._depart(key[0], formed))
            since = time.monotonic() - self._last.get(key, -self._gather)
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, self._gather - since), self._close, key, job)
        job.seats.add(to)
        if len(job.seats) >= most:
            self._close(key, job)
        return job

    def _close(self, key: _Key, job: _Job) -> None:
        if self._forming.get(key) is job:
            del self._forming[key]
            self._last[key] = time.monotonic()
            job.close()

    async def _take_call(self, account: str) -> float:
        try:
            return await self._wait(account)
        except ConnectionError:  # it cannot be counted now: certainly unsent, and no doubt need be kept
            return 1.0

    def _depart(self, account: str, job: _Job) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self._travel(account, job))

    async def _travel(self, account: str, job: _Job) -> None:
        members = list(job.boarded.values())
        outcomes: list[Outcome] = [InDoubt("job-abandoned")] * len(members)
        try:
            wait = await self._take_call(account)
            if wait:
                outcomes = [Throttled(wait, "allowance")] * len(members)
            else:
                not_after = min(not_after for _, not_after, _ in members)
                outcomes = await send_job(
                    self._providers[account], self._wire, job.order(), self._now(), not_after=not_after
                )
        finally:
            for (_, _, future), outcome in zip(members, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)

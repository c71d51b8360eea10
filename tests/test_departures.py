"""Seats: a text travels alone or in a job; a job forms, gathers, and holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from providers import (
    Ability,
    Accepted,
    InDoubt,
    Job,
    Outcome,
    Outgoing,
    Request,
    Response,
    Throttled,
)
from router.departures import Departures
from router.wire import boottime

NOW = datetime(2017, 10, 21, tzinfo=UTC)
POST = Request("POST", "http://x/jobs", carries_text=True)


class Coach:
    """A provider whose jobs carry many, or none at a time."""

    name = "coach"

    def __init__(self, *abilities: Ability) -> None:
        self.abilities = frozenset(abilities)
        self.jobs: list[Job] = []
        self.texts: list[Outgoing] = []
        self.reads: Callable[[Job], Any] = lambda job: [Accepted(provider_id=to) for to in job.receivers]

    def send(self, text: Outgoing, now: datetime) -> Generator[Request, Response, Outcome]:
        self.texts.append(text)
        yield POST
        return Accepted(provider_id="alone")

    def send_many(self, job: Job, now: datetime) -> Generator[Request, Response, Sequence[Outcome]]:
        self.jobs.append(job)
        yield POST
        found: Sequence[Outcome] = self.reads(job)
        return found


class Road:
    """A wire that can be closed for a while."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.carried = 0
        self.most = 0
        self.now = 0
        self.not_after: list[float | None] = []

    async def __call__(self, request: Request, *, not_after: float | None = None) -> Any:
        self.carried += 1
        self.now += 1
        self.most = max(self.most, self.now)
        self.not_after.append(not_after)
        await self.open.wait()
        self.now -= 1
        return Response(200)


def outgoing(to: str, **different: Any) -> Outgoing:
    said = {"reference": "a" * 20, "to": to, "sender": "s", "text": "words", "receipt_url": "x"}
    return Outgoing(**(said | different))


class Station:
    """Departures of one account, and a passenger's way through it."""

    def __init__(self, *abilities: Ability, gather: float = 0.05, places: int = 64) -> None:
        self.coach, self.road = Coach(*abilities), Road()
        self.calls: list[float] = []
        self.departures = Departures(
            {"acme": self.coach},  # type: ignore[dict-item] # as much of a provider as travels
            self.road,
            lambda: NOW,
            places={"acme": places},
            gather=gather,
            wait=self._wait,
        )

    async def _wait(self, _account: str) -> float:
        return self.calls.pop(0) if self.calls else 0.0

    async def travel(self, to: str, words: str = "words", within: float = 60, **different: Any) -> Outcome:
        async with self.departures.seat("acme", "s", to, words) as seat:
            return await seat.send(outgoing(to, text=words, **different), boottime() + within)

    @asynccontextmanager
    async def seated(self, to: str) -> AsyncIterator[Any]:
        async with self.departures.seat("acme", "s", to, "words") as seat:
            yield seat

    @property
    def jobs(self) -> list[tuple[str, ...]]:
        return [job.receivers for job in self.coach.jobs]


def accepted(*receivers: str) -> list[Outcome]:
    return [Accepted(provider_id=to) for to in receivers]


async def together(*travels: Any) -> list[Any]:
    return list(await asyncio.wait_for(asyncio.gather(*travels), 10))


async def test_alone_each_text_is_its_own_call_and_places_are_bounded() -> None:
    station = Station(places=3)
    station.road.open.clear()
    travels = [asyncio.create_task(station.travel(str(n))) for n in range(8)]
    while station.road.carried < 3:  # noqa: ASYNC110 -- the road tells nobody
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)  # in which a fourth would leave, were there a place
    assert station.road.carried == 3
    station.road.open.set()
    assert await together(*travels) == [Accepted(provider_id="alone")] * 8
    assert station.road.most == 3


async def test_a_lone_text_in_a_job_does_not_wait() -> None:
    station = Station(Ability.BATCH, gather=60)
    assert await asyncio.wait_for(station.travel("1"), 5) == Accepted(provider_id="1")


async def test_who_comes_meanwhile_travels_together_each_with_an_own_outcome() -> None:
    station = Station(Ability.BATCH)
    await station.travel("first")
    found = await together(*(station.travel(str(n)) for n in range(5)))
    assert found == accepted(*"01234")
    assert station.jobs == [("first",), ("0", "1", "2", "3", "4")]
    assert len({job.tag for job in station.coach.jobs}) == 2


async def test_a_job_is_full_at_a_hundred_and_leaves_at_once() -> None:
    station = Station(Ability.BATCH, gather=0.3)
    await station.travel("first")
    await together(*(station.travel(str(n)) for n in range(250)))
    assert [len(job) for job in station.jobs] == [1, 100, 100, 50]


async def test_one_receiver_is_in_a_job_once() -> None:
    station = Station(Ability.BATCH)
    await station.travel("first")
    found = await together(station.travel("1"), station.travel("2"), station.travel("1"), station.travel("3"))
    assert found == accepted("1", "2", "1", "3")
    assert station.jobs[1:] == [("1", "2"), ("1", "3")]


async def test_other_words_and_senders_are_other_jobs() -> None:
    station = Station(Ability.BATCH)
    await together(station.travel("1"), station.travel("2", words="others"), station.travel("3"))
    assert sorted(station.jobs) == [("1", "3"), ("2",)]
    assert {job.text for job in station.coach.jobs} == {"words", "others"}


async def test_who_is_not_armed_leaves_and_holds_nobody_up() -> None:
    station = Station(Ability.BATCH)

    async def leave() -> None:
        async with station.seated("1"):
            await asyncio.sleep(0.02)

    assert await together(station.travel("2"), leave(), station.travel("3")) == [
        Accepted(provider_id="2"), None, Accepted(provider_id="3"),
    ]  # fmt: skip
    assert station.jobs == [("2", "3")]


async def test_a_job_that_everybody_left_does_not_leave() -> None:
    station = Station(Ability.BATCH)
    async with station.seated("1"):
        pass
    await asyncio.sleep(0.01)
    assert station.road.carried == 0


@pytest.mark.parametrize("when", ["forming", "seated"])
async def test_who_is_cancelled_before_boarding_holds_nobody_up(when: str) -> None:
    station = Station(Ability.BATCH)
    await station.travel("first")

    async def dawdle() -> None:
        async with station.seated("1"):
            await asyncio.sleep(60)

    dawdler = asyncio.create_task(dawdle())
    other = asyncio.create_task(station.travel("2"))
    await asyncio.sleep(0 if when == "forming" else 0.1)
    dawdler.cancel()
    assert await asyncio.wait_for(other, 5) == Accepted(provider_id="2")
    assert station.jobs == [("first",), ("2",)]


async def test_who_is_cancelled_after_boarding_is_carried_all_the_same() -> None:
    station = Station(Ability.BATCH)
    station.road.open.clear()
    one, other = (asyncio.create_task(station.travel(to)) for to in "12")
    await asyncio.sleep(0.02)
    one.cancel()
    station.road.open.set()
    assert await asyncio.wait_for(other, 5) == Accepted(provider_id="2")
    assert station.jobs == [("1", "2")]


@pytest.mark.parametrize("junk", [[], None, [1, 2], "ab"], ids=str)
async def test_junk_from_a_job_is_a_doubt_for_each(junk: Any) -> None:
    station = Station(Ability.BATCH)
    station.coach.reads = lambda _job: junk
    found = await together(station.travel("1"), station.travel("2"))
    assert [type(one) for one in found] == [InDoubt, InDoubt]


async def test_a_job_ends_at_the_earliest_lease_and_the_shortest_validity() -> None:
    station = Station(Ability.BATCH)
    soon = boottime() + 5
    await together(station.travel("1", within=60, valid_for=600), station.travel("2", within=5, valid_for=60))
    (not_after,) = station.road.not_after
    assert not_after is not None
    assert abs(not_after - soon) < 1
    assert station.coach.jobs[0].valid_for == 60


@pytest.mark.parametrize("abilities", [(), (Ability.BATCH,)])
async def test_without_a_call_to_spare_nothing_leaves(abilities: tuple[Ability, ...]) -> None:
    station = Station(*abilities)
    station.calls = [7.5, 7.5]
    found = await together(station.travel("1"), station.travel("1"))
    assert found == [Throttled(7.5, "allowance")] * 2
    assert station.road.carried == 0


async def test_a_database_away_while_a_call_is_counted_has_sent_nothing() -> None:
    for abilities in ((), (Ability.BATCH,)):
        station = Station(*abilities)

        async def away(_account: str) -> float:
            raise ConnectionError("the database is away")

        station.departures._wait = away
        found = await together(station.travel("1"), station.travel("2"))
        assert found == [Throttled(1.0, "allowance")] * 2
        assert station.road.carried == 0

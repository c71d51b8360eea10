"""Sending: whatever goes wrong once a text may have left is a doubt, and a doubt is never sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import (
    Accepted,
    CutOff,
    CutReason,
    InDoubt,
    Job,
    Outgoing,
    Refused,
    RefusedReason,
    Request,
    Response,
    Throttled,
    Unreachable,
)
from router import send as sending
from router.send import carry, send, send_job
from router.wire import boottime

NOW = datetime(2017, 10, 21, tzinfo=UTC)
TEXT = Outgoing(reference="a" * 20, to="+33639981234", sender="+33937000001", text="Bonsoir", receipt_url="x")
ASK, POST = Request("GET", "http://x/time"), Request("POST", "http://x/texts", carries_text=True)
OK = Response(200)


class Broken(Exception):
    """What a plugin raises."""


@dataclass
class ScriptedWire:
    """Answers in turn, and keeps what it was asked to carry."""

    answers: list[Any]
    carried: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request, *, not_after: float | None = None) -> Any:
        self.carried.append(request)
        answer = self.answers[min(len(self.carried), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def texts(self) -> int:
        """How often a text was handed over that may have left."""
        given = [self.answers[min(n, len(self.answers) - 1)] for n in range(len(self.carried))]
        return sum(
            request.carries_text and not isinstance(answer, Unreachable)
            for request, answer in zip(self.carried, given, strict=True)
        )


STEPS = st.lists(st.sampled_from([ASK, POST]), max_size=4)
WIRES = st.lists(
    st.sampled_from([OK, OK, Response(500), Unreachable("dns"), InDoubt("reset"), Broken()]),
    min_size=5,
    max_size=5,
)
ENDS = st.sampled_from(["answers", "raises", "yields junk", "answers on closing"])


def exchange(steps: list[Request], end: str) -> Generator[Any, Any, Any]:
    try:
        yield from steps
    except GeneratorExit:
        if end == "answers on closing":
            raise Broken from None
        raise
    if end == "raises":
        raise Broken
    if end == "yields junk":
        yield "junk"
    return Accepted(provider_id="id")


@given(STEPS, WIRES, ENDS)
def test_whatever_fails_after_a_text_may_have_left_is_a_doubt(
    steps: list[Request], answers: list[Any], end: str
) -> None:
    wire = ScriptedWire(answers)
    found = asyncio.run(carry(exchange(steps, end), wire))
    if wire.texts:
        assert isinstance(found, InDoubt | Accepted)
        if isinstance(found, Accepted):
            assert all(isinstance(answers[n], Response) for n in range(len(wire.carried)))
            assert end in {"answers", "answers on closing"}
    else:
        assert isinstance(found, Unreachable | Accepted | InDoubt)
        if isinstance(found, InDoubt):
            assert InDoubt("reset") in answers[: len(wire.carried)]


async def test_without_the_bookkeeping_a_text_that_left_would_count_as_unsent() -> None:
    unaware = Request("POST", "http://x/texts", carries_text=False)
    for request, expected in ((POST, InDoubt), (unaware, Unreachable)):
        found = await carry(exchange([request], "raises"), ScriptedWire([OK]))
        assert isinstance(found, expected)


class Plugin:
    """A provider that does what the test says."""

    name = "plugin"

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def send(self, text: Outgoing, now: datetime) -> Any:
        return self.make()

    def send_many(self, job: Job, now: datetime) -> Any:
        return self.make()


def posting(result: Any) -> Callable[[], Any]:
    def make() -> Generator[Request, Response, Any]:
        yield POST
        return result

    return make


FINAL = [
    Accepted(provider_id="id"),
    Throttled(1.0, "429"),
    CutOff(CutReason.SUSPENDED, "30002"),
    Refused(RefusedReason.BAD_NUMBER, "21211"),
    InDoubt("500"),
]


@pytest.mark.parametrize("outcome", FINAL, ids=lambda outcome: type(outcome).__name__)
async def test_only_what_certainly_did_not_leave_is_tried_again(outcome: Any) -> None:
    wire = ScriptedWire([OK])
    plugin: Any = Plugin(posting(outcome))
    assert await send(plugin, wire, TEXT, NOW, not_after=boottime() + 60) == outcome
    assert len(wire.carried) == 1


async def test_what_cannot_be_reached_is_asked_again_briefly() -> None:
    plugin: Any = Plugin(posting(Accepted(provider_id="id")))
    wire = ScriptedWire([Unreachable("connect"), Unreachable("connect"), OK])
    assert await send(plugin, wire, TEXT, NOW, not_after=boottime() + 60) == Accepted(provider_id="id")
    wire = ScriptedWire([Unreachable("connect")])
    assert await send(plugin, wire, TEXT, NOW, not_after=boottime() + 60) == Unreachable("connect")
    assert len(wire.carried) == 3


async def test_asking_again_ends_at_the_first_doubt() -> None:
    plugin: Any = Plugin(posting(Accepted(provider_id="id")))
    wire = ScriptedWire([Unreachable("connect"), InDoubt("timeout"), OK])
    assert await send(plugin, wire, TEXT, NOW, not_after=boottime() + 60) == InDoubt("timeout")
    assert wire.texts == 1


async def test_a_doubt_taken_for_unreachable_would_be_sent_twice() -> None:
    """The control: the same text, the fault misread."""
    plugin: Any = Plugin(posting(Accepted(provider_id="id")))

    class Misreading(ScriptedWire):
        async def __call__(self, request: Request, *, not_after: float | None = None) -> Any:
            answer = await super().__call__(request, not_after=not_after)
            return Unreachable(answer.code) if isinstance(answer, InDoubt) else answer

    wire = Misreading([InDoubt("timeout"), OK])
    await send(plugin, wire, TEXT, NOW, not_after=boottime() + 60)
    with pytest.raises(AssertionError):
        assert wire.texts == 1


async def test_past_the_lease_nothing_is_asked_again() -> None:
    plugin: Any = Plugin(posting(Accepted(provider_id="id")))
    for answer in (Unreachable("lease-over"), Unreachable("connect")):
        wire = ScriptedWire([answer])
        not_after = boottime() + (60 if answer.code == "lease-over" else -1)
        assert await send(plugin, wire, TEXT, NOW, not_after=not_after) == answer
        assert len(wire.carried) <= 2


@pytest.mark.parametrize("junk", [None, "accepted", 200, {"status": "accepted"}, Response(200)])
async def test_junk_for_an_outcome_is_a_doubt(junk: Any) -> None:
    plugin: Any = Plugin(posting(junk))
    assert isinstance(await send(plugin, ScriptedWire([OK]), TEXT, NOW, not_after=boottime() + 60), InDoubt)


@pytest.mark.parametrize("makes", [lambda: None, lambda: 7, lambda: (_ for _ in ()).throw(Broken())])
async def test_a_plugin_that_fails_before_it_asks_anything_has_sent_nothing(makes: Any) -> None:
    plugin: Any = Plugin(makes)
    found = await send(plugin, ScriptedWire([OK]), TEXT, NOW, not_after=boottime() + 60)
    assert found == Unreachable("provider-raised")


JOB = Job(tag="b" * 20, receivers=("+33639981234", "+33639981235"), sender="s", text="t", receipt_url="x")


@pytest.mark.parametrize(
    "result",
    [None, [], [Accepted(provider_id="1")], [Accepted(provider_id="1")] * 3, "ab", ["a", "b"], 7, {"x": 1}],
    ids=str,
)
async def test_junk_from_a_job_is_a_doubt_for_every_receiver(result: Any) -> None:
    plugin: Any = Plugin(posting(result))
    found = await send_job(plugin, ScriptedWire([OK]), JOB, NOW, not_after=boottime() + 60)
    assert [type(one) for one in found] == [InDoubt, InDoubt]


async def test_a_job_has_an_outcome_a_receiver_and_one_failure_is_everybodys() -> None:
    mixed = [Accepted(provider_id="1"), Refused(RefusedReason.BAD_NUMBER, "x")]
    plugin: Any = Plugin(posting(mixed))
    assert await send_job(plugin, ScriptedWire([OK]), JOB, NOW, not_after=boottime() + 60) == mixed
    for answer in (Unreachable("dns"), InDoubt("reset")):
        found = await send_job(plugin, ScriptedWire([answer]), JOB, NOW, not_after=boottime() + 60)
        assert found == [answer, answer]
    plugin = Plugin(lambda: 1 / 0)
    found = await send_job(plugin, ScriptedWire([OK]), JOB, NOW, not_after=boottime() + 60)
    assert found == [Unreachable("provider-raised")] * 2


async def test_nothing_that_was_raised_shows_a_number_or_a_text(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> Any:
        raise Broken(TEXT.to, TEXT.text)

    def raising() -> Generator[Request, Response, Any]:
        yield POST
        raise Broken(TEXT.to, TEXT.text)

    for made in (make, raising):
        await send(Plugin(made), ScriptedWire([OK]), TEXT, NOW, not_after=boottime() + 60)  # type: ignore[arg-type]
    assert "Broken" in caplog.text
    assert TEXT.to not in caplog.text
    assert TEXT.text not in caplog.text


def test_the_outcomes_are_the_closed_set() -> None:
    assert set(sending._OUTCOMES) == {Accepted, Unreachable, Throttled, CutOff, Refused, InDoubt}

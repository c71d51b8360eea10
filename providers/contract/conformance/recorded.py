"""What a carrier answered once, samples to ask it with, and how to play them without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from providers.contract.message import Job, Outgoing
from providers.contract.provider import Ability, Doubt
from providers.contract.wire import Exchange, Request, Response

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
TEXTER = "+33639980001"
NUMBER = "+33199000001"
TEXT = "Bonsoir, le consentement se demande."
HARD_TEXTS = (
    *(
        " ",
        " a ",
        "\n",
        "\r\n",
        "a\tb",
        "+",
        "%",
        "a=b&c=d",
        "100 %25 +",
        '"\\',
        "<b>&amp;</b>",
        "\x00",
        "a\x00b",
    ),
    *("é", "e\u0301", "\u202f!", "👍", "👩‍👩‍👧", "مرحبا", "\u202eabc", "\ufeffa", "\uffff", "€" * 1_000),
)
OUTGOING = Outgoing(
    reference="k3mq7wzp2ra5xv6tybce",
    to=TEXTER,
    sender=NUMBER,
    text=TEXT,
    receipt_url="https://paravent.example/hooks/acme/t0ken-in-the-path/receipt",
    valid_for=600,
)
JOB = Job(
    tag=OUTGOING.reference,
    receivers=(TEXTER, "+33639980002", "+33639980003"),
    sender=NUMBER,
    text=TEXT,
    receipt_url=OUTGOING.receipt_url,
    valid_for=600,
)
DOUBT = Doubt(reference=OUTGOING.reference, to=TEXTER, sender=NUMBER, text=TEXT, sent_at=NOW)

LONGEST_EXCHANGE = 100
UNREADABLE = (b"", b"<html>OK</html>", b"null", b"[]", b"{}", b'{"id": ', b"\xff\xfe", b"[" * 100_000)
_JUNK: tuple[Any, ...] = (
    *(None, True, -1, 10**30, float("nan"), float("inf")),
    *("", "NaN", "\ud800", TEXTER, TEXT),
    *([], [None], {}, {"a": 1}),
)


@dataclass(frozen=True)
class Recorded:
    """One exchange with a carrier, and how it must be read.

    Args:
        name: What happened, in a few words.
        source: Where the answer was recorded: a page, a specification, an SDK and its version.
        answers: In order, one a request.
        expected: The result, compared whole, such as ``CutOff(CutReason.UNPAID, "9")``.
        ask: The ability that is asked for, None for `send`. It is asked with `OUTGOING`, `JOB`,
            `DOUBT`, `NUMBER` and `NOW` of this module.
    """

    name: str
    source: str
    answers: tuple[Response, ...]
    expected: Any
    ask: Ability | None = None


def play(exchange: Exchange[T], *answers: Response) -> tuple[list[Request], T]:
    """Drive an exchange without a socket.

    Args:
        exchange: What a method of a provider returned.
        answers: The carrier's, in order.

    Returns:
        Every request it made, and its result.
    """
    left = iter(answers)

    def respond(_: Request) -> Response:
        answer = next(left, None)
        if answer is None:
            raise AssertionError(f"it asked more than the {len(answers)} times that were recorded")
        return answer

    return drive(exchange, respond)


def play_on(exchange: Exchange[T], *answers: Response) -> tuple[list[Request], T]:
    """Likewise, but the last answer is given again for as long as the exchange asks."""
    left = iter(answers)
    return drive(exchange, lambda _: next(left, answers[-1]))


def drive(exchange: Exchange[T], respond: Callable[[Request], Response]) -> tuple[list[Request], T]:
    """Likewise, with a carrier that answers what it is asked."""
    requests: list[Request] = []
    try:
        requests.append(next(exchange))
        while len(requests) <= LONGEST_EXCHANGE:
            requests.append(exchange.send(respond(requests[-1])))
    except StopIteration as end:
        return requests, end.value
    raise AssertionError(f"an exchange must end; this one asked {LONGEST_EXCHANGE} times")


def spoilt(answer: Response) -> Iterator[Response]:
    """The answer gone wrong in every way a carrier, or a proxy before it, has been seen to manage."""
    for status in (200, 302, 400, 401, 404, 429, 500):
        yield from (Response(status, {}, body) for body in UNREADABLE)
        yield replace(answer, status=status)
    for pause in ("", "soon", "-1", "nan", "1e999"):
        yield replace(answer, headers={**answer.headers, "retry-after": pause})
    for value in _spoilt(answer.json()):
        yield replace(answer, body=json.dumps(value).encode())


def _spoilt(value: Any) -> Iterator[Any]:
    yield from _JUNK
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: kept for name, kept in value.items() if name != key}
            yield from ({**value, key: odd} for odd in _spoilt(inner))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], odd, *value[place + 1 :]] for odd in _spoilt(inner))


def same(result: Any, expected: Any) -> bool:
    """Whether a result is the expected one; any two sequences of the same things are the same."""
    if isinstance(result, Sequence) and isinstance(expected, Sequence):
        return list(result) == list(expected)
    return bool(result == expected)

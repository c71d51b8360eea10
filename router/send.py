"""Drives one exchange with a provider over the wire, and says what became of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, get_args

from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_exponential_jitter

from providers import (
    Accepted,
    Exchange,
    Failure,
    InDoubt,
    Job,
    Outcome,
    Outgoing,
    Provider,
    Request,
    Response,
    Unreachable,
    Wire,
)
from router.cell import HERE, Here, HungError, cell_of
from router.wire import boottime

T = TypeVar("T")
_OUTCOMES = (Accepted, *get_args(Failure))
_log = logging.getLogger(__name__)


async def send(provider: Provider, wire: Wire, text: Outgoing, now: datetime, *, not_after: float) -> Outcome:
    """Send one text, at most once.

    `Unreachable` is certain not to have left, so the same provider is asked again at once, briefly.
    `not_after` (CLOCK_BOOTTIME seconds) is the end of our right to send.
    """
    outcome = await _once(provider, wire, text, now, not_after)
    if not isinstance(outcome, Unreachable):
        return outcome
    return await _again(provider, wire, text, now, not_after)


async def _once(provider: Provider, wire: Wire, text: Outgoing, now: datetime, not_after: float) -> Outcome:
    cell = cell_of(provider)
    try:
        exchange = await cell.run(lambda: provider.send(text, now))
    except HungError:
        return Unreachable("plugin-hung")
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; nothing has left yet
        # no traceback: it may hold the text
        _log.error("provider %s raised %s while preparing a send", provider.name, type(error).__name__)
        return Unreachable("provider-raised")
    outcome = await carry(exchange, wire, not_after=not_after, cell=cell)
    return outcome if isinstance(outcome, _OUTCOMES) else InDoubt("provider-answered-junk")


async def _again(provider: Provider, wire: Wire, text: Outgoing, now: datetime, not_after: float) -> Outcome:
    outcome: Outcome = Unreachable("unreachable")

    def worth_it(last: Outcome) -> bool:
        return isinstance(last, Unreachable) and last.code != "lease-over" and boottime() < not_after

    async for attempt in AsyncRetrying(
        stop=stop_after_attempt(2),
        wait=wait_exponential_jitter(multiplier=0.05, max=0.5),
        retry=retry_if_result(worth_it),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    ):
        with attempt:
            outcome = await _once(provider, wire, text, now, not_after)
        attempt.retry_state.set_result(outcome)
    return outcome


async def send_job(
    provider: Provider, wire: Wire, job: Job, now: datetime, *, not_after: float
) -> list[Outcome]:
    """Send one text to many receivers in one call, at most once: an outcome a receiver, in order."""
    cell = cell_of(provider)
    try:
        exchange = await cell.run(lambda: provider.send_many(job, now))
    except HungError:
        return [Unreachable("plugin-hung")] * len(job.receivers)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; nothing has left yet
        _log.error("provider %s raised %s while preparing a job", provider.name, type(error).__name__)
        return [Unreachable("provider-raised")] * len(job.receivers)
    result = await carry(exchange, wire, not_after=not_after, cell=cell)
    if isinstance(result, get_args(Failure)):
        return [result] * len(job.receivers)
    outcomes = list(result) if isinstance(result, Sequence) else []
    if len(outcomes) != len(job.receivers):
        return [InDoubt("provider-answered-junk")] * len(job.receivers)
    return [one if isinstance(one, _OUTCOMES) else InDoubt("provider-answered-junk") for one in outcomes]


async def carry(
    exchange: Exchange[T], wire: Wire, *, not_after: float | None = None, cell: Here = HERE
) -> T | Failure:
    """Run an exchange to its result, or to the failure that ended it.

    Once a request that carries a text may have left, whatever goes wrong is `InDoubt`.
    """
    may_have_left = False
    try:
        asks, request = await cell.run(lambda: _step(exchange, None))
        while asks:
            if not isinstance(request, Request):
                raise TypeError
            before, may_have_left = may_have_left, may_have_left or request.carries_text
            answer = await wire(request, not_after=not_after)
            if isinstance(answer, Unreachable):
                may_have_left = before
            if not isinstance(answer, Response):
                await cell.run(exchange.close)
                return InDoubt(answer.code) if may_have_left else answer
            asks, request = await cell.run(partial(_step, exchange, answer))
    except HungError:
        return InDoubt("plugin-hung") if may_have_left else Unreachable("plugin-hung")
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and so may what carries for it
        _log.error("a provider raised %s while reading an answer", type(error).__name__)
        return InDoubt("provider-raised") if may_have_left else Unreachable("provider-raised")
    result: T = request
    return result


def _step(exchange: Exchange[T], answer: Response | None) -> tuple[bool, Any]:
    """Go on to the next request, or to the result: whether it asks for more, and which it is."""
    try:
        return True, next(exchange) if answer is None else exchange.send(answer)
    except StopIteration as done:
        return False, done.value

"""The named steps of the flow at which a router can be killed or frozen, and how a running one learns of it.

Production code knows nothing of this: the launcher wraps the functions named here before `serve` runs. A
function that has moved is an error at the start. A file named after a point, in the folder of points, says
what is to happen the next time any process passes it: `kill` or `stop`. Whoever passes takes the file away,
so that it happens once, and so that everybody sees that the point was reached.
"""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

KILL, STOP = "kill", "stop"
Given = tuple[Any, ...]


def _always(_given: Given, _answer: object) -> bool:
    return True


def _something(_given: Given, answer: object) -> bool:
    """It found work: a claim of nothing is no step of the flow."""
    return bool(answer) and answer != (0, 0)


def _items(given: Given, _answer: object) -> bool:
    """There was something in the batch."""
    return bool(given[-1] if isinstance(given[-1], list | tuple) else given[2])


def _a_send(given: Given, _answer: object) -> bool:
    """The request carries a text: only those have a moment after which they may not leave."""
    return getattr(given[1].trace_request_ctx, "not_after", None) is not None


@dataclass(frozen=True, slots=True)
class Point:
    """One step.

    Args:
        name: Said by judges.
        place: `module:attribute`, with a dot for a method.
        after: Once it has returned, rather than before it is called.
        counts: Whether this call is the step that is meant.
    """

    name: str
    place: str
    after: bool = False
    counts: Callable[[Given, object], bool] = _always


POINTS = (
    Point("a text was verified", "router.web.hooks:InboundDoor._keep"),
    Point("texts are to be stored", "router.postgres.inbox:Inbox.store", counts=_items),
    Point("texts are stored", "router.postgres.inbox:Inbox.store", after=True, counts=_something),
    Point("a text is handed over, not acknowledged", "router.web.hooks:InboundDoor._keep", after=True),
    Point("receipts are to be stored", "router.postgres.receipts:Receipts.store", counts=_items),
    Point("receipts are stored", "router.postgres.receipts:Receipts.store", after=True, counts=_something),
    Point("texts are to be claimed", "router.postgres.inbox:Inbox.claim"),
    Point("texts are claimed", "router.postgres.inbox:Inbox.claim", after=True, counts=_something),
    Point("a relay begins", "router.worker:relay"),
    Point("it is decided", "router.relay:decide", after=True),
    Point("a job has formed", "router.departures:_Job.close", after=True),
    Point("texts are to be armed", "router.postgres.ledger:Ledger.arm"),
    Point("texts are armed", "router.postgres.ledger:Ledger.arm", after=True),
    Point("before the guard", "router.wire:_before_the_first_byte", counts=_a_send),
    Point("between guard and write", "router.wire:_before_the_first_byte", after=True, counts=_a_send),
    Point("an answer begins", "router.wire:_whole"),
    Point("an answer is read", "router.wire:_whole", after=True),
    Point("a send has ended", "router.departures:send", after=True),
    Point("a job is to be sent", "router.departures:send_job"),
    Point("a job has been sent", "router.departures:send_job", after=True),
    Point("attempts are to be settled", "router.postgres.ledger:Ledger.settle"),
    Point("attempts are settled", "router.postgres.ledger:Ledger.settle", after=True),
    Point("replies are to be finished", "router.postgres.inbox:Inbox.finish"),
    Point("replies are finished", "router.postgres.inbox:Inbox.finish", after=True),
    Point("wishes are to be kept", "router.postgres.inbox:Inbox.consent"),
    Point("wishes are kept", "router.postgres.inbox:Inbox.consent", after=True),
    Point("a relay has ended", "router.worker:relay", after=True),
    Point("leases are ended", "router.postgres.upkeep:Upkeep.reap", after=True, counts=_something),
    Point("delayed replies are due", "router.postgres.upkeep:Upkeep.due", after=True, counts=_something),
    Point("duties are taken", "router.postgres.accounts:Accounts.take_duties", after=True, counts=_something),
    Point(
        "plain receipts are applied", "router.postgres.parked:Parking.plain", after=True, counts=_something
    ),
    Point("receipts are to be put away", "router.postgres.parked:Parking.applied", counts=_items),
    Point("receipts are put away", "router.postgres.parked:Parking.applied", after=True, counts=_items),
    Point("a look-up has found a send", "router.sweep.doubts:LookUps._settle"),
    Point("a look-up is put off", "router.postgres.doubts:Doubts.look_again", after=True),
    Point("costs are to be booked", "router.postgres.incoming:Incoming.book"),
    Point("costs are booked", "router.postgres.incoming:Incoming.book", after=True),
    Point("a text is to be proved", "router.postgres.incoming:Incoming.proved"),
    Point("a text is proved", "router.postgres.incoming:Incoming.proved", after=True),
    Point("an inbound log is read", "router.postgres.incoming:Incoming.move_watermark"),
    Point("a segment is begun", "router.spool.segment:Writing.begin", after=True),
    Point("lines are to be written", "router.spool.segment:Writing.write"),
    Point("lines are synced", "router.spool.segment:Writing.write", after=True),
    Point("a segment is locked and read", "router.spool.segment:Segment.read", after=True),
    Point("a segment is stored", "router.spool.segment:Segment.remove"),
    Point("a segment is removed", "router.spool.segment:Segment.remove", after=True),
    Point("a worker stops", "router.worker:Worker.stop"),
    Point("a worker has stopped", "router.postgres.desk:Desk.drain", after=True),
)


def names() -> list[str]:
    """Of all points. Raises `MovedError` where one is not there any more."""
    for point in POINTS:
        find(point.place)
    return [point.name for point in POINTS]


class MovedError(Exception):
    """What a point or a protection speaks of is not there any more."""


def find(place: str) -> tuple[Any, str]:
    """Who holds an attribute, and its name there.

    Raises:
        MovedError: It has moved.
    """
    module, _, path = place.partition(":")
    try:
        holder: Any = import_module(module)
        *way, name = path.split(".")
        for step in way:
            holder = getattr(holder, step)
        getattr(holder, name)
    except (ImportError, AttributeError) as error:
        raise MovedError(f"{place} is not there: {error}") from error
    return holder, name


def lay(folder: Path) -> None:
    """Wrap every point; from now on files in `folder` are obeyed."""
    for point in POINTS:
        holder, name = find(point.place)
        plain = holder.__dict__[name]
        wrapped = _wrapped(point, plain.__func__ if isinstance(plain, classmethod) else plain, folder)
        setattr(holder, name, classmethod(wrapped) if isinstance(plain, classmethod) else wrapped)


def _wrapped(point: Point, function: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    passing = functools.partial(_pass, point, folder)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*given: Any, **named: Any) -> Any:
            if not point.after:
                passing(given, None)
            answer = await function(*given, **named)
            if point.after:
                passing(given, answer)
            return answer

        return awaited

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        if not point.after:
            passing(given, None)
        answer = function(*given, **named)
        if point.after:
            passing(given, answer)
        return answer

    return called


def _pass(point: Point, folder: Path, given: Given, answer: object) -> None:
    """Die or freeze here, if a file says so."""
    armed, gone = folder / point.name, folder / f"{point.name}.reached"
    if not os.access(armed, os.F_OK) or not point.counts(given, answer):
        return
    try:
        armed.rename(gone)
    except FileNotFoundError:  # another process was quicker
        return
    how = gone.read_text(encoding="utf-8")
    os.kill(os.getpid(), signal.SIGKILL if how == KILL else signal.SIGSTOP)

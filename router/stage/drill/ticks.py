"""Business time in a drill: a clock that is moved by hand, and the moments to which it is moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from router.stage.drill.traffic import Sent

STEP = timedelta(seconds=30)
LONGEST = timedelta(minutes=10)

_ENOUGH = 64


class Clock:
    """Business time. It stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """What the router asks for the time."""
        return self.now


@dataclass(frozen=True, slots=True)
class Tick:
    """One move of the clock, and the texts that were written since the last. No phone writes twice in one."""

    at: datetime
    texts: Sequence[Sent] = ()


def ticks(texts: Sequence[Sent], begin: datetime, end: datetime, stops: Iterable[datetime]) -> Iterator[Tick]:
    """The moves of a drill: short where many text, long at night, and never past a stop.

    They follow from the traffic alone, so that they are the same whatever the machine does.

    Args:
        texts: In order.
        begin: Where the clock stands.
        end: Where it is to stand in the end.
        stops: Moments at which something else happens.
    """
    known = sorted(stop for stop in stops if begin < stop)
    waiting, place, now = list[Sent](), 0, begin
    while now < end or place < len(texts) or waiting:
        limit = min([now + LONGEST, *(stop for stop in known if stop > now)])
        phones, came, late, waiting = set[str](), list[Sent](), waiting, list[Sent]()
        at = now
        while at < limit and len(came) < _ENOUGH:
            at = min(at + STEP, limit)
            while place < len(texts) and texts[place].at <= at:
                late.append(texts[place])
                place += 1
            for text in late:
                (waiting if text.sender in phones else came).append(text)
                phones.add(text.sender)
            late = []
        yield Tick(at, came)
        now = at

"""How fast what waited is let out once somebody can carry it again: a trickle, doubled again and again.

House rule: a lane climbs while it is open and comes down as fast while it is shut: a moment's pause costs a
moment, and whoever was away for long begins small. Time is the machine's, in seconds, and an argument.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

TOP = 8.0
"""Doublings after which nothing holds a lane back any more."""


@dataclass(frozen=True, slots=True)
class Slope:
    """How steep it is.

    Args:
        first: Replies a second at the foot.
        doubles: Seconds until it is twice as many.
    """

    first: float
    doubles: float


@dataclass(frozen=True, slots=True)
class Ramp:
    """Where one lane is.

    Args:
        at: When it was last looked at.
        height: Doublings since the foot, up to `TOP`.
        due: Replies that may leave now, below the top.
    """

    at: float
    height: float = TOP
    due: float = 1.0

    @property
    def wide(self) -> bool:
        """Whether the lane is open without measure."""
        return self.height >= TOP


def begin(now: float, *, is_open: bool) -> Ramp:
    """The first look at a lane: open, it is wide; shut, nobody knows for how long."""
    return Ramp(at=now, height=TOP if is_open else 0.0)


def move(ramp: Ramp, now: float, slope: Slope, *, is_open: bool) -> Ramp:
    """Where a lane is now, if it was so since the last look; what is due is a second's worth at most."""
    way = (now - ramp.at) / slope.doubles
    if not is_open:
        return Ramp(at=now, height=max(0.0, ramp.height - way))
    height = min(TOP, ramp.height + way)
    came = slope.first * slope.doubles / log(2) * (2**height - 2**ramp.height)
    return Ramp(at=now, height=height, due=min(ramp.due + came, max(1.0, slope.first * 2**height)))


def take(ramp: Ramp, replies: int) -> Ramp:
    """So many left."""
    return replace(ramp, due=ramp.due - replies)

"""In which bucket a text counts, and when that was looked at, also for what comes late or by a wrong clock.

House rule: buckets are folded in order, each once; whatever a clock does, none waits for it for long.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from router.rules.campaign import bucket_end

FEW = 20
"""Texts of a heap that came in late which are answered before anybody looked at them."""

_LOOK = timedelta(seconds=1.5)
_MOMENT = timedelta(microseconds=1)


def open_until(closed: datetime | None, now: datetime) -> datetime:
    """Up to which end buckets are folded at this moment.

    A clock that was ahead has folded what lies in the future. Until that is the present no bucket would end,
    and a raid be unseen: so long, one more ends at every look, right after the last.

    Args:
        closed: Buckets that end here or before are folded; None before the first.
        now: Business time.
    """
    ahead = closed is not None and closed > bucket_end(now)
    return closed + _MOMENT if closed is not None and ahead else now


def bucket_of(received_at: datetime, closed: datetime | None, now: datetime) -> datetime:
    """The end of the bucket that a text counts in: its own, and the next one where that is folded."""
    until = open_until(closed, now)
    return until if until > now else bucket_end(max(received_at, closed or received_at))


def looked_at(place: int, now: datetime) -> datetime | None:
    """When a text is due that came in late among many: not before its bucket is over and was folded.

    Else a raid on a router that could not answer is paid as it comes back, before it is seen. Nobody is asked
    whether it was folded: whoever folds may be dead, and answering does not wait for that.

    Args:
        place: Of the text among those that came with it, from 0; of the first few it is None, for at once.
        now: As it is stored.
    """
    return None if place < FEW else bucket_end(now + _LOOK) + _LOOK

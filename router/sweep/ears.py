"""Who hears what the sweep brings about: metrics, mostly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.rules.answer import Reason


def _nobody(*_said: object) -> None:
    """Hears nothing."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Each is called as it happens, in the process where it happens.

    Args:
        silenced: A reason, and how many replies fell silent for it.
        held: How many texts a raid holds from now on that waited unclaimed.
        delivered: An account, and seconds from sending to delivery.
        put_away: An account, one of whose receipts speaks of no attempt of ours.
        received: Account, number and tier of a text that the inbound log or the spool brought.
        receipt: Account and status of a receipt that the spool brought.
        ready: Replies became ready: somebody should look into the lanes.
    """

    silenced: Callable[[Reason, int], None] = _nobody
    held: Callable[[int], None] = _nobody
    delivered: Callable[[str, float], None] = _nobody
    put_away: Callable[[str], None] = _nobody
    received: Callable[[str, str, str], None] = _nobody
    receipt: Callable[[str, str], None] = _nobody
    ready: Callable[[], None] = _nobody

"""What the door goes by, out of the settings: its address, its secrets, and the demo's telephone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from router.web.shapes import Bubble, Carrier


@dataclass(frozen=True, slots=True)
class Public:
    """What the public page says besides figures.

    Args:
        title: Its heading, None for a plain one.
        donation_url: Where to give, None for nowhere.
    """

    title: str | None = None
    donation_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Fixed while the door is open.

    Args:
        base_url: Where providers reach the door, as they write it; no slash at its end.
        hook_tokens: The secret path part of each account whose provider signs nothing.
        public: The public page, None for none.
        operator_token: Opens the API; None only where nobody but this machine can reach the door.
        drills: Folder of the pages of drills that were played.
        review_per_day: Texts of a day that people look at.
    """

    base_url: str
    drills: Path
    hook_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    operator_token: str | None = field(default=None, repr=False)
    public: Public | None = None
    review_per_day: int = 30


async def _nothing_fails(_account: str, _fault: str, _on: bool) -> None:
    """There is no lever."""


@dataclass(frozen=True, slots=True)
class Phone:
    """The demo's outside world: a telephone for every texter, and a lever for every fault of a carrier.

    Args:
        text: Takes the published number, who texts it, and the text; answers the id it is stored under.
        conversation: Takes who texts; answers the bubbles, oldest first.
        faults: Answers every carrier with what can fail there, and what does.
        fault: Takes an account, a fault's name, and whether it is to fail.
    """

    text: Callable[[str, str, str], Awaitable[str]]
    conversation: Callable[[str], Sequence[Bubble]]
    faults: Callable[[], Sequence[Carrier]] = tuple
    fault: Callable[[str, str, bool], Awaitable[None]] = _nothing_fails

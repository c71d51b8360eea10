"""What the door goes by, out of the settings: its address, its secrets, and the demo's telephone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from router.web.shapes import Bubble


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Fixed while the door is open.

    Args:
        base_url: Where providers reach the door, as they write it; no slash at its end.
        hook_tokens: The secret path part of each account whose provider signs nothing.
        operator_token: Opens the API; None only where nobody but this machine can reach the door.
        review_per_day: Texts of a day that people look at.
    """

    base_url: str
    hook_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    operator_token: str | None = field(default=None, repr=False)
    review_per_day: int = 30


@dataclass(frozen=True, slots=True)
class Phone:
    """The demo's telephone: texts a published number, and shows the conversations of one texter.

    Args:
        text: Takes the published number, who texts it, and the text.
        conversation: Takes who texts; answers the bubbles, oldest first.
    """

    text: Callable[[str, str, str], Awaitable[None]]
    conversation: Callable[[str], Sequence[Bubble]]

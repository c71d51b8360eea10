"""What a dialect answers with: its endpoints, and its ways to say no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Refusal:
    """A carrier's no: HTTP status, its own code, what it says."""

    status: int
    code: str
    says: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refuse(Exception):
    """Raised by a handler to turn a call down."""

    def __init__(self, refusal: Refusal, *, to: str = "", sender: str = "") -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.to = to
        self.sender = sender


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint of a carrier; `path` as aiohttp writes it."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    sends: bool = False

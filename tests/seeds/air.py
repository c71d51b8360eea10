"""A carrier that hears references, and the wire to it on which anything may happen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from providers import (
    Ability,
    Accepted,
    InDoubt,
    Outgoing,
    Refused,
    RefusedReason,
    Request,
    Response,
    Throttled,
    Unreachable,
)
from tests.seeds.books import CALL_DEADLINE, Books, Life

_FATES = ("ok", "ok", "ok", "lost", "never", "hangs", "unreachable", "refused", "throttled")


class Fiction:
    """A carrier that hears references."""

    name = "fiction"
    abilities: frozenset[Ability] = frozenset()

    def send(self, text: Outgoing, now: datetime) -> Any:
        request = Request("POST", "http://fiction", body=text.reference.encode(), carries_text=True)
        response = yield request
        match response.status:
            case 429:
                return Throttled(0.5, "429")
            case 400:
                return Refused(RefusedReason.BAD_NUMBER, "400")
            case _:
                return Accepted(provider_id=text.reference)


class Air:
    """The wire of one process, and what carriers took from anybody."""

    def __init__(self, books: Books, life: Life, took: list[str], late: list[str]) -> None:
        self.books, self.life, self.took, self.late = books, life, took, late
        self.fates: Sequence[str] = _FATES

    def guard(self, not_after: float | None) -> bool:
        """Whether it is too late for a byte to leave."""
        return not_after is not None and self.books.now() >= not_after

    async def __call__(self, request: Request, *, not_after: float | None = None) -> Any:
        fate = self.books.luck.choice(self.fates)
        await self.life.step()
        await asyncio.sleep(self.books.luck.uniform(0.001, 0.05))
        await self.life.step()
        if self.guard(not_after):
            return Unreachable("lease-over")
        if fate == "unreachable":
            return Unreachable("connect")
        if fate in {"ok", "lost", "hangs"}:
            reference = request.body.decode()
            self.took.append(reference)
            number = self.books.tries[reference].reply
            if self.books.now() > self.books.leases[number]:
                self.late.append(reference)
        await asyncio.sleep(CALL_DEADLINE if fate == "hangs" else self.books.luck.uniform(0.001, 0.2))
        await self.life.step()
        if fate in {"lost", "never", "hangs"}:
            return InDoubt(fate)
        return Response({"refused": 400, "throttled": 429}.get(fate, 200))

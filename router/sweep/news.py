"""Duty: tell the operator when an account is left or comes back. JSON, without a number in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

from providers import Request, Response, Wire
from router.postgres.standing import Standing, Untold

WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600))
"""Between two tries to tell one change, the last until it is a day old."""


@dataclass(slots=True)
class News:
    """Posts every change of state to `operator.notify_url`, oldest first.

    Args:
        url: Where to; None: nobody is told.
    """

    wire: Wire
    standing: Standing
    url: str | None = field(repr=False)
    most: int = 50

    async def __call__(self) -> bool:
        """Tell what is due; True if more may wait. What could not be told does not hold up the rest."""
        if self.url is None:
            return False
        due = await self.standing.untold(self.most)
        told = [await self._tell(self.url, change) for change in due]
        return any(told) and len(due) == self.most

    async def _tell(self, url: str, change: Untold) -> bool:
        body = json.dumps(_said(change)).encode()
        answer = await self.wire(Request("POST", url, {"Content-Type": "application/json"}, body))
        if isinstance(answer, Response) and answer.ok:
            await self.standing.told(change.id)
            return True
        await self.standing.tell_again(change.id, WAITS[min(change.tells, len(WAITS) - 1)])
        return False


def _said(change: Untold) -> dict[str, object]:
    return {
        "id": change.id,
        "account": change.account,
        "what": "sender" if change.of_sender else "account",
        "was": change.was,
        "status": change.operator or change.status,
        "reason": change.reason,
        "code": change.code,
        "by": change.by,
        "at": change.at.isoformat(),
    }

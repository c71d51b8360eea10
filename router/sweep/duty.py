"""A duty: something done again and again, by one process of the fleet at a time."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from router.postgres.accounts import Accounts
from router.postgres.pool import DatabaseAwayError
from router.wire import boottime

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Duty:
    """One thing that has to be done.

    Args:
        name: In the table of duties.
        every: Seconds between two rounds.
        act: One round; True if there is more to do at once.
        lease: Seconds it is this process's; a round that takes half of it is broken off. None: every
            process does it, because it can be done by several at once.
    """

    name: str
    every: float
    act: Callable[[], Awaitable[bool]]
    lease: float | None = 30.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _ours_until: float = 0.0

    async def run(self, accounts: Accounts, owner: UUID) -> None:
        """Do it until cancelled. Whatever it raises, the next round comes."""
        while True:
            self.woken.clear()
            more = False
            try:
                if await self._ours(accounts, owner):
                    async with asyncio.timeout(self.lease and self.lease / 2):
                        more = await self.act()
            except (DatabaseAwayError, TimeoutError):
                pass
            except Exception as error:  # noqa: BLE001 -- no duty may end for good
                # where, but no traceback: it may hold a text
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(last.filename).name}:{last.lineno}"
                _log.error("duty %s raised %s at %s", self.name, type(error).__name__, place)
            if not more:
                await self._rest()

    async def _ours(self, accounts: Accounts, owner: UUID) -> bool:
        if self.lease is None or boottime() < self._ours_until:
            return True
        began = boottime()
        if not await accounts.take_duty(self.name, owner, timedelta(seconds=self.lease)):
            return False
        self._ours_until = began + self.lease / 2
        return True

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self.every):
                await self.woken.wait()
        except TimeoutError:
            return

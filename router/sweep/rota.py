"""Which duties are this process's: short leases, renewed together, so that the dead keep none for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from router.postgres.accounts import Accounts
from router.postgres.pool import DatabaseAwayError
from router.wire import boottime

_log = logging.getLogger(__name__)


class Rota:
    """Holds what nobody else holds, until the lease is over or it is dropped.

    Args:
        names: The duties that are one process's at a time.
        lease: Seconds that a duty stays with a process that is not heard of; renewed four times in it.
    """

    def __init__(
        self, accounts: Accounts, owner: UUID, names: Collection[str], *, lease: float = 6.0
    ) -> None:
        self._accounts = accounts
        self._owner = owner
        self._names = sorted(names)
        self._lease = lease
        self._until: dict[str, float] = {}

    def ours(self, name: str) -> bool:
        """Whether the duty is this process's at this moment."""
        return boottime() < self._until.get(name, 0.0)

    async def keep(self) -> None:
        """Renew, and take over what others no longer hold, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._lease / 2):
                    await self._renew()
            except (DatabaseAwayError, TimeoutError):
                pass
            except Exception as error:  # noqa: BLE001 -- taking over never ends for good
                _log.error("renewing the duties raised %s", type(error).__name__)
            await asyncio.sleep(self._lease / 4)

    async def drop(self) -> None:
        """Leave every duty to others, at once."""
        self._until.clear()
        await self._accounts.drop_duties(self._owner)

    async def _renew(self) -> None:
        began = boottime()
        held = await self._accounts.take_duties(self._names, self._owner, timedelta(seconds=self._lease))
        self._until = dict.fromkeys(held, began + self._lease)

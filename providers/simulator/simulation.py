"""The whole simulation: the carriers, and the control API that works them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.simulator.account import Account
from providers.simulator.control import Control
from providers.simulator.network import Network


class Simulation(Network):
    """A network of carriers with its control API. Use it with `async with`.

    Args:
        accounts: The account at each carrier, by the carrier's name in `network.DIALECTS`.
        control_port: The control API's loopback port, 0 for any that is free.
        **world: What else a `Network` takes: seed, clock, pace, journal_path.
    """

    def __init__(self, accounts: Mapping[str, Account], *, control_port: int = 0, **world: Any) -> None:
        super().__init__(accounts, **world)
        self._control = Control(self, control_port)

    @property
    def control_url(self) -> str:
        """Where the control API is found, without a slash at the end."""
        return self._control.base_url

    async def start(self) -> None:
        """Open every carrier's line, then the control API."""
        await super().start()
        await self._control.start()

    async def stop(self) -> None:
        """Close everything; what is under way is dropped."""
        await self._control.stop()
        await super().stop()

"""The carriers of a simulation together: their lines, their journal, and the handsets that text them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from providers.simulator.account import Account, Text
from providers.simulator.carrier import Carrier, World
from providers.simulator.courier import Courier
from providers.simulator.faults import Fault
from providers.simulator.journal import Journal
from providers.simulator.line import Line

DIALECTS: Mapping[str, tuple[str, str]] = {
    "twilio": ("providers.simulator.twilio", "TwilioCarrier"),
    "vonage": ("providers.simulator.vonage", "VonageCarrier"),
    "ovh": ("providers.simulator.ovh", "OvhCarrier"),
}
"""Where each dialect is found: module and class. A dialect is loaded only if it is asked for."""


class NotHere(LookupError):
    """No such carrier, or none that owns the number, is simulated here."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Network:
    """Carriers over real loopback HTTP. Use it with `async with`.

    Args:
        accounts: The account at each carrier, by the carrier's name in `DIALECTS`.
        seed: The same seed and the same calls give the same ids.
        clock: The business time, aware UTC.
        pace: Simulated seconds that pass in a real one, for all delays.
        journal_path: Where the journal is also written, one JSON object a line.
        courier: Carries webhooks; left out, one that goes by the machine's clock.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        seed: int = 2017,
        clock: Callable[[], datetime] = _utc_now,
        pace: float = 1.0,
        journal_path: Path | None = None,
        courier: Courier | None = None,
    ) -> None:
        self.journal = Journal(journal_path)
        self.courier = Courier(pace) if courier is None else courier
        world = World(journal=self.journal, courier=self.courier, clock=clock, seed=seed)
        self.carriers: dict[str, Carrier] = {
            name: _dialect(name)(account, world) for name, account in accounts.items()
        }
        self._lines = {name: Line(carrier) for name, carrier in self.carriers.items()}

    async def start(self) -> None:
        """Open every carrier's line."""
        await self.courier.start()
        for line in self._lines.values():
            await line.start()

    async def stop(self) -> None:
        """Close everything; what is under way is dropped."""
        for line in self._lines.values():
            await line.stop()
        await self.courier.stop()
        self.journal.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def base_url(self, carrier: str) -> str:
        """Where a carrier is found, without a slash at the end."""
        self.carrier(carrier)
        return self._lines[carrier].base_url

    def carrier(self, name: str) -> Carrier:
        """The carrier of that name.

        Raises:
            NotHere: It is not part of this simulation.
        """
        if name not in self.carriers:
            raise NotHere(f"no carrier {name[:40]!r} here; there are: {', '.join(self.carriers)}")
        return self.carriers[name]

    def connect(self, carrier: str, *, inbound_url: str = "", receipt_url: str = "") -> None:
        """Say where a carrier posts inbound texts, and receipts where the send names no place."""
        account = self.carrier(carrier).account
        account.inbound_url = inbound_url or account.inbound_url
        account.receipt_url = receipt_url or account.receipt_url

    def owner(self, number: str) -> Carrier:
        """The carrier that owns a published number.

        Raises:
            NotHere: None does.
        """
        for carrier in self.carriers.values():
            if number in carrier.account.numbers:
                return carrier
        raise NotHere("no carrier here owns this number")

    async def text(self, *, to: str, sender: str, text: str) -> tuple[Text, int | None]:
        """Text a published number from a handset.

        Returns:
            The text as its carrier knows it, and the HTTP status the first try of its webhook was
            answered, None where it was lost or not answered.
        """
        done: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        got = self.owner(to).receive(to=to, sender=sender, text=text, done=done)
        return got, await done

    async def fault(self, carrier: str, name: str, /, *, times: int | None = None, **arguments: Any) -> Fault:
        """Make something go wrong at a carrier, see `faults.FAULTS`."""
        fault = self.carrier(carrier).faults.set(name, times=times, **arguments)
        await self._lines[carrier].obey()
        return fault

    async def clear(self, carrier: str | None = None, name: str | None = None) -> None:
        """End one fault or all, at one carrier or at all."""
        for each in [carrier] if carrier else list(self.carriers):
            self.carrier(each).faults.clear(name)
            await self._lines[each].obey()

    async def idle(self, seconds: float = 10.0) -> None:
        """Wait until every receipt and webhook is out. Raises TimeoutError after `seconds`."""
        await self.courier.idle(seconds)


def _dialect(name: str) -> Callable[[Account, World], Carrier]:
    if name not in DIALECTS:
        raise ValueError(f"no simulated carrier {name[:40]!r}; there are: {', '.join(DIALECTS)}")
    module, kind = DIALECTS[name]
    found: Callable[[Account, World], Carrier] = getattr(import_module(module), kind)
    return found

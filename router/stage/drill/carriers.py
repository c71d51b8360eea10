"""The simulated carriers of a drill, in a process of their own: they would take half of the router's."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

from providers.simulator.account import Account
from providers.simulator.courier import TurnedCourier
from providers.simulator.journal import Kind
from providers.simulator.network import Network
from router.stage.drill.ticks import Clock

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_PATIENCE = 120.0
_ENDS = 10.0


class Truth(NamedTuple):
    """A text that a carrier took from the router, by its journal.

    Args:
        carrier: Who took it.
        reference: What the router handed over with it.
        to: Whom it went to.
        at: Business time.
        price: What the carrier kept for it in the end, in `unit`.
        unit: An ISO 4217 code or ``credit``.
        delivered: Whether it reached its handset.
    """

    carrier: str
    reference: str
    to: str
    at: datetime
    price: Decimal
    unit: str
    delivered: bool


class Received(NamedTuple):
    """Texts from handsets that a carrier charged the same for, each `price` in `unit`."""

    carrier: str
    price: Decimal
    unit: str
    texts: int


class CarriersError(RuntimeError):
    """The process of the carriers failed; the message says what of."""


@dataclass(slots=True)
class Carriers:
    """The drill's end of the pipe to them."""

    pipe: Connection = field(repr=False)
    urls: Mapping[str, str]

    async def connect(self, hooks: Mapping[str, str]) -> None:
        """Say by carrier where the router's door is, up to ``/inbound`` or ``/receipt``."""
        await self._ask("connect", dict(hooks))

    async def receipts(self, now: datetime) -> int:
        """Let time pass there until now, and post the receipts that are due by then; answer how many."""
        sent: int = await self._ask("receipts", now)
        return sent

    async def texts(self, now: datetime, texts: Sequence[tuple[str, str, str]]) -> list[int | None]:
        """Write texts (to, from, words), and wait until the door has answered each: HTTP statuses."""
        statuses: list[int | None] = await self._ask("texts", now, texts)
        return statuses

    async def fault(self, carrier: str, name: str, **arguments: Any) -> None:
        """Make something go wrong at a carrier."""
        await self._ask("fault", carrier, name, arguments)

    async def clear(self, carrier: str) -> None:
        """End whatever is wrong there."""
        await self._ask("clear", carrier)

    async def journal(self) -> list[Truth]:
        """What the carriers took and charged, in order."""
        found: list[Truth] = await self._ask("journal")
        return found

    async def received(self) -> list[Received]:
        """What the carriers charged for texts that came in."""
        found: list[Received] = await self._ask("received")
        return found

    async def _ask(self, what: str, *details: Any) -> Any:
        os.set_blocking(self.pipe.fileno(), True)  # a loop that watches it has made it answer piecemeal
        self.pipe.send((what, *details))
        return await _heard(self.pipe)


@asynccontextmanager
async def carriers(accounts: Mapping[str, Account], seed: int, now: datetime) -> AsyncIterator[Carriers]:
    """Run carriers with these accounts until the block ends.

    Args:
        accounts: By the carrier's name.
        seed: The same seed gives the same ids of inbound texts.
        now: Business time there.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(theirs, dict(accounts), seed, now), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Carriers(ours, await _heard(ours))
    finally:
        ours.close()
        await asyncio.to_thread(process.join, _ENDS)
        if process.is_alive():
            process.kill()
            process.join()


async def _heard(pipe: Connection) -> Any:
    loop, there = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pipe.fileno(), there.set)
    try:
        async with asyncio.timeout(_PATIENCE):
            await there.wait()
        os.set_blocking(pipe.fileno(), True)  # likewise: a whole weekend's journal comes in many pieces
        answer = pipe.recv()
    except (EOFError, TimeoutError):
        raise CarriersError("the simulated carriers ended, or hang") from None
    finally:
        loop.remove_reader(pipe.fileno())
    if isinstance(answer, Exception):
        raise CarriersError(f"the simulated carriers failed: {answer}")
    return answer


def _live(pipe: Connection, accounts: Mapping[str, Account], seed: int, now: datetime) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells both: the pipe's end is our end
    asyncio.run(_serve(pipe, accounts, seed, now))


async def _serve(pipe: Connection, accounts: Mapping[str, Account], seed: int, now: datetime) -> None:
    clock, courier = Clock(now), TurnedCourier(now.timestamp())
    async with Network(accounts, seed=seed, clock=clock, courier=courier) as network:
        place = _Place(network, courier, clock)
        pipe.send({name: network.base_url(name) for name in network.carriers})
        while True:
            try:
                what, *details = await asyncio.to_thread(pipe.recv)
            except EOFError:
                return
            act: Callable[..., Awaitable[Any]] = getattr(place, what)
            try:
                pipe.send(await act(*details))
            except Exception as error:  # noqa: BLE001 -- told to the drill, which ends by it
                pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


@dataclass(slots=True)
class _Place:
    """Their end of it: each method is an order."""

    network: Network
    courier: TurnedCourier
    clock: Clock

    async def connect(self, hooks: Mapping[str, str]) -> None:
        for name, hook in hooks.items():
            self.network.connect(name, inbound_url=f"{hook}/inbound", receipt_url=f"{hook}/receipt")

    async def receipts(self, now: datetime) -> int:
        self.clock.now = now
        turned = self.courier.turn(now.timestamp())
        await self.network.idle(_PATIENCE)
        return turned

    async def texts(self, now: datetime, texts: Sequence[tuple[str, str, str]]) -> list[int | None]:
        self.clock.now = now
        return [
            status
            for _, status in await asyncio.gather(
                *(self.network.text(to=to, sender=sender, text=words) for to, sender, words in texts)
            )
        ]

    async def fault(self, carrier: str, name: str, arguments: Mapping[str, Any]) -> None:
        await self.network.fault(carrier, name, **arguments)

    async def clear(self, carrier: str) -> None:
        await self.network.clear(carrier)

    async def received(self) -> list[Received]:
        journal = self.network.journal
        ours = {(entry.carrier, entry.provider_id) for entry in journal.of(Kind.INBOUND)}
        found = Counter(
            (entry.carrier, entry.price, entry.unit)
            for entry in journal.of(Kind.CHARGED)
            if (entry.carrier, entry.provider_id) in ours
        )
        return [Received(*charge, texts) for charge, texts in found.items()]

    async def journal(self) -> list[Truth]:
        ended: dict[str, bool] = {}
        kept: dict[str, Decimal] = {}
        taken = []
        for entry in self.network.journal:
            if entry.kind is Kind.ACCEPTED:
                taken.append(entry)
            elif entry.kind is Kind.DELIVERED:
                ended[entry.provider_id] = True
            elif entry.kind in {Kind.CHARGED, Kind.RETURNED}:
                sign = 1 if entry.kind is Kind.CHARGED else -1
                kept[entry.provider_id] = kept.get(entry.provider_id, Decimal(0)) + sign * entry.price
        return [
            Truth(
                carrier=entry.carrier,
                reference=entry.reference,
                to=entry.to,
                at=entry.at,
                price=kept.get(entry.provider_id, Decimal(0)),
                unit=entry.unit,
                delivered=ended.get(entry.provider_id, False),
            )
            for entry in taken
        ]

"""A simulated OVH, a listener that stands for the router, and our provider at the end of a real wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from providers import Accepted, Doubt, Exchange, Failure, Outgoing, Receipt
from providers.ovh import Ovh
from providers.ovh.account import OvhSettings
from providers.simulator.network import Network
from providers.simulator.ovh import OvhAccount, OvhCarrier
from router.send import carry
from router.wire import AioWire
from tests.providers.simulator.listener import Listener

T = TypeVar("T")
NUMBER, ALPHA = "+33939980000", "Paravent"
TEXTER, OTHER, LANDLINE = "+33639980001", "+33639980002", "+33199000001"
TEXT = "Bonsoir, le consentement se demande."
REFERENCE = "k3mq7wzp2ra5xv6tybce"


class House:
    """One account at the simulated OVH, and our provider at the other end of the wire."""

    def __init__(self, network: Network, account: OvhAccount, wire: AioWire, listener: Listener) -> None:
        self.network, self.account, self.wire, self.listener = network, account, wire, listener
        self.provider = self.settled()

    def settled(self, **settings: Any) -> Ovh:
        usual = {
            "service_name": self.account.service_name,
            "application_key": self.account.application_key,
            "application_secret": self.account.application_secret,
            "consumer_key": self.account.consumer_key,
            "base_url": f"{self.network.base_url('ovh')}/1.0",
            "virtual_numbers": (NUMBER,),
        }
        return Ovh(OvhSettings(**(usual | settings)))

    @property
    def carrier(self) -> OvhCarrier:
        found = self.network.carrier("ovh")
        assert isinstance(found, OvhCarrier)
        return found

    async def do(self, exchange: Exchange[T]) -> T | Failure:
        return await carry(exchange, self.wire)

    async def send(self, **what: Any) -> Accepted | Failure:
        usual = {"reference": REFERENCE, "to": TEXTER, "sender": NUMBER, "text": TEXT, "receipt_url": ""}
        return await self.do(self.provider.send(Outgoing(**(usual | what)), now()))

    async def look_up(self, to: str = TEXTER, sender: str = NUMBER) -> Receipt | Failure | None:
        doubt = Doubt(reference=REFERENCE, to=to, sender=sender, text=TEXT, sent_at=now())
        return await self.do(self.provider.look_up(doubt, now()))


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened() -> AsyncIterator[House]:
    account = OvhAccount(numbers=(NUMBER,), step_seconds=0.001)
    wire = AioWire(deadline=2.0)
    async with Listener() as listener, Network({"ovh": account}) as network:
        hooks = f"{listener.base_url}/hooks/ovh/t0ken"
        network.connect("ovh", inbound_url=f"{hooks}/inbound", receipt_url=f"{hooks}/receipt")
        yield House(network, account, wire, listener)
        await wire.close()

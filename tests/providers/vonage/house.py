"""A simulated Vonage, a listener that stands for the router, and our provider at the end of a real wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

from cryptography.hazmat.primitives import serialization

from providers import Accepted, Doubt, Exchange, Failure, Hook, Outgoing, Receipt
from providers.simulator.network import Network
from providers.simulator.vonage import VonageAccount
from providers.vonage import Vonage, VonageSettings
from router.send import carry
from router.wire import AioWire
from tests.providers.simulator.listener import Heard, Listener
from tests.providers.vonage.dialect import PEM, RSA

T = TypeVar("T")
Mode = Literal["messages", "sms"]
NUMBER, ALPHA = "+33937000002", "Paravent"
TEXTER, OTHER = "+33639980001", "+33639980002"
TEXT = "Bonsoir, le consentement se demande."
LONG = "Salut ! " * 45
REFERENCE = "k3mq7wzp2ra5xv6tybce"
PUBLIC = (
    RSA.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


class House:
    """One account at the simulated Vonage, and our provider at the other end of the wire."""

    def __init__(self, network: Network, account: VonageAccount, wire: AioWire, listener: Listener) -> None:
        self.network, self.account, self.wire, self.listener = network, account, wire, listener
        self.provider = self.settled()

    def settled(self, **settings: Any) -> Vonage:
        address = self.network.base_url("vonage")
        application = {"application_id": self.account.application_id, "private_key": PEM}
        usual = {
            "mode": self.account.mode,
            "api_key": self.account.api_key,
            "api_secret": self.account.api_secret,
            "signature_secrets": [self.account.signature_secret],
            "signature_method": self.account.signature_method,
            "price_is": self.account.price_is,
            "base_url": address,
            "rest_url": address,
            "reports_url": address,
            **(application if self.account.mode == "messages" else {}),
        }
        return Vonage(VonageSettings(**(usual | settings)))

    async def do(self, exchange: Exchange[T]) -> T | Failure:
        return await carry(exchange, self.wire)

    def text(self, **what: Any) -> Outgoing:
        usual = {
            "reference": REFERENCE,
            "to": TEXTER,
            "sender": NUMBER,
            "text": TEXT,
            "receipt_url": f"{self.listener.base_url}/hooks/v/receipt",
        }
        return Outgoing(**(usual | what))

    async def send(self, provider: Vonage | None = None, **what: Any) -> Accepted | Failure:
        return await self.do((provider or self.provider).send(self.text(**what), now()))

    def doubt(self, reference: str = REFERENCE) -> Doubt:
        return Doubt(reference=reference, to=TEXTER, sender=NUMBER, text=TEXT, sent_at=now())

    async def look_up(self, reference: str = REFERENCE) -> Receipt | Failure | None:
        return await self.do(self.provider.look_up(self.doubt(reference), now()))

    def receipts(self) -> list[Receipt]:
        """What the provider makes of every receipt that was heard."""
        return [one for heard in self.listener.heard for one in self.provider.receipt(hook(heard))]


def hook(heard: Heard) -> Hook:
    return Hook(heard.method, heard.url, heard.headers, heard.body, received_at=now())


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened(mode: Mode, **more: Any) -> AsyncIterator[House]:
    account = VonageAccount(
        mode=mode,
        numbers=(NUMBER,),
        alphanumeric=(ALPHA,),
        public_key=PUBLIC,
        step_seconds=0.001,
        retry_seconds=0.01,
        balance=Decimal(10),
        inbound_price=Decimal("0.005"),
        **more,
    )
    wire = AioWire(deadline=2.0)
    async with Listener() as listener, Network({"vonage": account}) as network:
        network.connect("vonage", inbound_url=f"{listener.base_url}/hooks/v/inbound")
        yield House(network, account, wire, listener)
        await wire.close()

"""A simulated Vonage that texts to a listener, and the official SDK pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from vonage import Auth, HttpClientOptions, Vonage
from vonage_messages.models import Sms
from vonage_sms import SmsMessage

from providers.simulator.network import Network
from providers.simulator.vonage import VonageAccount
from tests.providers.simulator.listener import Listener

NUMBER, TEXTER = "+33937000002", "+33639980002"
REFERENCE = "k3mq7wzp2ra5xv6tybce"
LONG = "Salut ! " * 45
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PRIVATE = RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = (
    RSA.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


class Plain(HTTPAdapter):
    """The SDK says https whatever its address; loopback has no certificate."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture(params=["messages", "sms"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def account(mode: str) -> VonageAccount:
    return VonageAccount(
        mode="sms" if mode == "sms" else "messages",
        numbers=(NUMBER,),
        alphanumeric=("Paravent",),
        public_key=PUBLIC,
        step_seconds=0.001,
        retry_seconds=0.01,
        balance=Decimal(10),
    )


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


@pytest.fixture
async def network(account: VonageAccount, listener: Listener) -> AsyncIterator[Network]:
    account.inbound_url = f"{listener.base_url}/hooks/v/inbound"
    account.receipt_url = f"{listener.base_url}/hooks/v/receipt"
    async with Network({"vonage": account}) as network:
        yield network


Client = Callable[..., Vonage]


@pytest.fixture
def client(network: Network, account: VonageAccount) -> Iterator[Client]:
    host = urlsplit(network.base_url("vonage")).netloc
    made: list[Vonage] = []

    def make(**auth: Any) -> Vonage:
        known = {"api_key": account.api_key, "api_secret": account.api_secret}
        options = HttpClientOptions(api_host=host, rest_host=host, timeout=5, max_retries=0)
        sdk = Vonage(Auth(**{**known, **auth}), options)
        sdk.http_client._session.mount("https://", Plain())
        made.append(sdk)
        return sdk

    yield make
    for sdk in made:
        sdk.http_client._session.close()


def application(account: VonageAccount) -> dict[str, str]:
    return {"application_id": account.application_id, "private_key": PRIVATE}


def message(**more: Any) -> Sms:
    return Sms(**{"to": TEXTER[1:], "from_": NUMBER[1:], "text": "Salut", "client_ref": REFERENCE, **more})


def sms(**more: Any) -> SmsMessage:
    known = {"to": TEXTER[1:], "from_": NUMBER[1:], "text": "Salut", "client_ref": REFERENCE}
    return SmsMessage(**{**known, **more})


async def call(method: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(method, *args)


def only(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mode", [name], indirect=True)

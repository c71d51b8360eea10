"""A simulated Twilio that texts to a listener, and the official SDK pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

from providers.simulator.simulation import Simulation
from providers.simulator.twilio import TwilioAccount
from tests.providers.simulator.listener import Heard, Listener

PUBLISHED = "+33937000001"
TEXTER = "+33639980001"


def is_genuine(heard: Heard, token: str) -> bool:
    """What the official validator says of a webhook."""
    signature = heard.headers["x-twilio-signature"]
    algorithm = get_signature_algorithm(heard.headers.get("x-twilio-webhooks-signature-settings"))
    validator = RequestValidator(token)
    return bool(validator.validate(heard.url, heard.form(), signature, algorithm))


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


@pytest.fixture
async def simulation(listener: Listener) -> AsyncIterator[Simulation]:
    account = TwilioAccount(
        numbers=(PUBLISHED,),
        alphanumeric=("Paravent",),
        api_keys={"SK" + "7" * 32: "key-secret"},
        inbound_url=f"{listener.base_url}/hooks/a/inbound?door=1",
        balance=Decimal(10),
        step_seconds=0.001,
    )
    async with Simulation({"twilio": account}) as simulation:
        yield simulation


@pytest.fixture
def account(simulation: Simulation) -> TwilioAccount:
    account = simulation.carriers["twilio"].account
    assert isinstance(account, TwilioAccount)
    return account


@pytest.fixture
def sdk(simulation: Simulation, account: TwilioAccount) -> Iterator[Client]:
    client = Client(account.account_sid, account.auth_token)
    client.api.base_url = simulation.base_url("twilio")
    yield client
    client.http_client.session.close()


class Caller:
    """A plain HTTP client of the simulated Twilio."""

    def __init__(
        self, session: aiohttp.ClientSession, simulation: Simulation, account: TwilioAccount
    ) -> None:
        self._session = session
        self._account = account
        self.simulation = simulation
        self.form = {"To": TEXTER, "From": PUBLISHED, "Body": "Salut"}

    @property
    def root(self) -> str:
        base = self.simulation.base_url("twilio")
        return f"{base}/2010-04-01/Accounts/{self._account.account_sid}"

    def headers(self) -> dict[str, str]:
        user, secret = self._account.account_sid, self._account.auth_token
        return {"Authorization": aiohttp.encode_basic_auth(user, secret)}

    async def send(self, *, authorization: str | None = None, **form: str) -> tuple[int, Any]:
        """Send a text; fields given replace the usual ones, empty ones are left out."""
        fields = {key: value for key, value in (self.form | form).items() if value}
        headers = self.headers() if authorization is None else {"Authorization": authorization}
        async with self._session.post(f"{self.root}/Messages.json", data=fields, headers=headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._session.get(self.root + path, headers=self.headers()) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def caller(simulation: Simulation, account: TwilioAccount) -> AsyncIterator[Caller]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Caller(session, simulation, account)

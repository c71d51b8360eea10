"""The Twilio page and the simulated Twilio, both held against Twilio's own OpenAPI file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from openapi_core.exceptions import OpenAPIError

from providers import (
    Accepted,
    Balance,
    CutOff,
    Doubt,
    Outgoing,
    Price,
    Receipt,
    Refused,
    Request,
    Response,
    Status,
    Throttled,
)
from providers.simulator.network import Network
from providers.simulator.twilio import TwilioAccount
from providers.twilio import Twilio, TwilioSettings
from tests.providers.specification import Specification, ask, drive, read

FILE = "twilio_messages_with_errors.json"
PUBLISHED, TEXTER = "+33937000001", "+33639980001"
SERVICE = "MG" + "1" * 32

pytestmark = pytest.mark.require("shared")


def text(**other: Any) -> Outgoing:
    usual = {
        "reference": "abcdefghij234567klmn",
        "to": TEXTER,
        "sender": PUBLISHED,
        "text": "Salut, c'est Zoé",
        "receipt_url": "https://paravent.example/hooks/a/receipt",
    }
    return Outgoing(**(usual | other))


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    account = TwilioAccount(
        numbers=(PUBLISHED,),
        alphanumeric=("Paravent",),
        services={SERVICE: "Paravent"},
        balance=Decimal(10),
        step_seconds=0.001,
    )
    async with Network({"twilio": account}) as network:
        # nobody hears the receipts
        await network.fault("twilio", "missing_receipts")
        yield network


@pytest.fixture
def twilio(network: Network) -> Twilio:
    account = network.carriers["twilio"].account
    assert isinstance(account, TwilioAccount)
    settings = {
        "account_sid": account.account_sid,
        "auth_token": account.auth_token,
        "base_url": network.base_url("twilio"),
        "messaging_services": {"Paravent": SERVICE},
    }
    return Twilio(TwilioSettings.model_validate(settings))


@pytest.fixture
def specification(network: Network) -> Specification:
    return Specification(FILE, network.base_url("twilio"))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.mark.parametrize("sender", [PUBLISHED, "Paravent"])
async def test_every_call_of_the_page_and_every_answer_of_the_simulation_are_as_twilio_writes_them(
    sender: str,
    network: Network,
    twilio: Twilio,
    specification: Specification,
    session: aiohttp.ClientSession,
) -> None:
    now = datetime.now(UTC)
    sent = await drive(twilio.send(text(sender=sender), now), session, specification)
    assert isinstance(sent, Accepted)
    await network.idle()
    price = Price(Decimal("0.0798"), "USD")
    traced = await drive(twilio.trace(sent.provider_id, now), session, specification)
    assert isinstance(traced, Receipt)
    assert (traced.status, traced.price) == (Status.DELIVERED, price)
    doubt = Doubt(
        reference="abcdefghij234567klmn", to=TEXTER, sender=sender, text="Salut, c'est Zoé", sent_at=now
    )
    found = await drive(twilio.look_up(doubt, now), session, specification)
    assert isinstance(found, Receipt)
    assert found.provider_id == sent.provider_id
    balance = await drive(twilio.balance(now), session, specification)
    assert balance == Balance(amount=9.9202, unit="USD")
    assert await drive(twilio.status(now), session, specification) is None
    assert specification.checked >= 5


async def test_the_inbound_log_is_paged_as_twilio_writes_it(
    network: Network, twilio: Twilio, specification: Specification, session: aiohttp.ClientSession
) -> None:
    since = datetime.now(UTC)
    for number in range(1200):
        network.carriers["twilio"].receive(to=PUBLISHED, sender=TEXTER, text=f"text {number}")
    log = await drive(twilio.inbound_log([PUBLISHED], since, since), session, specification)
    assert isinstance(log, list)
    assert [each.text for each in log] == [f"text {number}" for number in range(1200)]
    assert specification.checked == 2


@pytest.mark.parametrize(
    ("fault", "arguments", "failure"),
    [
        ("refuse", {"code": "21211"}, Refused),
        ("refuse", {"code": "21610"}, Refused),
        ("refuse", {"code": "21606"}, CutOff),
        ("revoke", {}, CutOff),
        ("suspend", {}, CutOff),
        ("throttle", {"retry_after": 3}, Throttled),
        ("error_before", {}, object),
        ("error_after", {"status": 500}, object),
    ],
)
async def test_every_refusal_is_as_twilio_writes_it(
    fault: str,
    arguments: dict[str, Any],
    failure: type,
    network: Network,
    twilio: Twilio,
    specification: Specification,
    session: aiohttp.ClientSession,
) -> None:
    await network.fault("twilio", fault, **arguments)
    outcome = await drive(twilio.send(text(), datetime.now(UTC)), session, specification)
    assert isinstance(outcome, failure)
    assert not isinstance(outcome, Accepted)
    assert specification.checked == 1


async def test_the_check_finds_what_is_wrong(
    network: Network, twilio: Twilio, specification: Specification, session: aiohttp.ClientSession
) -> None:
    request = next(twilio.send(text(), datetime.now(UTC)))
    response = await ask(session, request)
    specification.check(request, response)
    spoilt = [
        (request, Response(200, response.headers, response.body)),
        (request, Response(201, response.headers, response.body.replace(b'"SM', b'"XX'))),
        (
            Request("POST", request.url, {"Content-Type": request.headers["Content-Type"]}, request.body),
            response,
        ),
        (Request("POST", request.url.replace("AC", "ZZ"), request.headers, request.body), response),
        (Request("POST", request.url, request.headers, request.body.replace(b"To=", b"Tu=")), response),
    ]
    for asked, said in spoilt:
        with pytest.raises(OpenAPIError):
            specification.check(asked, said)


def test_the_file_is_the_one_the_checks_are_about() -> None:
    assert "/2010-04-01/Accounts/{AccountSid}/Messages.json" in read(FILE)["paths"]

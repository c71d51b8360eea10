"""The Twilio page against Prism, a third party's mock of Twilio's OpenAPI file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest

from providers import (
    Accepted,
    Balance,
    CutOff,
    Failure,
    InDoubt,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    Throttled,
)
from providers.twilio import Twilio, TwilioSettings
from tests.providers.prism import prism
from tests.providers.specification import ask

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT = Outgoing(
    reference="abcdefghij234567klmn",
    to="+33639980001",
    sender="+33937000001",
    text="Salut",
    receipt_url="https://paravent.example/hooks/a/receipt",
)

pytestmark = [
    pytest.mark.require("shared"),
    pytest.mark.require("prism"),
    pytest.mark.xdist_group("twilio-prism"),
]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with prism("twilio_messages_with_errors.json") as base_url:
        yield base_url


@pytest.fixture
def twilio(base_url: str) -> Twilio:
    settings = {"account_sid": "AC" + "5" * 32, "auth_token": "token", "base_url": base_url}
    return Twilio(TwilioSettings.model_validate(settings))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


async def send(twilio: Twilio, session: aiohttp.ClientSession, prefer: str) -> Outcome:
    """Send a text; `prefer` picks the answer."""
    exchange = twilio.send(TEXT, NOW)
    request = next(exchange)
    request = replace(request, headers={**request.headers, "Prefer": prefer})
    with pytest.raises(StopIteration) as done:
        exchange.send(await ask(session, request))
    outcome: Outcome = done.value.value
    return outcome


@pytest.mark.parametrize("example", ["create", "createWithMessagingService", "createWithQueuedStatus"])
async def test_prism_takes_a_send_and_the_page_reads_its_answer(
    example: str, twilio: Twilio, session: aiohttp.ClientSession
) -> None:
    outcome = await send(twilio, session, f"code=201, example={example}")
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id.startswith("SM")


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (400, "21211", Refused),
        (400, "21610", Refused),
        (400, "21612", Refused),
        (400, "21608", Refused),
        (400, "21408", Refused),
        (400, "21606", CutOff),
        (400, "21660", CutOff),
        (400, "21611", Throttled),
        (400, "21617", Refused),
        (400, "30002", CutOff),
        (401, "20003", CutOff),
        (403, "20005", CutOff),
        (429, "20429", Throttled),
        (500, "20500", InDoubt),
        (503, "20503", InDoubt),
    ],
)
async def test_the_page_knows_every_refusal_of_the_file(
    status: int, code: str, failure: type[Failure], twilio: Twilio, session: aiohttp.ClientSession
) -> None:
    outcome = await send(twilio, session, f"code={status}, example={code}")
    assert isinstance(outcome, failure)
    assert outcome.code == code


async def test_prism_answers_the_page_what_it_looks_up(
    twilio: Twilio, session: aiohttp.ClientSession
) -> None:
    exchange = twilio.balance(NOW)
    with pytest.raises(StopIteration) as done:
        exchange.send(await ask(session, next(exchange)))
    assert isinstance(done.value.value, Balance)
    status = twilio.status(NOW)
    with pytest.raises(StopIteration) as done:
        status.send(await ask(session, next(status)))
    assert done.value.value is None
    trace = twilio.trace("SM" + "a" * 32, NOW)
    response = await ask(session, next(trace))
    # the file's example names another text
    body = response.body.replace(str(response.fields()["sid"]).encode(), b"SM" + b"a" * 32)
    with pytest.raises(StopIteration) as done:
        trace.send(replace(response, body=body))
    assert isinstance(done.value.value, Receipt)


async def test_prism_turns_down_a_send_without_a_receiver(
    twilio: Twilio, session: aiohttp.ClientSession
) -> None:
    request = next(twilio.send(TEXT, NOW))
    assert (await ask(session, request)).status == 201
    spoilt = replace(request, body=request.body.replace(b"To=", b"Tu="))
    assert (await ask(session, spoilt)).status != 201

"""Vonage's page against Prism, a third party's mock of the SMS and Messages OpenAPI files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from providers import Accepted, CutOff, Failure, InDoubt, Outcome, Refused, Throttled
from providers.contract.conformance import NOW, OUTGOING
from providers.vonage import Vonage
from tests.providers.prism import prism
from tests.providers.specification import ask
from tests.providers.vonage.dialect import MESSAGES, SMS, vonage

pytestmark = [
    pytest.mark.require("shared"),
    pytest.mark.require("prism"),
    pytest.mark.xdist_group("vonage-prism"),
]


@pytest.fixture(scope="module")
def messages_url() -> Iterator[str]:
    with prism("vonage_messages_v1.own.yaml") as base_url:
        yield base_url


@pytest.fixture(scope="module")
def sms_url() -> Iterator[str]:
    # Not strict, for the file's own examples of an answer fit two of its schemas where one is allowed.
    with prism("vonage_sms.prism.yml", strict=False) as base_url:
        yield base_url


async def send(account: Vonage, **headers: str) -> Outcome:
    exchange = account.send(OUTGOING, NOW)
    request = next(exchange)
    request = replace(request, headers={**request.headers, **headers})
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        answer = await ask(session, request)
    with pytest.raises(StopIteration) as done:
        exchange.send(answer)
    outcome: Outcome = done.value.value
    return outcome


@pytest.mark.parametrize("auth", [{}, {"application_id": None, "private_key": None}])
async def test_prism_takes_a_message(auth: dict[str, Any], messages_url: str) -> None:
    outcome = await send(vonage(MESSAGES, base_url=messages_url, **auth))
    assert outcome == Accepted(provider_id="aaaaaaaa-bbbb-cccc-dddd-0123456789ab")


@pytest.mark.parametrize(
    ("status", "failure", "code"),
    [
        (401, CutOff, "unauthorized"),
        (402, CutOff, "low-balance"),
        (403, CutOff, "account-suspended"),
        (422, Refused, "1150"),
        (429, Throttled, "rate-limit"),
        (500, InDoubt, "1030"),
    ],
)
async def test_the_page_knows_every_refusal_of_the_file(
    status: int, failure: type[Failure], code: str, messages_url: str
) -> None:
    outcome = await send(vonage(MESSAGES, base_url=messages_url), Prefer=f"code={status}")
    assert isinstance(outcome, failure)
    assert outcome.code == code


@pytest.mark.parametrize("auth", ["body", "signature"])
async def test_prism_takes_an_sms(auth: str, sms_url: str) -> None:
    # The file caps `sig` at sixty characters, which leaves out sha256 and sha512.
    account = vonage(SMS, rest_url=sms_url, sms_auth=auth, signature_method="sha1hmac")
    outcome = await send(account)
    assert isinstance(outcome, Accepted)
    assert (outcome.provider_id, outcome.parts) == ("0A0000000123ABCD1", 1)


async def test_prism_turns_down_an_sms_without_a_receiver(sms_url: str) -> None:
    exchange = vonage(SMS, rest_url=sms_url).send(OUTGOING, NOW)
    request = next(exchange)
    spoilt = replace(request, body=request.body.replace(b"to=", b"tu="))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        assert (await ask(session, request)).status == 200
        assert (await ask(session, spoilt)).status != 200

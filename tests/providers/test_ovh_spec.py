"""OVH's provider and the simulated OVH, both held against an OpenAPI file of the account's own paths.

The file knows no virtual numbers: texts go from a declared sender, and what comes in is for a short
code, so that all of it lies in the account.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from openapi_core.exceptions import OpenAPIError

from providers import Accepted, CutOff, Doubt, Inbound, Job, Outgoing, Receipt, Refused, Response, Throttled
from tests.providers.ovh_house import ALPHA, LANDLINE, OTHER, REFERENCE, TEXT, TEXTER, House, now, opened
from tests.providers.specification import Specification, ask, drive, read

FILE = "ovh_sms.own.yaml"
SHORT_CODE = "38045"
SENT = Outgoing(reference=REFERENCE, to=TEXTER, sender=ALPHA, text=TEXT, receipt_url="")

pytestmark = pytest.mark.require("shared")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


@pytest.fixture
def specification(house: House) -> Specification:
    return Specification(FILE, f"{house.network.base_url('ovh')}/1.0")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


async def test_all_that_is_asked_of_a_sent_text_is_as_written(
    house: House, specification: Specification, session: aiohttp.ClientSession
) -> None:
    job = Job(tag=REFERENCE, receivers=(TEXTER, LANDLINE, OTHER), sender=ALPHA, text=TEXT, receipt_url="")
    outcomes = await drive(house.provider.send_many(job, now()), session, specification)
    assert [type(each) for each in outcomes] == [Accepted, Refused, Accepted]
    await house.network.idle()
    doubt = Doubt(reference=REFERENCE, to=OTHER, sender=ALPHA, text=TEXT, sent_at=now())
    found = await drive(house.provider.look_up(doubt, now()), session, specification)
    assert isinstance(found, Receipt)
    assert found.provider_id
    traced = await drive(house.provider.trace(found.provider_id, now()), session, specification)
    assert traced == found
    assert await drive(house.provider.status(now()), session, specification) is None
    await drive(house.provider.balance(now()), session, specification)
    assert specification.checked == 7, "the clock, the job, a list, two records, and twice the account"


async def test_what_comes_in_is_as_written(
    house: House, specification: Specification, session: aiohttp.ClientSession
) -> None:
    house.network.carrier("ovh").receive(to=SHORT_CODE, sender=TEXTER, text="Salut ça va 💥")
    since = now() - timedelta(hours=1)
    found = await drive(house.provider.inbound_log([SHORT_CODE], since, now()), session, specification)
    assert isinstance(found, list)
    (text,) = found
    assert isinstance(text, Inbound)
    assert await drive(house.provider.reread(text, now()), session, specification) == text
    assert specification.checked == 4


@pytest.mark.parametrize(
    ("fault", "arguments", "failure"),
    [
        ("refuse", {"code": "contact"}, Refused),
        ("refuse", {"code": "bad_sender"}, CutOff),
        ("refuse", {"code": "INVALID_SIGNATURE"}, CutOff),
        ("refuse", {"code": "no_service"}, CutOff),
        ("revoke", {"on": "sends"}, CutOff),
        ("suspend", {}, CutOff),
        ("throttle", {"on": "sends"}, Throttled),
    ],
)
async def test_every_refusal_is_as_written(
    house: House,
    specification: Specification,
    session: aiohttp.ClientSession,
    fault: str,
    arguments: dict[str, Any],
    failure: type,
) -> None:
    await house.network.fault("ovh", fault, **arguments)
    outcome = await drive(house.provider.send(SENT, now()), session, specification)
    assert isinstance(outcome, failure)
    assert specification.checked >= 2


async def test_the_check_finds_what_is_wrong(
    house: House, specification: Specification, session: aiohttp.ClientSession
) -> None:
    exchange = house.provider.send(SENT, now())
    request = exchange.send(await ask(session, next(exchange)))
    response = await ask(session, request)
    specification.check(request, response)
    spoilt = [
        (request, Response(201, response.headers, response.body)),
        (request, replace(response, body=response.body.replace(b'"ids"', b'"id"'))),
        (replace(request, body=request.body.replace(b'"message"', b'"text"')), response),
        (replace(request, body=request.body.replace(b'["+', b'"').replace(b'"],', b'",')), response),
        (replace(request, url=request.url.replace("jobs", "job")), response),
    ]
    for asked, said in spoilt:
        with pytest.raises(OpenAPIError):
            specification.check(asked, said)


def test_the_file_is_the_one_the_checks_are_about() -> None:
    assert "/sms/{serviceName}/jobs" in read(FILE)["paths"]

"""Vonage's page and the simulated Vonage, both held against OpenAPI files and our table of codes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from openapi_core.exceptions import OpenAPIError
from openapi_schema_validator import OAS30Validator

from providers import (
    Accepted,
    CutOff,
    CutReason,
    Failure,
    InDoubt,
    Receipt,
    Refused,
    RefusedReason,
    Scope,
    Throttled,
)
from providers.vonage import codes
from tests.providers.specification import FOLDER, Specification, ask, drive, read
from tests.providers.vonage.house import LONG, NUMBER, TEXTER, House, Mode, now, opened

pytestmark = pytest.mark.require("shared")

FILES = {"messages": "vonage_messages_v1.own.yaml", "sms": "vonage_sms.yml"}


def mended(file: Any) -> Any:
    """Vonage's files with three slips put right, each of which refuses the file's own examples.

    `oneOf` over schemas that all fit becomes `anyOf`; a default that is not in its own enum goes;
    and so does `format: date` where an example shows a time.
    """
    if isinstance(file, list):
        return [mended(each) for each in file]
    if not isinstance(file, dict):
        return file
    kept = {key: value for key, value in file.items() if (key, value) not in _SLIPS}
    return {("anyOf" if key == "oneOf" else key): mended(value) for key, value in kept.items()}


_SLIPS = [("default", "none"), ("format", "date")]


@pytest.fixture(params=["messages", "sms"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def house(mode: Mode) -> AsyncIterator[House]:
    async with opened(mode) as house:
        yield house


@pytest.fixture
def specification(house: House, mode: str) -> Specification:
    base_url = house.network.base_url("vonage") + ("/sms" if mode == "sms" else "")
    return Specification(FILES[mode], base_url, mended)


@pytest.fixture
def reports(house: House) -> Specification:
    return Specification("vonage_reports.yml", house.network.base_url("vonage"), mended)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


def only(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mode", [name], indirect=True)


@pytest.mark.parametrize("sender", [NUMBER, "Paravent"])
@pytest.mark.parametrize("text", ["Salut, c'est Zoé", LONG, "ça va 💥"])
async def test_a_send_and_its_answer_are_as_the_file_has_them(
    sender: str, text: str, house: House, specification: Specification, session: aiohttp.ClientSession
) -> None:
    exchange = house.provider.send(house.text(sender=sender, text=text), now())
    assert isinstance(await drive(exchange, session, specification), Accepted)
    assert specification.checked == 1


_FAULTS: list[tuple[dict[str, Any], type]] = [
    ({"name": "suspend"}, CutOff),
    ({"name": "revoke"}, CutOff),
    ({"name": "unpaid"}, CutOff),
    ({"name": "throttle"}, Throttled),
]


@pytest.mark.parametrize(("fault", "failure"), _FAULTS)
async def test_a_refusal_is_as_the_file_has_it(
    fault: dict[str, Any],
    failure: type[Failure],
    house: House,
    specification: Specification,
    session: aiohttp.ClientSession,
) -> None:
    await house.network.fault("vonage", fault["name"])
    outcome = await drive(house.provider.send(house.text(), now()), session, specification)
    assert isinstance(outcome, failure)
    assert specification.checked == 1


@only("messages")
async def test_an_error_of_vonage_itself_is_as_the_file_has_it(
    house: House, specification: Specification, session: aiohttp.ClientSession
) -> None:
    await house.network.fault("vonage", "error_before", status=500)
    outcome = await drive(house.provider.send(house.text(), now()), session, specification)
    assert isinstance(outcome, InDoubt)
    await house.network.clear()
    await house.network.fault("vonage", "refuse", code="1150")
    outcome = await drive(house.provider.send(house.text(), now()), session, specification)
    assert isinstance(outcome, Refused)
    assert specification.checked == 2


async def test_what_is_asked_of_the_reports_is_as_the_file_has_it(
    house: House, mode: str, reports: Specification, session: aiohttp.ClientSession
) -> None:
    sent = await house.send(text=LONG)
    assert isinstance(sent, Accepted)
    await house.network.idle()
    await house.network.text(to=NUMBER, sender=TEXTER, text="Salut")
    house.account.report_page = 1
    doubt = await drive(house.provider.look_up(house.doubt(), now()), session, reports)
    assert isinstance(doubt, Receipt)
    trace = await drive(house.provider.trace(sent.provider_id, now()), session, reports)
    assert isinstance(trace, Receipt)
    since, until = now() - timedelta(minutes=5), now() + timedelta(seconds=1)
    log = await drive(house.provider.inbound_log([NUMBER], since, until), session, reports)
    assert isinstance(log, list)
    assert [each.text for each in log] == ["Salut"]
    assert reports.checked == (5 if mode == "sms" else 3)


_RECORDS = {
    ("sms", "outbound"): "json_sms_outbound",
    ("sms", "inbound"): "json_sms_inbound",
    ("messages", "outbound"): "csv_messages_outbound",
    ("messages", "inbound"): "csv_messages_inbound",
}


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
async def test_a_record_has_no_field_that_the_file_does_not_name(
    direction: str, house: House, mode: str, session: aiohttp.ClientSession
) -> None:
    await house.send()
    await house.network.text(to=NUMBER, sender=TEXTER, text="Salut")
    known = read("vonage_reports.yml")["components"]["schemas"][_RECORDS[mode, direction]]["properties"]
    if direction == "outbound":
        exchange: Any = house.provider.look_up(house.doubt(), now())
    else:
        exchange = house.provider.inbound_log([NUMBER], now() - timedelta(minutes=1), now() + timedelta(1))
    answer = await ask(session, next(exchange))
    (record,) = answer.fields()["records"]
    assert set(record) - {"message_body"} <= set(known)


@only("sms")
@pytest.mark.parametrize("form", ["JSON"])
async def test_webhooks_of_the_sms_api_are_as_the_file_has_them(house: House, form: Any) -> None:
    house.account.webhook_form = form
    await house.send()
    await house.network.text(to=NUMBER, sender=TEXTER, text=LONG)
    await house.network.idle()
    schemas = read("vonage_sms.yml")["components"]["schemas"]
    names = {"inbound": "InboundMessage", "receipt": "DeliveryReceipt"}
    for heard in house.listener.heard:
        schema = schemas[names[heard.url.rpartition("/")[2]]]
        said = json.loads(heard.body)
        OAS30Validator(schema).validate(said)
        assert set(said) - {"sig"} <= set(schema["properties"])
    assert len(house.listener.heard) == 5


async def test_the_check_finds_what_is_wrong(
    house: House, mode: str, specification: Specification, session: aiohttp.ClientSession
) -> None:
    request = next(house.provider.send(house.text(), now()))
    response = await ask(session, request)
    specification.check(request, response)
    to = TEXTER[1:].encode()
    wrong = type(request)(request.method, request.url, request.headers, request.body.replace(to, b"+"))
    with pytest.raises(OpenAPIError):
        specification.check(wrong, response)
    body = response.body.replace(b'"message', b'"no_message').replace(b'"messages": [', b'"messages": [1, ')
    if mode == "sms":
        body = response.body.replace(b'"messages": [', b'"messages": [1, ')
    with pytest.raises(OpenAPIError):
        specification.check(request, type(response)(response.status, response.headers, body))


# Our own table of codes, where it agrees with the five failures

_WORDS: dict[str, tuple[type, Any]] = {
    "cut_off": (CutOff, {CutReason.REVOKED, CutReason.SUSPENDED, CutReason.SENDER_LOST, CutReason.UNPAID}),
    "out_of_funds": (CutOff, {CutReason.UNPAID}),
    "throttled": (Throttled, None),
    "invalid_destination": (Refused, {RefusedReason.BAD_NUMBER}),
    "opted_out": (Refused, {RefusedReason.OPTED_OUT}),
    "content_blocked": (Refused, {RefusedReason.FILTERED}),
    "permanent": (Refused, {RefusedReason.UNACCEPTABLE}),
    "transient": (InDoubt, None),
    "ambiguous": (InDoubt, None),
}


def facts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER.parent / "providers" / "error_map.json").read_text())
    return found


@pytest.mark.parametrize(
    ("name", "table"), [("vonage_sms_status", codes.SMS_STATUS), ("vonage_messages", codes.MESSAGES)]
)
def test_every_code_means_what_the_facts_say(name: str, table: dict[str, Failure]) -> None:
    rows = {code: row for code, row in facts()[name].items() if row["class"] not in {None, "expired"}}
    assert set(rows) == set(table)
    # made anew once by the page itself; what is left of it is a cut-off
    rows["jwt-expired"] = {"class": "cut_off", "scope": "account"}
    for code, failure in table.items():
        kind, reasons = _WORDS[rows[code]["class"]]
        assert isinstance(failure, kind), code
        assert reasons is None or getattr(failure, "reason", None) in reasons, code
        assert failure.scope is Scope(rows[code]["scope"]), code


def test_every_receipt_code_means_what_the_facts_say() -> None:
    for code, row in facts()["vonage_dlr_err"].items():
        kind, reasons = _WORDS.get(row["class"], (None, None))
        wanted = reasons if kind is Refused and row["class"] != "permanent" else {None}
        assert codes.DLR_REFUSED.get(code) in (wanted or {None}), code
    assert facts()["proven_unsent"]["vonage_messages"] == ["undeliverable"]

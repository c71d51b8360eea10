"""The SMS API: what is sent, what comes in, what receipts say."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, parse_qsl

import pytest
from vonage_http_client.auth import Auth
from vonage_sms import SmsMessage as SdkSms

from providers import (
    Accepted,
    CutOff,
    CutReason,
    InDoubt,
    Outcome,
    Price,
    Response,
    Scope,
    Throttled,
)
from providers.contract.conformance import (
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
)
from tests.providers.vonage.dialect import (
    API_SECRET,
    KEY,
    SECRET,
    SMS,
    answer,
    sent,
    sms_answer,
    taken,
    vonage,
)

HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def test_the_form_is_the_one_the_official_sdk_would_send() -> None:
    (request,), _ = sent(vonage(SMS, trusted=True), sms_answer(taken()))
    sdk = SdkSms(
        to=TEXTER[1:],
        from_=NUMBER[1:],
        text=TEXT,
        client_ref=OUTGOING.reference,
        ttl=600_000,
        type="text",
        callback=OUTGOING.receipt_url,
        trusted_number=True,
    )
    theirs = {key: str(value) for key, value in sdk.model_dump(by_alias=True, exclude_none=True).items()}
    theirs |= {"trusted-number": "true", "api_key": KEY, "api_secret": API_SECRET}
    assert dict(parse_qsl(request.body.decode())) == theirs
    assert (request.method, request.url) == ("POST", "https://rest.nexmo.com/sms/json")
    assert (request.headers, request.carries_text) == (HEADERS, True)


def test_a_send_can_be_signed_and_then_carries_no_secret() -> None:
    for method in ("md5", "sha1", "sha256", "sha512"):
        account = vonage(SMS, sms_auth="signature", signature_method=f"{method}hmac")
        (request,), _ = sent(account, sms_answer(taken()), text="a=b&c — ça")
        form = dict(parse_qsl(request.body.decode()))
        sdk = Auth(api_key=KEY, signature_secret=SECRET, signature_method=method)
        assert "api_secret" not in form
        assert form["timestamp"] == str(int(NOW.timestamp()))
        assert sdk.check_signature(form)
        (request,), _ = sent(account, sms_answer(taken()), text="half \ud83d")
        form = dict(parse_qsl(request.body.decode()))
        assert form["text"] == "half ?"
        assert sdk.check_signature(form)


def test_a_send_can_be_basic_as_in_the_official_sdk() -> None:
    (request,), _ = sent(vonage(SMS, sms_auth="basic"), sms_answer(taken()))
    sdk = Auth(api_key=KEY, api_secret=API_SECRET)
    assert request.headers["Authorization"] == sdk.create_basic_auth_string()
    assert {**request.headers, **HEADERS} == request.headers
    assert not {"api_key", "api_secret", "sig"} & dict(parse_qsl(request.body.decode())).keys()


def test_a_text_outside_gsm7_is_sent_as_unicode() -> None:
    for text, kind in (("déjà [vu] €", "text"), ("peut-être", "unicode"), ("👍", "unicode")):
        (request,), _ = sent(vonage(SMS), sms_answer(taken()), text=text)
        assert dict(parse_qsl(request.body.decode()))["type"] == kind


def test_a_callback_that_is_too_long_for_vonage_is_left_out() -> None:
    for length, kept in ((100, True), (101, False)):
        url = "https://paravent.example/".ljust(length, "x")
        (request,), _ = sent(vonage(SMS), sms_answer(taken()), receipt_url=url)
        assert ("callback" in parse_qs(request.body.decode())) is kept


def test_a_text_partly_accepted_is_accepted_at_the_price_of_those_parts() -> None:
    response = sms_answer(taken("1", "0.0412"), {"status": "1"}, taken("3", "0.0411"))
    price = Price(Decimal("0.0823"), "EUR")
    assert sent(vonage(SMS), response)[1] == Accepted(provider_id="1", parts=2, price=price)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (("1", "5"), InDoubt("5")),
        (("1", "1"), Throttled(1.0, "1")),
        (("13",), InDoubt("13", scope=Scope.MESSAGE)),
        (("77",), InDoubt("77")),
        ((), InDoubt("unreadable")),
    ],
)
def test_parts_that_failed_are_read_with_caution(statuses: tuple[str, ...], outcome: Outcome) -> None:
    assert sent(vonage(SMS), sms_answer(*({"status": each} for each in statuses)))[1] == outcome


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (Response(401, {}, b""), CutOff(CutReason.REVOKED, "http-401")),
        (answer(200, messages="none"), InDoubt("unreadable")),
        (sms_answer({"status": "0"}), Accepted(provider_id="", parts=1)),
    ],
)
def test_what_is_no_list_of_parts_is_read_with_caution(response: Response, outcome: Outcome) -> None:
    assert sent(vonage(SMS), response)[1] == outcome


def test_the_price_is_in_the_currency_of_the_settings() -> None:
    outcome = sent(vonage(SMS, currency="USD"), sms_answer(taken()))[1]
    assert isinstance(outcome, Accepted)
    assert outcome.price == Price(Decimal("0.0333"), "USD")

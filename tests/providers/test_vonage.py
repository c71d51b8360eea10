"""Vonage's page: the contract in each of its dialects, and what is Vonage's alone."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.types import Options
from pydantic import ValidationError
from vonage_http_client.auth import Auth
from vonage_jwt import JwtClient, verify_signature
from vonage_messages.models import Sms as SdkMessage
from vonage_sms import SmsMessage as SdkSms

from providers import (
    Ability,
    Accepted,
    Balance,
    CutOff,
    CutReason,
    Forged,
    Hook,
    Inbound,
    InDoubt,
    Malformed,
    Outcome,
    Part,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Request,
    Response,
    Scope,
    Status,
    Throttled,
)
from providers.contract.conformance import (
    DOUBT,
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    Conformance,
    Recorded,
    play,
)
from providers.vonage import Vonage, VonageSettings, messages, sms

KEY = "abcd1234"
API_SECRET = "a-secret-of-the-account"
APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SECRET = "a-signature-secret-of-at-least-32-bytes"
STRANGERS = "somebody-else's-secret-of-32-bytes-too!"
UUID = "11111111-2222-3333-4444-555555555555"
_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEM = _RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()

MESSAGES: Mapping[str, Any] = {
    "api_key": KEY,
    "api_secret": API_SECRET,
    "application_id": APPLICATION,
    "private_key": PEM,
    "signature_secrets": [SECRET],
}
SMS: Mapping[str, Any] = {
    "mode": "sms",
    "api_key": KEY,
    "api_secret": API_SECRET,
    "signature_secrets": [SECRET],
}
SPEC_SMS = "Nexmo/api-specification ad04200, definitions/sms.yml"
SPEC_REPORTS = "Nexmo/api-specification ad04200, definitions/reports.yml"
DOCS = "https://developer.vonage.com/en/api-errors"
SDK = "vonage 4.9.1"


def vonage(base: Mapping[str, Any], **more: Any) -> Vonage:
    return Vonage(VonageSettings(**{**base, **more}))


def answer(status: int, **fields: Any) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(fields).encode())


def problem(status: int, kind: str, title: Any = "A title", **more: Any) -> Response:
    kind = f"https://developer.vonage.com/api-errors{kind}"
    return answer(status, type=kind, title=title, detail="…", instance="1", **more)


def sms_answer(*entries: Mapping[str, str]) -> Response:
    return answer(200, **{"message-count": str(len(entries)), "messages": list(entries)})


def taken(identity: str = "0A0000000123ABCD1", price: str = "0.03330000") -> dict[str, str]:
    return {
        "to": TEXTER[1:],
        "message-id": identity,
        "status": "0",
        "remaining-balance": "3.14159265",
        "message-price": price,
        "network": "20801",
        "client-ref": OUTGOING.reference,
    }


def record(**more: Any) -> dict[str, Any]:
    return {
        "account_id": KEY,
        "message_id": UUID,
        "client_ref": OUTGOING.reference,
        "direction": "outbound",
        "from": NUMBER[1:],
        "to": TEXTER[1:],
        "date_received": "2026-11-23T16:00:02+0000",
        "date_finalized": "2026-11-23T16:00:09+0000",
        "status": "delivered",
        "error_code": "0",
        "currency": "EUR",
        "total_price": 0.0412,
        **more,
    }


def report(*records: Mapping[str, Any], **more: Any) -> Response:
    return answer(200, request_status="SUCCESS", items_count=len(records), records=list(records), **more)


_INBOUND_LOG = report(
    record(
        direction="inbound",
        to=NUMBER[1:],
        message_body=TEXT,
        total_price=0.0,
        **{"from": TEXTER[1:]},
    ),
    record(direction="inbound", to="33199000009", message_body="to another number"),
)
ASKED = (
    Recorded(
        "found by our reference among others",
        SPEC_REPORTS,
        (report(record(client_ref="another"), record()),),
        Receipt(
            provider_id=UUID,
            reference=OUTGOING.reference,
            status=Status.DELIVERED,
            price=Price(Decimal("0.0412"), "EUR"),
            at=datetime(2026, 11, 23, 16, 0, 9, tzinfo=UTC),
        ),
        Ability.LOOK_UP,
    ),
    Recorded("not found", SPEC_REPORTS, (report(record(client_ref="another")),), None, Ability.LOOK_UP),
    Recorded(
        "a look that failed says nothing of sending",
        SPEC_REPORTS,
        (answer(403, title="Forbidden", detail="User not authorized to query the requested data"),),
        CutOff(CutReason.SUSPENDED, "http-403", scope=Scope.MESSAGE),
        Ability.LOOK_UP,
    ),
    Recorded("no such id", SPEC_REPORTS, (report(ids_not_found=UUID),), None, Ability.TRACE),
    Recorded(
        "balance",
        f"{SDK}, vonage_account.Balance",
        (answer(200, value=29.18202293, autoReload=False),),
        Balance(amount=29.18202293, unit="EUR"),
        Ability.BALANCE,
    ),
    Recorded("open", f"{SDK}, vonage_account.Balance", (answer(200, value=29.18),), None, Ability.STATUS),
    Recorded(
        "nothing left",
        f"{SDK}, vonage_account.Balance",
        (answer(200, value=0.0, autoReload=False),),
        CutOff(CutReason.UNPAID, "no-balance"),
        Ability.STATUS,
    ),
    Recorded(
        "texts to our numbers",
        SPEC_REPORTS,
        (_INBOUND_LOG,),
        [
            Inbound(
                provider_id=UUID,
                sender=TEXTER,
                to=NUMBER,
                text=TEXT,
                at=datetime(2026, 11, 23, 16, 0, 2, tzinfo=UTC),
                price=Price(Decimal("0.0"), "EUR"),
            )
        ],
        Ability.INBOUND_LOG,
    ),
)


def in_all(receipt: Any) -> Any:
    """A record of the SMS API is one part, so that its receipt says how many there are."""
    return replace(receipt, parts=1) if isinstance(receipt, Receipt) else receipt


# ---------------------------------------------------------------- webhooks, as Vonage makes them


def token(body: bytes, secret: str = SECRET, **claims: Any) -> str:
    said = {
        "iat": int(NOW.timestamp()),
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": KEY,
        "application_id": APPLICATION,
        **claims,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(known, secret, algorithm="HS256")


def messages_hook(fields: Mapping[str, Any], bearer: str | None = None, **claims: Any) -> Hook:
    body = json.dumps(fields).encode()
    proof = f"Bearer {bearer or token(body, **claims)}"
    headers = {"content-type": "application/json", "authorization": proof}
    return Hook("POST", "https://paravent.example/hooks/acme/inbound", headers, body, received_at=NOW)


def messages_inbound(text: str = TEXT, sender: str = TEXTER, to: str = NUMBER) -> dict[str, Any]:
    return {
        "channel": "sms",
        "message_uuid": UUID,
        "to": to.removeprefix("+"),
        "from": sender.removeprefix("+"),
        "timestamp": "2026-11-23T16:00:00.000Z",
        "text": text,
        "message_type": "text",
        "sms": {"num_messages": "2", "total_count": "2", "keyword": "BONSOIR"},
        "usage": {"price": "0.0050", "currency": "EUR"},
        "origin": {"network_code": "20801"},
    }


def messages_status(status: str, **more: Any) -> dict[str, Any]:
    return {
        "message_uuid": UUID,
        "to": TEXTER[1:],
        "from": NUMBER[1:],
        "timestamp": "2026-11-23T16:00:05.000Z",
        "status": status,
        "channel": "sms",
        "client_ref": OUTGOING.reference,
        **more,
    }


def sms_inbound(text: str = TEXT, sender: str = TEXTER, to: str = NUMBER, **more: str) -> dict[str, str]:
    return {
        "api-key": KEY,
        "msisdn": sender.removeprefix("+"),
        "to": to.removeprefix("+"),
        "messageId": "0A0000000123ABCD1",
        "text": text,
        "type": "text",
        "keyword": "BONSOIR",
        "message-timestamp": "2026-11-23 16:00:00",
        **more,
    }


def sms_receipt(status: str, reference: str = OUTGOING.reference, **more: str) -> dict[str, str]:
    return {
        "api-key": KEY,
        "msisdn": TEXTER[1:],
        "to": NUMBER[1:],
        "network-code": "20801",
        "messageId": "0A0000000123ABCD1",
        "price": "0.03330000",
        "status": status,
        "scts": "2611231600",
        "err-code": "0",
        "client-ref": reference,
        "message-timestamp": "2026-11-23 16:00:05",
        **more,
    }


def signed(fields: Mapping[str, str], secret: str = SECRET, method: str = "sha256") -> dict[str, str]:
    """The fields with the signature that the official SDK makes, in capitals as Vonage sends it."""
    stamped = {"timestamp": str(int(NOW.timestamp())), "nonce": "ec11dd3e-1e7f-4db5", **fields}
    sdk = Auth(api_key=KEY, signature_secret=secret, signature_method=method)
    return {**stamped, "sig": sdk.sign_params(dict(stamped)).upper()}


def form_hook(fields: Mapping[str, str]) -> Hook:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(fields).encode()
    return Hook("POST", "https://paravent.example/hooks/acme/inbound", headers, body, received_at=NOW)


def get_hook(fields: Mapping[str, str]) -> Hook:
    url = f"https://paravent.example/hooks/acme/inbound?{urlencode(fields)}"
    return Hook("GET", url, {}, b"", received_at=NOW)


def json_hook(fields: Mapping[str, Any]) -> Hook:
    headers = {"content-type": "application/json"}
    body = json.dumps(fields).encode()
    return Hook("POST", "https://paravent.example/hooks/acme/inbound", headers, body, received_at=NOW)


# ---------------------------------------------------------------- the contract


class TestMessages(Conformance):
    kind = Vonage
    settings = MESSAGES
    other_settings: ClassVar = {"signature_secrets": [STRANGERS]}
    secrets = (API_SECRET, SECRET, PEM.splitlines()[3])
    proof_headers = ("authorization",)
    recorded = (
        Recorded(
            "taken",
            f"{SDK}, SendMessageResponse",
            (answer(202, message_uuid=UUID),),
            Accepted(provider_id=UUID),
        ),
        Recorded("too fast", DOCS, (problem(429, "#rate-limit"),), Throttled(1.0, "rate-limit")),
        Recorded("no money", DOCS, (problem(402, "/#low-balance"),), CutOff(CutReason.UNPAID, "low-balance")),
        Recorded(
            "suspended",
            DOCS,
            (problem(403, "#account-suspended"),),
            CutOff(CutReason.SUSPENDED, "account-suspended"),
        ),
        Recorded(
            "a bad number",
            DOCS,
            (problem(422, "/messages#1150", invalid_parameters=[{"name": "to", "reason": "invalid"}]),),
            Refused(RefusedReason.BAD_NUMBER, "1150"),
        ),
        Recorded(
            "a code as the title",
            DOCS,
            (problem(422, "/messages", title=1240),),
            Refused(RefusedReason.OPTED_OUT, "1240"),
        ),
        Recorded("an internal error", DOCS, (problem(500, "/messages#1030"),), InDoubt("1030")),
        *ASKED,
    )
    statuses: ClassVar = {
        "submitted": Status.SENT,
        "delivered": Status.DELIVERED,
        "rejected": Status.FAILED,
        "undeliverable": Status.FAILED,
    }

    def text_in(self, request: Request) -> str:
        text: str = json.loads(request.body)["text"]
        return text

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        return messages_hook(messages_inbound(text, sender, to))

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        return messages_hook(messages_status(status, client_ref=json.loads(sent.body)["client_ref"]))

    def carries(self, text: str) -> bool:
        return True


class TestSmsApiForm(Conformance):
    kind = Vonage
    settings = SMS
    other_settings: ClassVar = {"signature_secrets": [STRANGERS]}
    secrets = (API_SECRET, SECRET)
    hook = staticmethod(form_hook)
    recorded = (
        Recorded(
            "taken",
            SPEC_SMS,
            (sms_answer(taken()),),
            Accepted(provider_id="0A0000000123ABCD1", parts=1, price=Price(Decimal("0.0333"), "EUR")),
        ),
        Recorded("too fast", SPEC_SMS, (sms_answer({"status": "1"}),), Throttled(1.0, "1")),
        Recorded("no money", SPEC_SMS, (sms_answer({"status": "9"}),), CutOff(CutReason.UNPAID, "9")),
        Recorded("suspended", SPEC_SMS, (sms_answer({"status": "8"}),), CutOff(CutReason.SUSPENDED, "8")),
        Recorded(
            "a sender that is not ours",
            SPEC_SMS,
            (sms_answer({"status": "15"}),),
            CutOff(CutReason.SENDER_LOST, "15", scope=Scope.SENDER),
        ),
        Recorded("barred", SPEC_SMS, (sms_answer({"status": "7"}),), Refused(RefusedReason.OPTED_OUT, "7")),
        Recorded("an internal error", SPEC_SMS, (sms_answer({"status": "5"}),), InDoubt("5")),
        *(replace(recorded, expected=in_all(recorded.expected)) for recorded in ASKED),
    )
    statuses: ClassVar = {
        "delivered": Status.DELIVERED,
        "accepted": Status.SENT,
        "buffered": Status.SENT,
        "expired": Status.EXPIRED,
        "failed": Status.FAILED,
        "rejected": Status.UNDELIVERABLE,
        "unknown": Status.SENT,
    }

    def text_in(self, request: Request) -> str:
        return parse_qs(request.body.decode(), keep_blank_values=True)["text"][0]

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        return self.hook(signed(sms_inbound(text, sender, to)))

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        form = dict(parse_qsl(sent.body.decode()))
        return self.hook(signed(sms_receipt(status, form["client-ref"])))

    def without_proof(self, hook: Hook) -> Hook:
        return replace(
            hook,
            body=hook.body.replace(b"sig", b"not"),
            url=hook.url.replace("sig", "not"),
        )

    def tampered(self, hook: Hook) -> Hook:
        return replace(
            hook,
            body=hook.body.replace(TEXTER[1:].encode(), b"33639980002"),
            url=hook.url.replace(TEXTER[1:], "33639980002"),
        )


class TestSmsApiGet(TestSmsApiForm):
    hook = staticmethod(get_hook)


class TestSmsApiJson(TestSmsApiForm):
    hook = staticmethod(json_hook)


# ---------------------------------------------------------------- sending, Messages API


def sent(account: Vonage, *answers: Response, **changes: Any) -> tuple[list[Request], Outcome]:
    return play(account.send(replace(OUTGOING, **changes), NOW), *answers)


def test_the_body_is_the_one_the_official_sdk_would_send() -> None:
    (request,), _ = sent(vonage(MESSAGES, trusted=True), answer(202, message_uuid=UUID))
    sdk = SdkMessage(
        to=TEXTER[1:],
        from_=NUMBER[1:],
        text=TEXT,
        client_ref=OUTGOING.reference,
        ttl=600,
        trusted_recipient=True,
        webhook_url=OUTGOING.receipt_url,
        webhook_version="v1",
    )
    assert json.loads(request.body) == sdk.model_dump(by_alias=True, exclude_none=True, mode="json")


def test_the_token_has_what_the_official_sdk_puts_into_one() -> None:
    (request,), _ = sent(vonage(MESSAGES), answer(202, message_uuid=UUID))
    ours = request.headers["Authorization"].removeprefix("Bearer ")
    theirs = JwtClient(APPLICATION, PEM).generate_application_jwt().decode()
    unclocked: Options = {"verify_exp": False, "verify_iat": False}
    read = [
        jwt.decode(each, _RSA.public_key(), algorithms=["RS256"], options=unclocked)
        for each in (ours, theirs)
    ]
    assert read[0].keys() == read[1].keys()
    assert jwt.get_unverified_header(ours) == jwt.get_unverified_header(theirs)
    assert [claims["exp"] - claims["iat"] for claims in read] == [900, 900]
    assert read[0]["iat"] == NOW.timestamp()


def test_without_an_application_it_is_basic_as_in_the_official_sdk() -> None:
    account = vonage(MESSAGES, application_id=None, private_key=None)
    (request,), _ = sent(account, answer(202, message_uuid=UUID))
    sdk = Auth(api_key=KEY, api_secret=API_SECRET)
    assert request.headers["Authorization"] == sdk.create_basic_auth_string()


def test_a_token_is_kept_for_ten_minutes() -> None:
    account = vonage(MESSAGES)
    minutes = [0, 9, 11, -5]
    tokens = [
        play(account.send(OUTGOING, NOW + timedelta(minutes=each)), answer(202, message_uuid=UUID))[0][
            0
        ].headers["Authorization"]
        for each in minutes
    ]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3


def test_an_expired_token_is_renewed_once() -> None:
    account = vonage(MESSAGES)
    expired = problem(401, "#jwt-expired")
    requests, outcome = sent(account, expired, answer(202, message_uuid=UUID))
    assert outcome == Accepted(provider_id=UUID)
    assert len({request.headers["Authorization"] for request in requests}) == 2
    requests, outcome = sent(account, expired, expired)
    assert outcome == CutOff(CutReason.REVOKED, "jwt-expired")
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (Response(401, {}, b"<html>"), CutOff(CutReason.REVOKED, "http-401")),
        (Response(402, {}, b""), CutOff(CutReason.UNPAID, "http-402")),
        (Response(403, {}, b""), CutOff(CutReason.SUSPENDED, "http-403")),
        (Response(404, {}, b""), CutOff(CutReason.REVOKED, "http-404")),
        (Response(408, {}, b""), InDoubt("http-408")),
        (Response(422, {}, b""), Refused(RefusedReason.UNACCEPTABLE, "http-422", scope=Scope.MESSAGE)),
        (Response(429, {"retry-after": "7"}, b""), Throttled(7.0, "http-429")),
        (problem(429, "/messages#1241"), Throttled(60.0, "1241", scope=Scope.RECIPIENT)),
        (problem(422, "/messages#1120"), CutOff(CutReason.SENDER_LOST, "1120", scope=Scope.SENDER)),
        (problem(422, "/messages#1250"), InDoubt("1250", scope=Scope.MESSAGE)),
        (problem(500, "#account-suspended"), InDoubt("account-suspended")),
        (answer(202, message_uuid=""), InDoubt("unreadable")),
    ],
)
def test_answers_that_are_easily_misread(response: Response, outcome: Outcome) -> None:
    assert sent(vonage(MESSAGES), response)[1] == outcome


# ---------------------------------------------------------------- sending, SMS API


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


def test_a_send_can_be_signed_and_then_carries_no_secret() -> None:
    for method in ("md5", "sha1", "sha256", "sha512"):
        account = vonage(SMS, sms_auth="signature", signature_method=f"{method}hmac")
        (request,), _ = sent(account, sms_answer(taken()), text="a=b&c — ça")
        form = dict(parse_qsl(request.body.decode()))
        sdk = Auth(api_key=KEY, signature_secret=SECRET, signature_method=method)
        assert "api_secret" not in form
        assert sdk.check_signature(form)


def test_a_send_can_be_basic_as_in_the_official_sdk() -> None:
    (request,), _ = sent(vonage(SMS, sms_auth="basic"), sms_answer(taken()))
    sdk = Auth(api_key=KEY, api_secret=API_SECRET)
    assert request.headers["Authorization"] == sdk.create_basic_auth_string()
    assert API_SECRET not in request.body.decode()


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


def test_the_price_is_in_the_currency_of_the_settings() -> None:
    outcome = sent(vonage(SMS, currency="USD"), sms_answer(taken()))[1]
    assert isinstance(outcome, Accepted)
    assert outcome.price == Price(Decimal("0.0333"), "USD")


# ---------------------------------------------------------------- proof, Messages API


def _unsigned(body: bytes) -> str:
    return jwt.encode({"iat": 1, "jti": "1", "api_key": KEY}, "", algorithm="none")


def _with_their_public_key(body: bytes) -> str:
    claims = jwt.decode(token(body), options={"verify_signature": False})
    return jwt.encode(claims, _RSA, algorithm="RS256")


def forgeries() -> dict[str, Hook]:
    fields = messages_inbound()
    body = json.dumps(fields).encode()
    second = int(NOW.timestamp())
    hook = messages_hook(fields)
    return {
        "another's secret": messages_hook(fields, secret=STRANGERS),
        "algorithm none": messages_hook(fields, _unsigned(body)),
        "another algorithm": messages_hook(fields, _with_their_public_key(body)),
        "no token": messages_hook(fields, "not.a.token"),
        "nested to death": messages_hook(
            fields, f"{b64encode(b'[' * 4_000).decode().rstrip('=')}.e30.c2lnbmF0dXJl"
        ),
        "another body": replace(hook, body=hook.body.replace(b"consentement", b"consternation")),
        "no payload_hash": messages_hook(fields, payload_hash=None),
        "no jti": messages_hook(fields, jti=None),
        "no iat": messages_hook(fields, iat=None),
        "too old": messages_hook(fields, iat=second - 301),
        "from the future": messages_hook(fields, iat=second + 61),
        "expired": messages_hook(fields, exp=second - 61),
        "an absurd time": messages_hook(fields, iat=10**400),
        "another account": messages_hook(fields, api_key="zzzz9999"),
        "another application": messages_hook(fields, application_id="somebody-else"),
        "Basic": replace(hook, headers={"authorization": "Basic YTpi"}),
        "no proof": replace(hook, headers={}),
    }


def _is_refused(case: str) -> None:
    with pytest.raises(Forged):
        vonage(MESSAGES).inbound(forgeries()[case])


@pytest.mark.parametrize("case", forgeries())
def test_a_forged_message_is_refused(case: str) -> None:
    _is_refused(case)


_SWITCHED_OFF: dict[str, tuple[str, Callable[..., Any]]] = {
    "another body": ("compare_digest", lambda *_: True),
    "too old": ("_young", lambda *_: True),
    "from the future": ("_young", lambda *_: True),
    "expired": ("_young", lambda *_: True),
    "another account": ("Messages._is_ours", lambda *_: True),
    "another application": ("Messages._is_ours", lambda *_: True),
    "another's secret": (
        "jwt.decode",
        lambda token, *_, **__: jwt.api_jwt.decode_complete(token, options={"verify_signature": False})[
            "payload"
        ],
    ),
}


@pytest.mark.parametrize("case", _SWITCHED_OFF)
def test_control_a_forged_message_passes_with_its_protection_off(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, off = _SWITCHED_OFF[case]
    monkeypatch.setattr(f"{messages.__name__}.{name}", off)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _is_refused(case)


def test_a_message_without_proof_is_answered_so_that_it_is_sent_again_signed() -> None:
    hook = replace(messages_hook(messages_inbound()), headers={})
    for read in (vonage(MESSAGES).inbound, vonage(MESSAGES).receipt):
        with pytest.raises(Forged) as refused:
            read(hook)
        assert (refused.value.reason, refused.value.status) == ("unsigned", 503)
    with pytest.raises(Forged) as refused:
        vonage(MESSAGES).inbound(messages_hook(messages_inbound(), secret=STRANGERS))
    assert (refused.value.reason, refused.value.status) == ("signature", 403)


def test_the_official_sdk_agrees_that_the_webhooks_of_these_tests_are_signed() -> None:
    now = int(datetime.now(UTC).timestamp())
    made = token(b"{}", iat=now - 1)
    assert verify_signature(made, SECRET)
    assert not verify_signature(made, STRANGERS)


def test_clocks_may_differ_by_a_minute_and_a_secret_may_be_replaced() -> None:
    second = int(NOW.timestamp())
    for claims in ({"iat": second + 59}, {"iat": second - 299}, {"application_id": None}):
        assert vonage(MESSAGES).inbound(messages_hook(messages_inbound(), **claims))
    both = vonage(MESSAGES, signature_secrets=[STRANGERS, SECRET])
    assert both.inbound(messages_hook(messages_inbound()))
    patient = vonage(MESSAGES, webhook_age=86_400)
    assert patient.inbound(messages_hook(messages_inbound(), iat=second - 86_000))


@settings(deadline=None, database=None, max_examples=50)
@given(st.binary(max_size=200), st.integers(0, 200), st.integers(1, 255))
def test_no_bit_of_a_signed_body_can_be_changed(junk: bytes, place: int, flip: int) -> None:
    hook = messages_hook(messages_inbound(junk.decode("latin-1")))
    body = bytearray(hook.body)
    body[place % len(body)] ^= flip
    with pytest.raises(Forged):
        vonage(MESSAGES).inbound(replace(hook, body=bytes(body)))


# ---------------------------------------------------------------- proof, SMS API

_FIELDS = st.dictionaries(
    st.text(min_size=1, max_size=12).filter(lambda key: key not in {"sig", "timestamp"}),
    st.text(max_size=40),
    max_size=6,
)


@settings(deadline=None, database=None)
@given(_FIELDS, st.text(min_size=1, max_size=30), st.sampled_from(["md5", "sha1", "sha256", "sha512"]))
def test_the_signature_is_the_official_sdks(fields: dict[str, str], secret: str, method: str) -> None:
    stamped = {**fields, "timestamp": "1795449600"}
    sdk = Auth(api_key=KEY, signature_secret=secret, signature_method=method)
    proof = sms.signature(stamped, secret, f"{method}hmac")
    assert proof == sdk.sign_params(dict(stamped))
    assert sdk.check_signature({**stamped, "sig": proof.upper()})


@settings(deadline=None, database=None)
@given(_FIELDS, st.text(min_size=1, max_size=30))
def test_the_plain_hash_is_md5_of_the_fields_and_the_secret(fields: dict[str, str], secret: str) -> None:
    text = "".join(f"&{key}=" + fields[key].replace("&", "_").replace("=", "_") for key in sorted(fields))
    expected = hashlib.md5((text + secret).encode()).hexdigest()
    assert sms.signature(fields, secret, "md5hash") == expected


@pytest.mark.parametrize("method", ["md5hash", "md5hmac", "sha1hmac", "sha256hmac", "sha512hmac"])
@pytest.mark.parametrize("hook", [form_hook, get_hook, json_hook])
def test_every_method_is_verified_in_every_form(method: str, hook: Callable[[Any], Hook]) -> None:
    fields = sms_inbound("a=b&c — ça 👍") | {"timestamp": str(int(NOW.timestamp())), "nonce": "1"}
    proof = sms.signature(fields, SECRET, method)
    account = vonage(SMS, signature_method=method)
    for written in (proof, proof.upper()):
        (text,) = account.inbound(hook({**fields, "sig": written}))
        assert text.text == "a=b&c — ça 👍"
    with pytest.raises(Forged):
        account.inbound(hook({**fields, "sig": proof[:-1] + ("0" if proof[-1] != "0" else "1")}))


def sms_forgeries() -> dict[str, dict[str, str]]:
    second = int(NOW.timestamp())
    return {
        "another's secret": signed(sms_inbound(), STRANGERS),
        "another method": signed(sms_inbound(), method="sha1"),
        "another text": signed(sms_inbound()) | {"text": "something else"},
        "too old": signed(sms_inbound(timestamp=str(second - 301))),
        "from the future": signed(sms_inbound(timestamp=str(second + 301))),
        "no time": signed(sms_inbound(timestamp="soon")),
        "another account": signed(sms_inbound(**{"api-key": "zzzz9999"})),
        "no proof": sms_inbound(),
    }


def _sms_is_refused(case: str) -> None:
    with pytest.raises(Forged):
        vonage(SMS).inbound(form_hook(sms_forgeries()[case]))


@pytest.mark.parametrize("case", sms_forgeries())
def test_a_forged_sms_is_refused(case: str) -> None:
    _sms_is_refused(case)


@pytest.mark.parametrize("case", ["another's secret", "another method", "another text"])
def test_control_a_forged_sms_passes_with_the_comparison_off(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{sms.__name__}.hmac.compare_digest", lambda *_: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _sms_is_refused(case)


@pytest.mark.parametrize("case", ["too old", "from the future"])
def test_control_an_old_sms_passes_with_the_clock_off(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "abs", lambda _: 0, raising=False)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _sms_is_refused(case)


def test_without_a_signature_secret_it_does_not_claim_to_be_signed() -> None:
    account = vonage(SMS, signature_secrets=[])
    assert Ability.SIGNED_WEBHOOKS not in account.abilities
    assert account.inbound(form_hook(sms_inbound()))
    assert Ability.SIGNED_WEBHOOKS in vonage(SMS).abilities


# ---------------------------------------------------------------- what comes in


def test_an_inbound_message_is_read_whole() -> None:
    (text,) = vonage(MESSAGES).inbound(messages_hook(messages_inbound()))
    assert text == Inbound(
        provider_id=UUID,
        sender=TEXTER,
        to=NUMBER,
        text=TEXT,
        at=NOW,
        price=Price(Decimal("0.0050"), "EUR"),
    )
    (text,) = vonage(MESSAGES, price_is="per_part").inbound(messages_hook(messages_inbound()))
    assert text.price == Price(Decimal("0.0100"), "EUR")


def test_other_channels_and_pictures_are_no_text() -> None:
    for change in ({"channel": "whatsapp"}, {"message_type": "image"}):
        assert not vonage(MESSAGES).inbound(messages_hook(messages_inbound() | change))
    assert not vonage(SMS).inbound(form_hook(signed(sms_inbound(type="binary"))))


def test_short_codes_and_names_stay_as_they_are() -> None:
    for sender in ("38123", "NRJ", "0033639980001"):
        (text,) = vonage(MESSAGES).inbound(messages_hook(messages_inbound(sender=sender)))
        assert text.sender == sender


def test_a_long_sms_comes_in_parts() -> None:
    concat = {"concat": "true", "concat-ref": "17", "concat-total": "3", "concat-part": "2"}
    for hook in (form_hook, get_hook, json_hook):
        (text,) = vonage(SMS).inbound(hook(signed(sms_inbound(**concat))))
        assert text.part == Part("17", 2, 3)
        assert text.at == NOW
    for odd in ({"concat-part": "4"}, {"concat-total": "many"}, {"concat-ref": ""}):
        (text,) = vonage(SMS).inbound(form_hook(signed(sms_inbound(**concat | odd))))
        assert text.part is None


def test_what_json_does_not_put_in_quotes_is_verified_as_written() -> None:
    said = signed(
        sms_inbound(**{"concat": "true", "concat-ref": "17", "concat-total": "2", "concat-part": "1"})
    )
    loose: dict[str, Any] = {**said, "concat": True, "concat-total": 2, "timestamp": int(said["timestamp"])}
    (text,) = vonage(SMS).inbound(json_hook(loose))
    assert text.part == Part("17", 1, 2)


def test_bytes_that_are_no_unicode_are_verified_and_kept() -> None:
    fields = sms_inbound(timestamp=str(int(NOW.timestamp())))
    proof = sms.signature({**fields, "text": "caf\udce9"}, SECRET, "sha256hmac")
    body = urlencode({**fields, "sig": proof}).replace(urlencode({"text": TEXT}), "text=caf%E9")
    hook = replace(form_hook({}), body=body.encode())
    (text,) = vonage(SMS).inbound(hook)
    assert text.text.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_what_lacks_an_id_is_malformed() -> None:
    with pytest.raises(Malformed):
        vonage(MESSAGES).inbound(messages_hook(messages_inbound() | {"message_uuid": None}))
    with pytest.raises(Malformed):
        vonage(SMS).inbound(form_hook(signed(sms_inbound(messageId=""))))


# ---------------------------------------------------------------- receipts


def _error(code: str) -> dict[str, Any]:
    kind = f"https://developer.vonage.com/api-errors/messages#{code}"
    return {"error": {"type": kind, "title": code, "detail": "…", "instance": "1"}}


@pytest.mark.parametrize(
    ("word", "code", "status", "refused"),
    [
        ("rejected", "1360", Status.EXPIRED, None),
        ("rejected", "1240", Status.UNDELIVERABLE, RefusedReason.OPTED_OUT),
        ("rejected", "1300", Status.UNDELIVERABLE, RefusedReason.BAD_NUMBER),
        ("rejected", "1210", Status.UNDELIVERABLE, RefusedReason.FILTERED),
        ("rejected", "1100", Status.FAILED, None),
        ("rejected", "1070", Status.FAILED, None),
        ("rejected", "9999", Status.FAILED, None),
    ],
)
def test_a_rejected_message_is_what_its_error_says(
    word: str, code: str, status: Status, refused: RefusedReason | None
) -> None:
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status(word, **_error(code))))
    assert (receipt.status, receipt.code, receipt.refused) == (status, code, refused)
    assert not receipt.proven_unsent


def test_undeliverable_proves_that_nothing_was_sent() -> None:
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status("undeliverable", **_error("1250"))))
    assert (receipt.status, receipt.proven_unsent, receipt.unbilled) == (Status.FAILED, True, True)
    billed = {"usage": {"price": "0.04", "currency": "EUR"}}
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status("undeliverable", **billed)))
    assert (receipt.proven_unsent, receipt.unbilled) == (True, False)


def test_the_price_comes_with_submitted_in_total_or_per_part() -> None:
    said = messages_status(
        "submitted", usage={"price": "0.0412", "currency": "EUR"}, sms={"count_total": "2"}
    )
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(said))
    assert (receipt.parts, receipt.price) == (2, Price(Decimal("0.0412"), "EUR"))
    (receipt,) = vonage(MESSAGES, price_is="per_part").receipt(messages_hook(said))
    assert (receipt.parts, receipt.price) == (2, Price(Decimal("0.0824"), "EUR"))
    del said["sms"]
    (receipt,) = vonage(MESSAGES, price_is="per_part").receipt(messages_hook(said))
    assert (receipt.parts, receipt.price) == (None, None)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("0", None),
        ("1", None),
        ("9", RefusedReason.OPTED_OUT),
        ("12", RefusedReason.BAD_NUMBER),
        ("50", RefusedReason.FILTERED),
    ],
)
def test_a_receipt_of_the_sms_api_says_why(code: str, refused: RefusedReason | None) -> None:
    (receipt,) = vonage(SMS).receipt(form_hook(signed(sms_receipt("rejected", **{"err-code": code}))))
    assert (receipt.code, receipt.refused) == ("" if code == "0" else code, refused)
    assert receipt.price is None, "the price of one part is not the price of the text"
    assert receipt.at == datetime(2026, 11, 23, 16, 0, 5, tzinfo=UTC)


# ---------------------------------------------------------------- asking


def test_a_look_up_asks_for_a_few_minutes_and_follows_the_pages() -> None:
    pages = (
        report(record(client_ref="another"), cursor="next page", iv="Qn=="),
        report(record()),
    )
    requests, receipt = play(vonage(MESSAGES).look_up(DOUBT, NOW), *pages)
    asked = [parse_qs(request.url.partition("?")[2]) for request in requests]
    assert asked[0] == {
        "account_id": [KEY],
        "product": ["MESSAGES"],
        "direction": ["outbound"],
        "date_start": ["2026-11-23T15:58:00Z"],
        "date_end": ["2026-11-23T16:03:00Z"],
    }
    assert asked[1] == asked[0] | {"cursor": ["next page"], "iv": ["Qn=="]}
    assert isinstance(receipt, Receipt)


def test_the_parts_of_an_sms_are_one_receipt_with_one_price() -> None:
    parts = (record(message_id="1"), record(message_id="2", status="buffered", total_price=0.04))
    _, receipt = play(vonage(SMS).look_up(DOUBT, NOW), report(*parts))
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.parts) == (Status.SENT, 2)
    assert receipt.price == Price(Decimal("0.0812"), "EUR")


def test_the_trace_of_one_part_does_not_price_the_whole_text() -> None:
    _, receipt = play(vonage(SMS).trace(UUID, NOW), report(record(concatenated=True)))
    assert isinstance(receipt, Receipt)
    assert (receipt.price, receipt.parts) == (None, None)
    _, receipt = play(vonage(SMS).trace(UUID, NOW), report(record(concatenated=False)))
    assert isinstance(receipt, Receipt)
    assert (receipt.price, receipt.parts) == (Price(Decimal("0.0412"), "EUR"), 1)


def test_the_inbound_log_is_read_a_day_at_a_time_oldest_first() -> None:
    def said(identity: str, at: str) -> dict[str, Any]:
        return record(message_id=identity, to=NUMBER[1:], message_body=identity, date_received=at)

    days = (
        report(said("2", "2026-11-22T10:00:00+0000"), said("1", "2026-11-22T09:00:00+0000")),
        report(said("3", "2026-11-23T10:00:00+0000")),
    )
    since = NOW - timedelta(hours=30)
    _, texts = play(vonage(MESSAGES).inbound_log([NUMBER], since, NOW), *days)
    assert isinstance(texts, list)
    assert [text.provider_id for text in texts] == ["1", "2", "3"]


def test_an_account_that_is_not_prepaid_may_owe() -> None:
    for more, said in (({"prepaid": False}, {}), ({}, {"autoReload": True})):
        _, failure = play(vonage(SMS, **more).status(NOW), answer(200, value=-5.0, **said))
        assert failure is None


def test_without_the_accounts_secret_nothing_can_be_asked() -> None:
    account = vonage(MESSAGES, api_secret=None)
    assert account.abilities == {Ability.SIGNED_WEBHOOKS}
    with pytest.raises(NotImplementedError):
        account.balance(NOW)


# ---------------------------------------------------------------- settings


def _wrong(match: str) -> AbstractContextManager[Any]:
    return pytest.raises(ValidationError, match=match)


def test_settings_that_cannot_work_are_refused() -> None:
    with _wrong("go together"):
        vonage(MESSAGES, private_key=None)
    with _wrong("give api_secret, or application_id"):
        vonage(MESSAGES, application_id=None, private_key=None, api_secret=None)
    with _wrong("signature_secrets is needed"):
        vonage(MESSAGES, signature_secrets=[])
    with _wrong("32 bytes"):
        vonage(MESSAGES, signature_secrets=[SECRET, "short"])
    with _wrong("RSA private key"):
        vonage(MESSAGES, private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
    with _wrong("needs signature_secrets"):
        vonage(SMS, sms_auth="signature", signature_secrets=[])
    with _wrong("api_secret is needed"):
        vonage(SMS, api_secret=None)
    with _wrong("pattern"):
        vonage(SMS, rest_url="rest.nexmo.com")


def test_a_region_is_a_setting() -> None:
    account = vonage(MESSAGES, base_url="https://api-eu.vonage.com/")
    (request,), _ = sent(account, answer(202, message_uuid=UUID))
    assert request.url == "https://api-eu.vonage.com/v1/messages"

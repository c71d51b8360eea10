"""The Twilio page against the contract, and its requests against the official SDK's."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import pytest
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.rest import Client

from providers import (
    Hook,
    Request,
    Status,
)
from providers.contract.conformance import (
    DOUBT,
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    Conformance,
)
from providers.twilio import Twilio
from tests.providers.twilio_recorded import (
    ACCOUNT,
    INBOUND_URL,
    OTHER_SID,
    RECORDED,
    SID,
    TOKEN,
    first_request,
    posted,
    receipt_of,
    twilio,
)


class TestTwilio(Conformance):
    kind = Twilio
    settings: ClassVar = {
        "account_sid": ACCOUNT,
        "auth_token": [TOKEN, "the-former-auth-token"],
        "api_key_sid": "SK" + "c" * 32,
        "api_key_secret": "an-api-key-secret",
        "shared_keys": {"webhooks_sharedkey_1": "a-shared-key-secret"},
    }
    other_settings: ClassVar = {"auth_token": "somebody-else's"}
    secrets = (TOKEN, "the-former-auth-token", "an-api-key-secret", "a-shared-key-secret")
    proof_headers = ("x-twilio-signature",)
    statuses: ClassVar = {
        **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), Status.QUEUED),
        "sent": Status.SENT,
        **dict.fromkeys(("delivered", "read", "partially_delivered"), Status.DELIVERED),
        "undelivered": Status.UNDELIVERABLE,
        **dict.fromkeys(("failed", "canceled"), Status.FAILED),
    }
    recorded = RECORDED

    def text_in(self, request: Request) -> str:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True))["Body"]

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        return posted(
            INBOUND_URL, {"MessageSid": OTHER_SID, "From": sender, "To": to, "Body": text, "NumMedia": "0"}
        )

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        return receipt_of(dict(parse_qsl(sent.body.decode()))["StatusCallback"], status)


class Overheard(HttpClient):  # type: ignore[misc] # the SDK is untyped
    """What the official SDK would send."""

    def __init__(self) -> None:
        super().__init__(logger=None, is_async=False)
        self.requests: list[dict[str, Any]] = []

    def request(self, method: str, uri: str, **more: Any) -> Any:
        self.requests.append({"method": method, "uri": uri, **more})
        raise TwilioException("heard enough")


def official(call: Any, user: str = ACCOUNT, password: str = TOKEN) -> dict[str, Any]:
    overheard = Overheard()
    with pytest.raises(TwilioException, match="heard enough"):
        call(Client(user, password, account_sid=ACCOUNT, http_client=overheard))
    return overheard.requests[0]


def authorization(theirs: dict[str, Any]) -> str:
    return "Basic " + b64encode(":".join(theirs["auth"]).encode()).decode()


@pytest.mark.parametrize(
    ("settings", "extra"),
    [
        ({}, {"from_": NUMBER}),
        (
            {"smart_encoded": True, "risk_check": False},
            {"from_": NUMBER, "smart_encoded": True, "risk_check": "disable"},
        ),
        ({"messaging_services": {NUMBER: "MG" + "d" * 32}}, {"messaging_service_sid": "MG" + "d" * 32}),
    ],
)
def test_a_send_is_the_official_sdks_field_by_field(settings: dict[str, Any], extra: dict[str, Any]) -> None:
    theirs = official(
        lambda client: client.messages.create(
            to=TEXTER,
            body=TEXT,
            status_callback=f"{OUTGOING.receipt_url}?reference={OUTGOING.reference}",
            validity_period=600,
            **extra,
        )
    )
    ours = first_request(twilio(**settings).send(OUTGOING, NOW))
    assert (ours.method, ours.url) == (theirs["method"], theirs["uri"])
    assert dict(parse_qsl(ours.body.decode())) == {name: str(value) for name, value in theirs["data"].items()}
    assert ours.headers["Authorization"] == authorization(theirs)


def test_an_api_key_signs_in_as_in_the_official_sdk() -> None:
    key, secret = "SK" + "c" * 32, "an-api-key-secret"
    theirs = official(lambda client: client.messages.create(to=TEXTER, from_=NUMBER, body=TEXT), key, secret)
    ours = first_request(twilio(api_key_sid=key, api_key_secret=secret).send(OUTGOING, NOW))
    assert ours.headers["Authorization"] == authorization(theirs)
    assert ours.url == theirs["uri"]


def test_a_look_up_is_the_official_sdks_list() -> None:
    theirs = official(lambda client: client.messages.list(to=TEXTER, from_=NUMBER, page_size=1000))
    assert asked(twilio().look_up(DOUBT, NOW)) == asked_by(theirs)


def test_an_inbound_log_is_the_official_sdks_list_of_a_day() -> None:
    theirs = official(
        lambda client: client.messages.list(to=NUMBER, date_sent_after=date(2026, 11, 23), page_size=1000)
    )
    assert asked(twilio().inbound_log([NUMBER], NOW, NOW)) == asked_by(theirs)


def asked(exchange: Any) -> tuple[str, dict[str, str]]:
    address, _, query = first_request(exchange).url.partition("?")
    return address, dict(parse_qsl(query))


def asked_by(theirs: dict[str, Any]) -> tuple[str, dict[str, str]]:
    # The SDK spells the day as its first second; the documentation takes the day alone.
    return theirs["uri"], {
        name: str(value).removesuffix("T00:00:00Z") for name, value in theirs["params"].items()
    }


@pytest.mark.parametrize(
    ("ask", "theirs"),
    [
        (lambda: twilio().trace(SID, NOW), lambda client: client.messages(SID).fetch()),
        (lambda: twilio().balance(NOW), lambda client: client.balance.fetch()),
        (lambda: twilio().status(NOW), lambda client: client.api.accounts(ACCOUNT).fetch()),
    ],
)
def test_reading_asks_where_the_official_sdk_asks(ask: Any, theirs: Any) -> None:
    assert first_request(ask()).url == official(theirs)["uri"]

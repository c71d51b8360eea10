"""The Messages API: what is sent, what comes in, what receipts say."""

from __future__ import annotations

import json
from datetime import timedelta

import jwt
import pytest
from jwt.types import Options
from vonage_http_client.auth import Auth
from vonage_jwt import JwtClient
from vonage_messages.models import Sms as SdkMessage

from providers import (
    Accepted,
    CutOff,
    CutReason,
    InDoubt,
    Outcome,
    Refused,
    RefusedReason,
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
    play,
)
from tests.providers.vonage.dialect import (
    API_SECRET,
    APPLICATION,
    KEY,
    MESSAGES,
    PEM,
    RSA,
    UUID,
    answer,
    problem,
    sent,
    vonage,
)


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
    assert (request.method, request.url) == ("POST", "https://api.nexmo.com/v1/messages")
    wanted = {"Content-Type": "application/json", "Accept": "application/json"}
    assert {**request.headers, **wanted} == request.headers
    assert request.carries_text
    (request,), _ = sent(vonage(MESSAGES), answer(202, message_uuid=UUID), text="half \ud83d")
    said = json.loads(request.body)
    assert (said["text"], "trusted_recipient" in said) == ("half \ud83d", False)


def test_the_token_has_what_the_official_sdk_puts_into_one() -> None:
    (request,), _ = sent(vonage(MESSAGES), answer(202, message_uuid=UUID))
    ours = request.headers["Authorization"].removeprefix("Bearer ")
    theirs = JwtClient(APPLICATION, PEM).generate_application_jwt().decode()
    unclocked: Options = {"verify_exp": False, "verify_iat": False}
    read = [
        jwt.decode(each, RSA.public_key(), algorithms=["RS256"], options=unclocked) for each in (ours, theirs)
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
    assert len({request.body for request in requests}) == 1
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

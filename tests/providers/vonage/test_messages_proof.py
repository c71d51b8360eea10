"""A Messages webhook is taken only with Vonage's proof."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vonage_jwt import verify_signature

from providers import (
    Forged,
    Hook,
)
from providers.contract.conformance import (
    NOW,
)
from providers.vonage import messages
from tests.providers.vonage.dialect import (
    KEY,
    MESSAGES,
    RSA,
    SECRET,
    STRANGERS,
    messages_hook,
    messages_inbound,
    token,
    vonage,
)


def _unsigned(body: bytes) -> str:
    return jwt.encode({"iat": 1, "jti": "1", "api_key": KEY}, "", algorithm="none")


def _with_their_public_key(body: bytes) -> str:
    claims = jwt.decode(token(body), options={"verify_signature": False})
    return jwt.encode(claims, RSA, algorithm="RS256")


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
        "a hash that is no text": messages_hook(fields, payload_hash="\ud800"),
        "Bearer of nothing": replace(hook, headers={"authorization": "Bearer"}),
        "Basic": replace(hook, headers={"authorization": "Basic YTpi"}),
        "no proof": replace(hook, headers={}),
    }


_WHY = {
    "another body": "payload",
    "a hash that is no text": "payload",
    "too old": "age",
    "from the future": "age",
    "expired": "age",
    "an absurd time": "age",
    "another account": "account",
    "another application": "account",
    "Bearer of nothing": "unsigned",
    "Basic": "unsigned",
    "no proof": "unsigned",
}


def _is_refused(case: str) -> None:
    with pytest.raises(Forged) as refused:
        vonage(MESSAGES).inbound(forgeries()[case])
    assert refused.value.reason == _WHY.get(case, "signature")


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
    for claims in (
        {"iat": second + 60},
        {"iat": second - 300},
        {"exp": second - 60},
        {"application_id": None},
    ):
        assert vonage(MESSAGES).inbound(messages_hook(messages_inbound(), **claims))
    both = vonage(MESSAGES, signature_secrets=[STRANGERS, SECRET])
    assert both.inbound(messages_hook(messages_inbound()))
    spaced = messages_hook(messages_inbound())
    bearer = spaced.headers["authorization"].replace(" ", "  ")
    assert vonage(MESSAGES).inbound(replace(spaced, headers={"authorization": bearer}))
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

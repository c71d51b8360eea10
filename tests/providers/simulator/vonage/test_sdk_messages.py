"""The official SDK's Messages against the simulated Vonage, unmodified but for the address."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vonage_http_client.errors import (
    AuthenticationError,
    ForbiddenError,
    HttpRequestError,
    RateLimitedError,
    ServerError,
)
from vonage_jwt import verify_signature

from providers.simulator.network import Network
from providers.simulator.vonage import VonageAccount
from tests.providers.simulator.listener import Heard, Listener
from tests.providers.simulator.vonage.conftest import (
    LONG,
    NUMBER,
    REFERENCE,
    TEXTER,
    Client,
    application,
    call,
    message,
    only,
)


@only("messages")
@pytest.mark.parametrize("by", ["application", "key"])
async def test_a_message_is_taken_delivered_and_reported_with_its_price(
    by: str, client: Client, network: Network, account: VonageAccount, listener: Listener
) -> None:
    sdk = client(**(application(account) if by == "application" else {}))
    hook = f"{listener.base_url}/elsewhere"
    taken = await call(sdk.messages.send, message(text=LONG, webhook_url=hook))
    await network.idle()

    (sent,) = network.journal.sends()
    assert (sent.provider_id, sent.reference) == (taken.message_uuid, REFERENCE)
    assert (sent.text, sent.parts) == (LONG, 3)
    assert network.journal.spent("vonage") == Decimal("0.1236")
    submitted, delivered = (json.loads(heard.body) for heard in listener.heard)
    assert {heard.url for heard in listener.heard} == {hook}
    assert (submitted["status"], delivered["status"]) == ("submitted", "delivered")
    assert submitted["usage"] == {"price": "0.1236", "currency": "EUR"}
    assert submitted["sms"] == {"count_total": "3"}
    assert {each["client_ref"] for each in (submitted, delivered)} == {REFERENCE}


@only("messages")
async def test_what_a_price_means_is_a_setting_because_it_is_not_known(
    client: Client, network: Network, account: VonageAccount, listener: Listener
) -> None:
    account.price_is = "per_part"
    await call(client().messages.send, message(text=LONG))
    await network.idle()
    assert json.loads(listener.heard[0].body)["usage"]["price"] == "0.0412"
    assert network.journal.spent("vonage") == Decimal("0.1236")


def claims(heard: Heard, account: VonageAccount) -> dict[str, Any]:
    """A webhook's claims, once the official SDK calls it genuine."""
    token = heard.headers["authorization"].removeprefix("Bearer ")
    # The SDK allows no clock to differ; this one was signed within the current second.
    assert verify_signature(token, account.signature_secret)
    assert not verify_signature(token, "another-secret-that-has-thirty-two-bytes")
    read: dict[str, Any] = jwt.decode(token, account.signature_secret, algorithms=["HS256"])
    return read


@only("messages")
@pytest.mark.parametrize("text", ["Salut", "é€ \U0001f600 & = +", "", "\x00 \u202e שלום", LONG])
async def test_an_inbound_message_comes_whole_and_signed(
    text: str, network: Network, account: VonageAccount, listener: Listener
) -> None:
    got, status = await network.text(to=NUMBER, sender=TEXTER, text=text)
    assert status == 200
    (heard,) = listener.heard
    said = json.loads(heard.body)
    assert (said["text"], said["message_uuid"]) == (text, got.provider_id)
    assert (said["from"], said["to"]) == (TEXTER[1:], NUMBER[1:])
    read = claims(heard, account)
    assert read["payload_hash"] == hashlib.sha256(heard.body).hexdigest()
    assert (read["api_key"], read["application_id"]) == (account.api_key, account.application_id)


@only("messages")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("suspend", ForbiddenError),
        ("revoke", AuthenticationError),
        ("unpaid", HttpRequestError),
        ("throttle", RateLimitedError),
        ("error_before", HttpRequestError),
        ("error_after", ServerError),
    ],
)
async def test_messages_faults_are_said_in_vonages_words(
    fault: str, error: type[Exception], client: Client, network: Network
) -> None:
    await network.fault("vonage", fault)
    with pytest.raises(error):
        await call(client().messages.send, message())
    assert len(network.journal.sends()) == (fault == "error_after")


@only("messages")
@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [("undelivered", "1240", "rejected"), ("unsent", "", "undeliverable")],
)
async def test_a_message_that_fails_says_why(
    fault: str, code: str, status: str, client: Client, network: Network, listener: Listener
) -> None:
    await network.fault("vonage", fault, code=code)
    await call(client().messages.send, message())
    await network.idle()
    last = json.loads(listener.heard[-1].body)
    assert (last["status"], last["error"]["title"]) == (status, code or "1250")
    assert network.journal.spent("vonage") == (0 if fault == "unsent" else Decimal("0.0412"))


@only("messages")
async def test_a_stranger_sends_no_message(client: Client, network: Network, account: VonageAccount) -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    strangers: list[dict[str, Any]] = [
        {"api_secret": "wrong"},
        application(account) | {"application_id": "another"},
        application(account) | {"private_key": other.decode()},
    ]
    for auth in strangers:
        with pytest.raises(AuthenticationError):
            await call(client(**auth).messages.send, message())
    for wrong in ({"from_": "33937000009"}, {"from_": "Stranger"}):
        with pytest.raises(HttpRequestError, match="1120"):
            await call(client().messages.send, message(**wrong))
    assert not network.journal.sends()


@only("messages")
async def test_a_token_past_its_time_is_expired(
    network: Network, client: Client, account: VonageAccount
) -> None:
    sdk = client(**application(account))
    old = {"iat": 1_600_000_000}
    old_token = sdk.http_client.auth.generate_application_jwt(old)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdk.http_client.auth, "generate_application_jwt", lambda: old_token)
        with pytest.raises(AuthenticationError, match="jwt-expired"):
            await call(sdk.messages.send, message())

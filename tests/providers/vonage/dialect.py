"""What Vonage answers and posts, written by hand from its specifications and signed by its official SDK."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vonage_http_client.auth import Auth

from providers import (
    Hook,
    Outcome,
    Request,
    Response,
)
from providers.contract.conformance import (
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    play,
)
from providers.vonage import Vonage, VonageSettings

KEY = "abcd1234"
API_SECRET = "a-secret-of-the-account"
APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SECRET = "a-signature-secret-of-at-least-32-bytes"
STRANGERS = "somebody-else's-secret-of-32-bytes-too!"
UUID = "11111111-2222-3333-4444-555555555555"
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEM = RSA.private_bytes(
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


def sent(account: Vonage, *answers: Response, **changes: Any) -> tuple[list[Request], Outcome]:
    return play(account.send(replace(OUTGOING, **changes), NOW), *answers)


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

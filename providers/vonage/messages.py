"""The Messages API v1: send, inbound, receipt, and the proof that a webhook is Vonage's.

https://developer.vonage.com/en/api/messages and
https://developer.vonage.com/en/messages/concepts/signed-webhooks
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import jwt
from jwt.types import Options

from providers import (
    Accepted,
    Exchange,
    Forged,
    Hook,
    Inbound,
    InDoubt,
    Malformed,
    Outcome,
    Outgoing,
    Receipt,
    Request,
    Response,
)
from providers.vonage.account import Credentials, VonageSettings
from providers.vonage.codes import (
    messages_status,
    problem_code,
    receipt_reason,
    refusal,
)
from providers.vonage.notation import bare, count, mapping, moment, plus, usage

_SKEW = 60
_TTL = (20, 604_800)
_BY_OUR_CLOCK: Options = {
    "require": ["iat", "jti", "payload_hash", "api_key"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


class Messages:
    """The dialect of an account whose SMS setting is `Messages API`."""

    def __init__(self, settings: VonageSettings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials

    # send

    def send(self, text: Outgoing, now: datetime) -> Exchange[Outcome]:
        """One text. A token that Vonage calls expired was not used: it is renewed once."""
        body = json.dumps(self._payload(text), ensure_ascii=True).encode()
        response = yield self._request(body, now)
        if response.status == 401 and problem_code(response.fields()) == "jwt-expired":  # noqa: PLR2004 -- HTTP
            self._credentials.forget_token()
            response = yield self._request(body, now)
        return self._outcome(response)

    def _payload(self, text: Outgoing) -> dict[str, Any]:
        low, high = _TTL
        payload = {
            "channel": "sms",
            "message_type": "text",
            "to": bare(text.to),
            "from": bare(text.sender),
            "text": text.text,
            "client_ref": text.reference,
            "ttl": min(max(text.valid_for, low), high),
            "webhook_url": text.receipt_url,
            "webhook_version": "v1",
        }
        return payload | ({"trusted_recipient": True} if self._settings.trusted else {})

    def _request(self, body: bytes, now: datetime) -> Request:
        headers = {
            **self._credentials.application(now),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        return Request("POST", f"{self._settings.base_url}/v1/messages", headers, body, carries_text=True)

    def _outcome(self, response: Response) -> Outcome:
        if not response.ok:
            return refusal(response)
        uuid = response.fields().get("message_uuid")
        return Accepted(provider_id=uuid) if isinstance(uuid, str) and uuid else InDoubt("unreadable")

    # inbound and receipt

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        """The text of an inbound webhook, long ones already joined; other channels and media are no text."""
        said = self._read(hook)
        if said.get("channel") != "sms" or said.get("message_type") != "text":
            return ()
        uuid, sender, to, text = (said.get(key) for key in ("message_uuid", "from", "to", "text"))
        if not (isinstance(uuid, str) and uuid and isinstance(text, str) and _is_number(sender, to)):
            raise Malformed("fields")
        parts = count(mapping(said.get("sms")).get("num_messages"))
        return (
            Inbound(
                provider_id=uuid,
                sender=plus(sender),
                to=plus(to),
                text=text,
                at=moment(said.get("timestamp")),
                price=usage(said, parts, self._settings.price_is),
            ),
        )

    def receipt(self, hook: Hook) -> Sequence[Receipt]:
        """How far a text got. `usage` comes with `submitted`, which is when a text is billed."""
        said = self._read(hook)
        if said.get("channel", "sms") != "sms":
            return ()
        uuid, reference, word = said.get("message_uuid"), said.get("client_ref"), said.get("status")
        if not (isinstance(uuid, str) and uuid and isinstance(word, str)):
            raise Malformed("fields")
        parts = count(mapping(said.get("sms")).get("count_total"))
        price = usage(said, parts, self._settings.price_is)
        code = problem_code(mapping(said.get("error")))
        return (
            Receipt(
                provider_id=uuid,
                reference=reference if isinstance(reference, str) and reference else None,
                status=messages_status(word, code),
                code=code,
                refused=receipt_reason(code),
                proven_unsent=word == "undeliverable",
                unbilled=word == "undeliverable" and price is None,
                price=price,
                parts=parts,
                at=moment(said.get("timestamp")),
            ),
        )

    def _read(self, hook: Hook) -> dict[str, Any]:
        self._verify(hook)
        try:
            said = json.loads(hook.body)
        except (ValueError, RecursionError):
            raise Malformed("json") from None  # the error holds the body
        if not isinstance(said, dict):
            raise Malformed("json")
        return said

    # proof

    def _verify(self, hook: Hook) -> None:
        """The token must be signed by us and Vonage alone, be young, ours, and name this very body.

        Its age is judged by when the webhook came in, which is why PyJWT's own clock is switched off.
        """
        scheme, _, token = hook.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            # Vonage says that one may slip out unsigned after an internal error, and that a 5xx
            # has it sent again, signed.
            raise Forged("unsigned", status=503)
        claims = self._claims(token.strip())
        if not compare_digest(
            str(claims["payload_hash"]).encode("utf-8", "replace"), sha256(hook.body).hexdigest().encode()
        ):
            raise Forged("payload")
        if not _young(claims, hook.received_at.timestamp(), self._settings.webhook_age):
            raise Forged("age")
        if not self._is_ours(claims):
            raise Forged("account")

    def _claims(self, token: str) -> dict[str, Any]:
        for secret in self._settings.signature_secrets:
            try:
                return jwt.decode(
                    token, secret.get_secret_value(), algorithms=["HS256"], options=_BY_OUR_CLOCK
                )
            except (jwt.PyJWTError, ValueError, RecursionError):
                continue
        raise Forged("signature")

    def _is_ours(self, claims: dict[str, Any]) -> bool:
        application = claims.get("application_id")
        return claims["api_key"] == self._settings.api_key and (
            application is None or application == (self._settings.application_id or application)
        )


def _young(claims: dict[str, Any], received: float, age: int) -> bool:
    try:
        issued, expires = float(claims["iat"]), float(claims.get("exp", received))
    except (TypeError, ValueError, OverflowError):
        return False
    return -_SKEW <= received - issued <= age and received <= expires + _SKEW


def _is_number(*values: object) -> bool:
    return all(isinstance(value, (str, int)) and str(value) for value in values)

"""The SMS API: send, inbound, receipt, and the signature over a webhook's fields.

https://developer.vonage.com/en/api/sms and
https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import md5
from typing import Any
from urllib.parse import urlencode

from providers import (
    Accepted,
    Exchange,
    Failure,
    Forged,
    Hook,
    Inbound,
    InDoubt,
    Malformed,
    Outcome,
    Outgoing,
    Part,
    Receipt,
    Request,
    Response,
    Status,
)
from providers import count as count_parts
from providers.vonage.account import Credentials, VonageSettings
from providers.vonage.codes import DLR_REFUSED, SMS_RECEIPT, SMS_STATUS, refusal
from providers.vonage.notation import bare, count, mapping, moment, plus, together

_TTL = (20_000, 604_800_000)
_CALLBACK = 100


class Sms:
    """The dialect of an account whose SMS setting is `SMS API`."""

    def __init__(self, settings: VonageSettings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials

    # send

    def send(self, text: Outgoing, now: datetime) -> Exchange[Outcome]:
        """One text, in as many parts as Vonage finds it to have."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._settings.sms_auth == "basic":
            headers |= self._credentials.basic()
        form = urlencode(self._form(text, now), errors="replace").encode()
        response = yield Request(
            "POST", f"{self._settings.rest_url}/sms/json", headers, form, carries_text=True
        )
        return self._outcome(response)

    def _form(self, text: Outgoing, now: datetime) -> dict[str, str]:
        low, high = _TTL
        form = {
            "from": bare(text.sender),
            "to": bare(text.to),
            "text": text.text,
            "type": "text" if count_parts(text.text).encoding == "gsm7" else "unicode",
            "client-ref": text.reference,
            "ttl": str(min(max(text.valid_for * 1_000, low), high)),
        }
        if len(text.receipt_url) <= _CALLBACK:
            form["callback"] = text.receipt_url
        if self._settings.trusted:
            form["trusted-number"] = "true"
        return form | self._proof(form, now)

    def _proof(self, form: Mapping[str, str], now: datetime) -> dict[str, str]:
        key = {"api_key": self._settings.api_key}
        if self._settings.sms_auth == "basic":
            return {}
        if self._settings.sms_auth == "body" and self._settings.api_secret:
            return key | {"api_secret": self._settings.api_secret.get_secret_value()}
        key["timestamp"] = str(int(now.timestamp()))
        secret = self._settings.signature_secrets[0].get_secret_value()
        return key | {"sig": signature({**form, **key}, secret, self._settings.signature_method, "replace")}

    def _outcome(self, response: Response) -> Outcome:
        """One entry a part. If one part was taken the text was: sending it again would double that part."""
        if response.status != 200:  # noqa: PLR2004 -- HTTP
            return refusal(response)
        entries = response.fields().get("messages")
        parts = [mapping(entry) for entry in entries] if isinstance(entries, list) else []
        taken = [part for part in parts if str(part.get("status")) == "0"]
        if taken:
            return Accepted(
                provider_id=str(taken[0].get("message-id", "")),
                parts=len(taken),
                price=together([part.get("message-price") for part in taken], self._settings.currency),
            )
        failures: list[Failure] = [
            SMS_STATUS.get(str(part.get("status"))) or InDoubt(str(part.get("status"))) for part in parts
        ]
        doubts = [failure for failure in failures if isinstance(failure, InDoubt)]
        return next(iter(doubts + failures), InDoubt("unreadable"))

    # inbound and receipt

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        """One text, or one part of a longer one; binary ones are no text."""
        said = self._read(hook)
        if said.get("type") == "binary":
            return ()
        if not all(said.get(key) for key in ("messageId", "msisdn", "to")) or "text" not in said:
            raise Malformed("fields")
        return (
            Inbound(
                provider_id=said["messageId"],
                sender=plus(said["msisdn"]),
                to=plus(said["to"]),
                text=said["text"],
                at=moment(said.get("message-timestamp")),
                part=_part(said),
            ),
        )

    def receipt(self, hook: Hook) -> Sequence[Receipt]:
        """How far one part got; a word that is not known says at least that it was taken.

        Its price is that part's alone, and was told when it was sent.
        """
        said = self._read(hook)
        if not said.get("messageId") or "status" not in said:
            raise Malformed("fields")
        code = said.get("err-code", "0")
        return (
            Receipt(
                provider_id=said["messageId"],
                reference=said.get("client-ref") or None,
                status=SMS_RECEIPT.get(said["status"], Status.QUEUED),
                code="" if code == "0" else code,
                refused=DLR_REFUSED.get(code),
                at=moment(said.get("message-timestamp")),
            ),
        )

    def _read(self, hook: Hook) -> dict[str, str]:
        said, errors = _fields(hook)
        if self._settings.signature_secrets:
            self._verify(said, errors, hook.received_at.timestamp())
        if said.get("api-key", self._settings.api_key) != self._settings.api_key:
            raise Forged("account")
        return said

    # proof

    def _verify(self, said: Mapping[str, str], errors: str, received: float) -> None:
        claimed = said.get("sig", "").lower().encode("utf-8", "replace")
        if not claimed:
            raise Forged("unsigned")
        method = self._settings.signature_method
        secrets = [secret.get_secret_value() for secret in self._settings.signature_secrets]
        proofs = [signature(said, secret, method, errors).encode() for secret in secrets]
        if not any([hmac.compare_digest(claimed, proof) for proof in proofs]):  # noqa: C419 -- all are compared, so that time tells nothing
            raise Forged("signature")
        stamp = said.get("timestamp", "")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):  # noqa: PLR2004 -- seconds for some 30,000 years
            raise Forged("age")
        if abs(received - int(stamp)) > self._settings.webhook_age:
            raise Forged("age")


def signature(fields: Mapping[str, str], secret: str, method: str, errors: str = "surrogateescape") -> str:
    """Vonage's signature over fields, in lower-case hex.

    Args:
        fields: All that is sent; `sig` itself does not count.
        secret: The account's signature secret.
        method: ``md5hash``, or a digest followed by ``hmac``.
        errors: How text that is no valid Unicode becomes the bytes that came in.
    """
    pairs = sorted((key, value) for key, value in fields.items() if key != "sig")
    text = "".join(f"&{key}={value.replace('&', '_').replace('=', '_')}" for key, value in pairs)
    data = text.encode("utf-8", errors)
    if method == "md5hash":
        return md5(data + secret.encode()).hexdigest()  # noqa: S324 -- the account's default; the settings prefer sha256hmac
    return hmac.new(secret.encode(), data, method.removesuffix("hmac")).hexdigest()


def _fields(hook: Hook) -> tuple[dict[str, str], str]:
    """The fields as text, and the error handler that turns them back into the bytes that came in."""
    if hook.method == "GET":
        return dict(hook.query()), "surrogateescape"
    if "json" not in hook.headers.get("content-type", "").lower():
        return dict(hook.form()), "surrogateescape"
    try:
        said = json.loads(hook.body, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise Malformed("json") from None  # the error holds the body
    if not isinstance(said, dict):
        raise Malformed("json")
    return {key: _as_received(value) for key, value in said.items()}, "surrogatepass"


def _as_received(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    raise Malformed("json")


def _part(said: Mapping[str, str]) -> Part | None:
    index, total = count(said.get("concat-part")), count(said.get("concat-total"))
    reference = said.get("concat-ref")
    if said.get("concat") != "true" or not reference or index is None or total is None or index > total:
        return None
    return Part(reference, index, total)

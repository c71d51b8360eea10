"""Acme SMS: settings, codes, sending, webhooks, balance. From https://acme.example/docs (2026)."""

import hashlib
import hmac
import json
from base64 import b64encode

from providers import (
    Ability, Accepted, Balance, CutOff, CutReason, Forged, Inbound, InDoubt, Malformed, Provider, Receipt,
    Refused, RefusedReason, Request, Scope, Settings, Status, Throttled, read_price,
)
from pydantic import Field, SecretStr


class AcmeSettings(Settings):
    """One account at Acme."""

    token: SecretStr = Field(min_length=1)
    webhook_secret: SecretStr = Field(min_length=1)
    base_url: str = Field(default="https://api.acme.example", pattern=r"^https?://[A-Za-z0-9.:-]+$")


# ---- Codes: https://acme.example/docs/errors
FAILURES = {
    "bad_token": CutOff(CutReason.REVOKED, "bad_token"),
    "no_money": CutOff(CutReason.UNPAID, "no_money"),
    "not_your_number": CutOff(CutReason.SENDER_LOST, "not_your_number", Scope.SENDER),
    "too_fast": Throttled(1, "too_fast"),
    "no_such_number": Refused(RefusedReason.BAD_NUMBER, "no_such_number"),
    "stopped": Refused(RefusedReason.OPTED_OUT, "stopped"),
}
STATUSES = {"on_its_way": Status.SENT, "arrived": Status.DELIVERED, "lost": Status.UNDELIVERABLE}


def failure_of(response):
    """What is not a success: known by its code if Acme refused it, else in doubt."""
    code = str(response.fields().get("error"))
    refused = 400 <= response.status < 500
    return FAILURES[code] if refused and code in FAILURES else InDoubt(f"http_{response.status}")


class Acme(Provider):
    """One account at Acme."""

    name = "acme"
    Settings = AcmeSettings
    abilities = frozenset({Ability.SIGNED_WEBHOOKS, Ability.BALANCE})

    def __init__(self, settings):
        self._base = settings.base_url
        self._secret = settings.webhook_secret.get_secret_value().encode()
        self._headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}

    # ---- Sending

    def send(self, text, now):
        wanted = {"to": text.to, "from": text.sender, "text": text.text, "ref": text.reference,
                  "callback": text.receipt_url, "ttl": text.valid_for}
        headers = {**self._headers, "Content-Type": "application/json"}
        body = json.dumps(wanted).encode()
        response = yield Request("POST", f"{self._base}/messages", headers, body, carries_text=True)
        found = response.fields()
        if not response.ok or not isinstance(found.get("id"), str):
            return failure_of(response)
        return Accepted(provider_id=found["id"], price=read_price(found.get("price"), "EUR"))

    # ---- Webhooks

    def inbound(self, hook):
        said = self._proven(hook, "id", "from", "to", "text")
        return [Inbound(provider_id=said["id"], sender=said["from"], to=said["to"], text=said["text"])]

    def receipt(self, hook):
        said = self._proven(hook, "id", "ref", "status")
        status = STATUSES.get(said["status"], Status.QUEUED)  # a word we do not know moves nothing
        return [Receipt(provider_id=said["id"], reference=said["ref"], status=status)]

    def _proven(self, hook, *names):
        ours = b64encode(hmac.digest(self._secret, hook.body, hashlib.sha256))
        theirs = hook.headers.get("x-acme-signature", "").encode(errors="replace")
        if not hmac.compare_digest(ours, theirs):
            raise Forged("signature")
        try:
            said = json.loads(hook.body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in names):
            raise Malformed("fields")
        return said

    # ---- Balance

    def balance(self, now):
        response = yield Request("GET", f"{self._base}/balance", self._headers)
        left = response.fields().get("euros") if response.ok else None
        if isinstance(left, bool) or not isinstance(left, (int, float)):
            return failure_of(response)
        return Balance(amount=float(left), unit="EUR")

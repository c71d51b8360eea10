"""Acme SMS, held to the contract."""

import hashlib
import hmac
import json
from base64 import b64encode

from acme import Acme
from providers import (
    Ability, Accepted, Balance, CutOff, CutReason, Hook, Refused, RefusedReason, Response, Status, Throttled,
)
from providers.contract.conformance import NOW, NUMBER, TEXTER, Conformance, Recorded

DOCS = "https://acme.example/docs, read on 2026-11-23"


def answered(status, **body):
    return (Response(status, {}, json.dumps(body).encode()),)


def signed(**said):
    body = json.dumps(said).encode()
    proof = b64encode(hmac.digest(b"hook-secret", body, hashlib.sha256)).decode()
    return Hook("POST", "https://paravent.example/hooks/acme/x", {"x-acme-signature": proof}, body, received_at=NOW)


class TestAcme(Conformance):
    kind = Acme
    settings = {"token": "api-token", "webhook_secret": "hook-secret"}
    other_settings = {"webhook_secret": "a-strangers"}
    secrets = ("api-token", "hook-secret")
    proof_headers = ("x-acme-signature",)
    statuses = {"on_its_way": Status.SENT, "arrived": Status.DELIVERED, "lost": Status.UNDELIVERABLE}
    recorded = (
        Recorded("taken", DOCS, answered(202, id="m1"), Accepted(provider_id="m1")),
        Recorded("revoked", DOCS, answered(401, error="bad_token"), CutOff(CutReason.REVOKED, "bad_token")),
        Recorded("unpaid", DOCS, answered(402, error="no_money"), CutOff(CutReason.UNPAID, "no_money")),
        Recorded("too fast", DOCS, answered(429, error="too_fast"), Throttled(1, "too_fast")),
        Recorded("stopped", DOCS, answered(400, error="stopped"), Refused(RefusedReason.OPTED_OUT, "stopped")),
        Recorded("balance", DOCS, answered(200, euros=12.5), Balance(amount=12.5, unit="EUR"), Ability.BALANCE),
    )

    def text_in(self, request):
        return json.loads(request.body)["text"]

    def inbound_hook(self, text, sender=TEXTER, to=NUMBER):
        return signed(**{"id": "in1", "from": sender, "to": to, "text": text})

    def receipt_hook(self, sent, status):
        return signed(id="m1", ref=json.loads(sent.body)["ref"], status=status)

"""OVH by the contract's own suite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from providers import Hook, Request, Status
from providers.contract.conformance import NOW, NUMBER, OUTGOING, TEXTER, Conformance
from providers.ovh import Ovh
from tests.providers.ovh_recorded import CLASSIC, RECORDED


class TestOvh(Conformance):
    kind = Ovh
    settings = CLASSIC
    secrets = ("tests-app-key", "tests-app-secret", "tests-consumer-key")
    statuses = {  # noqa: RUF012 - declared so by the suite
        "0:": Status.QUEUED,
        "4:1": Status.QUEUED,
        "4:3": Status.SENT,
        "8:": Status.SENT,
        "1:4": Status.DELIVERED,
        ":4": Status.DELIVERED,
        ":3": Status.SENT,
        "2:8": Status.EXPIRED,
        "2:23": Status.UNDELIVERABLE,
        "2:76": Status.FAILED,
        "2:4": Status.FAILED,
        "16:": Status.FAILED,
    }
    recorded = RECORDED

    def text_in(self, request: Request) -> str:
        text: str = json.loads(request.body)["message"]
        return text

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        fields = {"id": "77", "senderid": sender.replace("+33", "0"), "message": text, "tag": ""}
        return push(fields | {"shortcode": to.removeprefix("+")})

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        receipt, _, ptt = status.partition(":")
        facts = {"id": "10867690", "ptt": ptt, "date": "2026-11-23 17:00:12"}
        facts |= {"description": receipt} if receipt else {}
        return Hook("GET", f"{OUTGOING.receipt_url}?{urlencode(facts)}", received_at=NOW)


def push(fields: Mapping[str, str]) -> Hook:
    url = "https://paravent.example/hooks/acme/t0ken-in-the-path/inbound"
    return Hook("POST", url, body=urlencode(fields).encode(), received_at=NOW)

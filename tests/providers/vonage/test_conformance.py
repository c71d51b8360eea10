"""Vonage's page and the contract, in each of its dialects."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl

from providers import (
    Ability,
    Accepted,
    Balance,
    CutOff,
    CutReason,
    Hook,
    Inbound,
    InDoubt,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Request,
    Scope,
    Status,
    Throttled,
)
from providers.contract.conformance import (
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    Conformance,
    Recorded,
)
from providers.vonage import Vonage
from tests.providers.vonage.dialect import (
    API_SECRET,
    DOCS,
    MESSAGES,
    PEM,
    SDK,
    SECRET,
    SMS,
    SPEC_REPORTS,
    SPEC_SMS,
    STRANGERS,
    UUID,
    answer,
    form_hook,
    get_hook,
    json_hook,
    messages_hook,
    messages_inbound,
    messages_status,
    problem,
    record,
    report,
    signed,
    sms_answer,
    sms_inbound,
    sms_receipt,
    taken,
)

_INBOUND_LOG = report(
    record(
        direction="inbound",
        to=NUMBER[1:],
        message_body=TEXT,
        total_price=0.0,
        **{"from": TEXTER[1:]},
    ),
    record(direction="inbound", to="33199000009", message_body="to another number"),
)
ASKED = (
    Recorded(
        "found by our reference among others",
        SPEC_REPORTS,
        (report(record(client_ref="another"), record()),),
        Receipt(
            provider_id=UUID,
            reference=OUTGOING.reference,
            status=Status.DELIVERED,
            price=Price(Decimal("0.0412"), "EUR"),
            at=datetime(2026, 11, 23, 16, 0, 9, tzinfo=UTC),
        ),
        Ability.LOOK_UP,
    ),
    Recorded(
        "not found",
        SPEC_REPORTS,
        (report(record(client_ref="another")), report(record(client_ref="another"))),
        None,
        Ability.LOOK_UP,
    ),
    Recorded(
        "a look that failed says nothing of sending",
        SPEC_REPORTS,
        (answer(403, title="Forbidden", detail="User not authorized to query the requested data"),),
        CutOff(CutReason.SUSPENDED, "http-403", scope=Scope.MESSAGE),
        Ability.LOOK_UP,
    ),
    Recorded("no such id", SPEC_REPORTS, (report(ids_not_found=UUID),), None, Ability.TRACE),
    Recorded(
        "balance",
        f"{SDK}, vonage_account.Balance",
        (answer(200, value=29.18202293, autoReload=False),),
        Balance(amount=29.18202293, unit="EUR"),
        Ability.BALANCE,
    ),
    Recorded("open", f"{SDK}, vonage_account.Balance", (answer(200, value=29.18),), None, Ability.STATUS),
    Recorded(
        "nothing left",
        f"{SDK}, vonage_account.Balance",
        (answer(200, value=0.0, autoReload=False),),
        CutOff(CutReason.UNPAID, "no-balance"),
        Ability.STATUS,
    ),
    Recorded(
        "texts to our numbers",
        SPEC_REPORTS,
        (_INBOUND_LOG,),
        [
            Inbound(
                provider_id=UUID,
                sender=TEXTER,
                to=NUMBER,
                text=TEXT,
                at=datetime(2026, 11, 23, 16, 0, 2, tzinfo=UTC),
                price=Price(Decimal("0.0"), "EUR"),
            )
        ],
        Ability.INBOUND_LOG,
    ),
)


def in_all(receipt: Any) -> Any:
    """A record of the SMS API is one part, so that its receipt says how many there are."""
    return replace(receipt, parts=1) if isinstance(receipt, Receipt) else receipt


class TestMessages(Conformance):
    kind = Vonage
    settings = MESSAGES
    other_settings: ClassVar = {"signature_secrets": [STRANGERS]}
    secrets = (API_SECRET, SECRET, PEM.splitlines()[3])
    proof_headers = ("authorization",)
    recorded = (
        Recorded(
            "taken",
            f"{SDK}, SendMessageResponse",
            (answer(202, message_uuid=UUID),),
            Accepted(provider_id=UUID),
        ),
        Recorded("too fast", DOCS, (problem(429, "#rate-limit"),), Throttled(1.0, "rate-limit")),
        Recorded("no money", DOCS, (problem(402, "/#low-balance"),), CutOff(CutReason.UNPAID, "low-balance")),
        Recorded(
            "suspended",
            DOCS,
            (problem(403, "#account-suspended"),),
            CutOff(CutReason.SUSPENDED, "account-suspended"),
        ),
        Recorded(
            "a bad number",
            DOCS,
            (problem(422, "/messages#1150", invalid_parameters=[{"name": "to", "reason": "invalid"}]),),
            Refused(RefusedReason.BAD_NUMBER, "1150"),
        ),
        Recorded(
            "a code as the title",
            DOCS,
            (problem(422, "/messages", title=1240),),
            Refused(RefusedReason.OPTED_OUT, "1240"),
        ),
        Recorded("an internal error", DOCS, (problem(500, "/messages#1030"),), InDoubt("1030")),
        *ASKED,
    )
    statuses: ClassVar = {
        "submitted": Status.SENT,
        "delivered": Status.DELIVERED,
        "rejected": Status.FAILED,
        "undeliverable": Status.FAILED,
    }

    def text_in(self, request: Request) -> str:
        text: str = json.loads(request.body)["text"]
        return text

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        return messages_hook(messages_inbound(text, sender, to))

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        return messages_hook(messages_status(status, client_ref=json.loads(sent.body)["client_ref"]))

    def carries(self, text: str) -> bool:
        return True


class TestSmsApiForm(Conformance):
    kind = Vonage
    settings = SMS
    other_settings: ClassVar = {"signature_secrets": [STRANGERS]}
    secrets = (API_SECRET, SECRET)
    hook = staticmethod(form_hook)
    recorded = (
        Recorded(
            "taken",
            SPEC_SMS,
            (sms_answer(taken()),),
            Accepted(provider_id="0A0000000123ABCD1", parts=1, price=Price(Decimal("0.0333"), "EUR")),
        ),
        Recorded("too fast", SPEC_SMS, (sms_answer({"status": "1"}),), Throttled(1.0, "1")),
        Recorded("no money", SPEC_SMS, (sms_answer({"status": "9"}),), CutOff(CutReason.UNPAID, "9")),
        Recorded("suspended", SPEC_SMS, (sms_answer({"status": "8"}),), CutOff(CutReason.SUSPENDED, "8")),
        Recorded(
            "a sender that is not ours",
            SPEC_SMS,
            (sms_answer({"status": "15"}),),
            CutOff(CutReason.SENDER_LOST, "15", scope=Scope.SENDER),
        ),
        Recorded("barred", SPEC_SMS, (sms_answer({"status": "7"}),), Refused(RefusedReason.OPTED_OUT, "7")),
        Recorded("an internal error", SPEC_SMS, (sms_answer({"status": "5"}),), InDoubt("5")),
        *(replace(recorded, expected=in_all(recorded.expected)) for recorded in ASKED),
    )
    statuses: ClassVar = {
        "delivered": Status.DELIVERED,
        "accepted": Status.SENT,
        "buffered": Status.SENT,
        "expired": Status.EXPIRED,
        "failed": Status.FAILED,
        "rejected": Status.UNDELIVERABLE,
        "unknown": Status.SENT,
    }

    def text_in(self, request: Request) -> str:
        return parse_qs(request.body.decode(), keep_blank_values=True)["text"][0]

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        return self.hook(signed(sms_inbound(text, sender, to)))

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        form = dict(parse_qsl(sent.body.decode()))
        return self.hook(signed(sms_receipt(status, form["client-ref"])))

    def without_proof(self, hook: Hook) -> Hook:
        return replace(
            hook,
            body=hook.body.replace(b"sig", b"not"),
            url=hook.url.replace("sig", "not"),
        )

    def tampered(self, hook: Hook) -> Hook:
        return replace(
            hook,
            body=hook.body.replace(TEXTER[1:].encode(), b"33639980002"),
            url=hook.url.replace(TEXTER[1:], "33639980002"),
        )


class TestSmsApiGet(TestSmsApiForm):
    hook = staticmethod(get_hook)


class TestSmsApiJson(TestSmsApiForm):
    hook = staticmethod(json_hook)

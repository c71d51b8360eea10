"""What OVH answered, where that was recorded, and how it must be read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from providers import (
    CREDIT,
    Ability,
    Accepted,
    Balance,
    CutOff,
    CutReason,
    Inbound,
    InDoubt,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Response,
    Scope,
    Status,
    Throttled,
)
from providers.contract.conformance import NOW, NUMBER, OUTGOING, TEXT, TEXTER, Recorded

AHEAD = 7
TIME = Response(200, {}, str(int(NOW.timestamp()) + AHEAD).encode())
CLASSIC: dict[str, Any] = {
    "service_name": "sms-ab12345-1",
    "application_key": "tests-app-key",
    "application_secret": "tests-app-secret",
    "consumer_key": "tests-consumer-key",
    "virtual_numbers": [NUMBER],
}
OAUTH2: dict[str, Any] = {
    "service_name": "sms-ab12345-1",
    "client_id": "tests-client",
    "client_secret": "tests-client-secret",
    "virtual_numbers": [NUMBER],
}
SCHEMA = "https://eu.api.ovh.com/1.0/sms.json as typed by @ovh-api/sms 3.1.26"
SDK = "https://github.com/ovh/python-ovh 1.2.0, ovh/client.py"
CONTACT = "https://github.com/ovh/php-ovh/issues/156"
STALE = "https://github.com/ovh/php-ovh/issues/97"
PTT = "https://eu.api.ovh.com/console/?section=%2Fsms#get-/sms/ptts"


def said(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def error(status: int, message: str, code: str | None = None) -> Response:
    return said({"message": message} | ({"errorCode": code} if code else {}), status)


def report(valid: list[str], invalid: list[str], credits_: float, ids: list[int]) -> Response:
    body = {"ids": ids, "invalidReceivers": invalid, "totalCreditsRemoved": credits_, "validReceivers": valid}
    return said(body)


def credits_of(amount: str) -> Price:
    return Price(Decimal(amount), CREDIT)


SENT: dict[str, Any] = {
    "id": 10867690,
    "sender": NUMBER,
    "receiver": TEXTER,
    "message": TEXT,
    "messageLength": 37,
    "numberOfSms": 1,
    "credits": 1.0,
    "tag": OUTGOING.reference,
    "creationDatetime": "2026-11-23T17:00:09+01:00",
    "sentAt": "2026-11-23T17:00:10+01:00",
    "deliveredAt": "2026-11-23T17:00:12+01:00",
    "deliveryReceipt": 1,
    "ptt": 4,
    "differedDelivery": 0,
    "tariffCode": "",
}
CAME: dict[str, Any] = {
    "id": 77,
    "sender": "0033639980001",
    "message": TEXT,
    "tag": "",
    "credits": 1,
    "creationDatetime": "2026-11-23T16:59:58+01:00",
}
DELIVERED = Receipt(
    provider_id="10867690",
    reference=OUTGOING.reference,
    to=TEXTER,
    status=Status.DELIVERED,
    price=credits_of("1.0"),
    parts=1,
    at=datetime(2026, 11, 23, 16, 0, 12, tzinfo=UTC),
)
READ_AGAIN = Inbound(
    provider_id="77",
    sender=TEXTER,
    to=NUMBER,
    text=TEXT,
    at=datetime(2026, 11, 23, 15, 59, 58, tzinfo=UTC),
    price=credits_of("1"),
)
ACCOUNT = {"name": "sms-ab12345-1", "status": "enable", "creditsLeft": 1987, "creditsHoldByQuota": 0}

RECORDED = (
    Recorded(
        "taken",
        SCHEMA,
        (TIME, report([TEXTER], [], 1, [10867690])),
        Accepted(provider_id="10867690", price=credits_of("1")),
    ),
    Recorded(
        "a bad number is no error",
        SCHEMA,
        (TIME, report([], ["0033639980001"], 0, [])),
        Refused(RefusedReason.BAD_NUMBER, "invalid_receiver"),
    ),
    Recorded("too fast", SCHEMA, (TIME, error(429, "too many requests")), Throttled(20, "http_429")),
    Recorded(
        "too fast, and how long",
        SCHEMA,
        (TIME, replace(error(429, "x"), headers={"retry-after": "7"})),
        Throttled(7, "http_429"),
    ),
    Recorded(
        "keys revoked",
        SDK,
        (TIME, error(403, "This credential is not valid", "INVALID_CREDENTIAL")),
        CutOff(CutReason.REVOKED, "INVALID_CREDENTIAL"),
    ),
    Recorded(
        "call not granted",
        SDK,
        (TIME, error(403, "This call has not been granted", "NOT_GRANTED_CALL")),
        CutOff(CutReason.REVOKED, "NOT_GRANTED_CALL"),
    ),
    Recorded(
        "service suspended",
        SDK,
        (TIME, error(403, "This service is suspended", "FORBIDDEN")),
        CutOff(CutReason.SUSPENDED, "FORBIDDEN"),
    ),
    Recorded(
        "service expired",
        SDK,
        (TIME, error(460, "This service is expired")),
        CutOff(CutReason.SUSPENDED, "http_460"),
    ),
    Recorded(
        "no credits", SCHEMA, (TIME, error(402, "Payment required")), CutOff(CutReason.UNPAID, "http_402")
    ),
    Recorded(
        "no credits, in words",
        SCHEMA,
        (TIME, error(403, "Vous n'avez pas assez de crédits", "FORBIDDEN")),
        CutOff(CutReason.UNPAID, "FORBIDDEN"),
    ),
    Recorded(
        "no credits, in other words",
        SCHEMA,
        (TIME, error(400, "not enough credits")),
        CutOff(CutReason.UNPAID, "http_400"),
    ),
    Recorded(
        "sender refused",
        SCHEMA,
        (TIME, error(400, "This sender is disabled")),
        CutOff(CutReason.SENDER_LOST, "http_400", Scope.SENDER),
    ),
    Recorded(
        "number gone",
        SCHEMA,
        (TIME, error(404, "This service does not exist")),
        CutOff(CutReason.SENDER_LOST, "http_404", Scope.SENDER),
    ),
    Recorded(
        "a link on a short code",
        CONTACT,
        (TIME, error(400, "cannot send contact information with shortcode")),
        Refused(RefusedReason.FILTERED, "http_400", Scope.MESSAGE, elsewhere=True),
    ),
    Recorded(
        "some other parameter",
        SCHEMA,
        (TIME, error(400, "Invalid validityPeriod")),
        Refused(RefusedReason.UNACCEPTABLE, "http_400", Scope.MESSAGE),
    ),
    Recorded(
        "conflict",
        SDK,
        (TIME, error(409, "already being done")),
        Refused(RefusedReason.UNACCEPTABLE, "http_409", Scope.MESSAGE),
    ),
    Recorded(
        "a proxy lost patience",
        "https://github.com/kubernetes-sigs/external-dns/issues/1546",
        (TIME, Response(408, {}, b"<html><body><h1>408 Request Time-out</h1>")),
        InDoubt("http_408"),
    ),
    Recorded(
        "one of three is bad",
        SCHEMA,
        (TIME, report([TEXTER, "+33639980003"], ["+33639980002"], 3, [2, 1])),
        [
            Accepted(provider_id="", price=credits_of("1.5")),
            Refused(RefusedReason.BAD_NUMBER, "invalid_receiver"),
            Accepted(provider_id="", price=credits_of("1.5")),
        ],
        Ability.BATCH,
    ),
    Recorded("found by tag", SCHEMA, (TIME, said([10867690]), said(SENT)), DELIVERED, Ability.LOOK_UP),
    Recorded(
        "found pending",
        SCHEMA,
        (
            TIME,
            said([]),
            said([]),
            said([]),
            said([42]),
            said({key: SENT[key] for key in ("receiver", "message", "creationDatetime")} | {"id": 42}),
        ),
        Receipt(
            provider_id="42",
            reference=OUTGOING.reference,
            to=TEXTER,
            status=Status.QUEUED,
            at=datetime(2026, 11, 23, 16, 0, 9, tzinfo=UTC),
        ),
        Ability.LOOK_UP,
    ),
    Recorded("found nowhere", SCHEMA, (TIME, said([]), said([]), said([]), said([])), None, Ability.LOOK_UP),
    Recorded("traced", SCHEMA, (TIME, error(404, "unknown id"), said(SENT)), DELIVERED, Ability.TRACE),
    Recorded(
        "never handed over",
        SCHEMA,
        (TIME, said(SENT | {"deliveryReceipt": 16, "ptt": 0, "deliveredAt": None})),
        replace(
            DELIVERED,
            status=Status.FAILED,
            code="dlr16:ptt0",
            proven_unsent=True,
            unbilled=True,
            price=None,
            at=datetime(2026, 11, 23, 16, 0, 10, tzinfo=UTC),
        ),
        Ability.TRACE,
    ),
    Recorded(
        "blocked by the client",
        PTT,
        (TIME, said(SENT | {"deliveryReceipt": 2, "ptt": 76})),
        replace(DELIVERED, status=Status.FAILED, code="dlr2:ptt76", refused=RefusedReason.OPTED_OUT),
        Ability.TRACE,
    ),
    Recorded("credits", SCHEMA, (TIME, said(ACCOUNT)), Balance(amount=1987, unit=CREDIT), Ability.BALANCE),
    Recorded("open", SCHEMA, (TIME, said(ACCOUNT)), None, Ability.STATUS),
    Recorded(
        "disabled",
        SCHEMA,
        (TIME, said(ACCOUNT | {"status": "disable"})),
        CutOff(CutReason.SUSPENDED, "disable"),
        Ability.STATUS,
    ),
    Recorded(
        "no credits left",
        SCHEMA,
        (TIME, said(ACCOUNT | {"creditsLeft": 0})),
        CutOff(CutReason.UNPAID, "no_credits"),
        Ability.STATUS,
    ),
    Recorded(
        "service gone",
        SDK,
        (TIME, error(404, "This service does not exist")),
        CutOff(CutReason.SUSPENDED, "http_404"),
        Ability.STATUS,
    ),
    Recorded("what came in", SCHEMA, (TIME, said([77]), said(CAME)), [READ_AGAIN], Ability.INBOUND_LOG),
    Recorded("read again", SCHEMA, (TIME, said(CAME)), READ_AGAIN, Ability.REREAD),
    Recorded("never came in", SCHEMA, (TIME, error(404, "x"), error(404, "x")), None, Ability.REREAD),
)

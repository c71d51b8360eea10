"""What Twilio answers and posts, from its specification and its SDK, and how to ask our page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

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
    Response,
    Scope,
    Status,
    Throttled,
)
from providers.contract.conformance import (
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    Recorded,
)
from providers.twilio import Twilio, TwilioSettings

ACCOUNT = "AC" + "a" * 32
TOKEN = "an-auth-token-of-twilio"
SID, OTHER_SID = "SM" + "a" * 32, "SM" + "b" * 32
SPEC = "github.com/twilio/twilio-oai d50069b, spec/json/twilio_api_v2010.json"
ERRORS = "https://www.twilio.com/docs/api/errors, shape of twilio-python 9.13.0"
INBOUND_URL = "https://paravent.example/hooks/acme/inbound"


def answered(status: int, body: Mapping[str, Any], **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def refusal(status: int, code: int) -> Response:
    link = f"https://www.twilio.com/docs/errors/{code}"
    return answered(status, {"code": code, "message": "as it says", "more_info": link, "status": status})


def message(**fields: Any) -> dict[str, Any]:
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": TEXT,
        "date_created": "Mon, 23 Nov 2026 16:00:03 +0000",
        "date_sent": None,
        "date_updated": "Mon, 23 Nov 2026 16:00:04 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": NUMBER,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": SID,
        "status": "queued",
        "to": TEXTER,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json",
    } | fields


def listed(*messages: dict[str, Any], next_page: str | None = None) -> Response:
    return answered(200, {"messages": list(messages), "page": 0, "next_page_uri": next_page})


def posted(url: str, fields: Mapping[str, str], token: str = TOKEN) -> Hook:
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": RequestValidator(token).compute_signature(url, fields),
    }
    return Hook("POST", url, headers, urlencode(fields).encode(), received_at=NOW)


def receipt_of(url: str, status: str, code: str = "") -> Hook:
    fields = {"MessageSid": SID, "MessageStatus": status, "To": TEXTER, "From": NUMBER, "AccountSid": ACCOUNT}
    return posted(url, fields | ({"ErrorCode": code} if code else {}))


def twilio(**settings: Any) -> Twilio:
    return Twilio(TwilioSettings(**{"account_sid": ACCOUNT, "auth_token": TOKEN} | settings))


SENT = Receipt(
    provider_id=SID,
    reference=OUTGOING.reference,
    status=Status.QUEUED,
    parts=1,
    at=datetime(2026, 11, 23, 16, 0, 4, tzinfo=UTC),
)
IN = message(
    sid=OTHER_SID, direction="inbound", status="received", to=NUMBER, price="-0.00750", price_unit="USD"
)
IN["from"] = TEXTER
CAME_IN = Inbound(
    provider_id=OTHER_SID,
    sender=TEXTER,
    to=NUMBER,
    text=TEXT,
    at=datetime(2026, 11, 23, 16, 0, 3, tzinfo=UTC),
    price=Price(Decimal("0.00750"), "USD"),
)
BALANCE = {"account_sid": ACCOUNT, "balance": "0.05", "currency": "USD"}


def refused(reason: RefusedReason, code: int, **more: Any) -> Recorded:
    expected = Refused(reason, str(code), **more)
    return Recorded(f"{reason} {code}", ERRORS, (refusal(400, code),), expected)


RECORDED = (
    Recorded("accepted", SPEC, (answered(201, message()),), Accepted(provider_id=SID, parts=1)),
    Recorded(
        "accepted by a Messaging Service that has chosen no sender yet",
        SPEC,
        (answered(201, message(num_segments="0", status="accepted")),),
        Accepted(provider_id=SID),
    ),
    Recorded("revoked", ERRORS, (refusal(401, 20003),), CutOff(CutReason.REVOKED, "20003")),
    Recorded("suspended", ERRORS, (refusal(403, 20005),), CutOff(CutReason.SUSPENDED, "20005")),
    Recorded("forbidden", ERRORS, (refusal(403, 20403),), CutOff(CutReason.REVOKED, "20403")),
    Recorded("a proxy's 403", "RFC 9110", (Response(403),), CutOff(CutReason.REVOKED, "http_403")),
    Recorded(
        "not our number",
        ERRORS,
        (refusal(400, 21606),),
        CutOff(CutReason.SENDER_LOST, "21606", Scope.SENDER),
    ),
    Recorded("too many at once", ERRORS, (refusal(429, 20429),), Throttled(2, "20429")),
    Recorded(
        "too many, come back",
        ERRORS,
        (replace(refusal(429, 20429), headers={"retry-after": "7"}),),
        Throttled(7, "20429"),
    ),
    Recorded("queue full", ERRORS, (refusal(400, 21611),), Throttled(600, "21611", Scope.SENDER)),
    Recorded("day's cap", ERRORS, (refusal(400, 63038),), Throttled(3_600, "63038")),
    refused(RefusedReason.BAD_NUMBER, 21211),
    refused(RefusedReason.BAD_NUMBER, 21614),
    refused(RefusedReason.OPTED_OUT, 21610),
    refused(RefusedReason.FILTERED, 30007, scope=Scope.MESSAGE),
    refused(RefusedReason.UNACCEPTABLE, 21617, scope=Scope.MESSAGE),
    refused(RefusedReason.UNACCEPTABLE, 21408, scope=Scope.MESSAGE, elsewhere=True),
    refused(RefusedReason.UNACCEPTABLE, 29999, scope=Scope.MESSAGE, elsewhere=True),
    Recorded("a 500 in Twilio's words", ERRORS, (refusal(500, 20500),), InDoubt("20500")),
    Recorded("a 503 in Twilio's words", ERRORS, (refusal(503, 20503),), InDoubt("20503")),
    Recorded("a 400 in nobody's words", "RFC 9110", (Response(400),), InDoubt("http_400")),
    Recorded("found though just queued", SPEC, (listed(message()),), SENT, Ability.LOOK_UP),
    Recorded("not found", SPEC, (listed(),), None, Ability.LOOK_UP),
    Recorded(
        "priced at last",
        SPEC,
        (answered(200, message(price="-0.00750", price_unit="USD", status="delivered")),),
        replace(SENT, reference=None, status=Status.DELIVERED, price=Price(Decimal("0.0075"), "USD")),
        Ability.TRACE,
    ),
    Recorded("unknown to Twilio", ERRORS, (refusal(404, 20404),), None, Ability.TRACE),
    Recorded("balance", SPEC, (answered(200, BALANCE),), Balance(amount=0.05, unit="USD"), Ability.BALANCE),
    Recorded("open", SPEC, (answered(200, {"status": "active"}),), None, Ability.STATUS),
    Recorded(
        "suspended with money left",
        SPEC,
        (answered(200, {"status": "suspended"}), answered(200, BALANCE)),
        CutOff(CutReason.SUSPENDED, "suspended"),
        Ability.STATUS,
    ),
    Recorded(
        "suspended for want of money",
        SPEC,
        (answered(200, {"status": "suspended"}), answered(200, BALANCE | {"balance": "-0.01"})),
        CutOff(CutReason.UNPAID, "suspended"),
        Ability.STATUS,
    ),
    Recorded(
        "closed",
        SPEC,
        (answered(200, {"status": "closed"}),),
        CutOff(CutReason.REVOKED, "closed"),
        Ability.STATUS,
    ),
    Recorded("came in", SPEC, (listed(IN, message(), IN | {"sid": None}),), [CAME_IN], Ability.INBOUND_LOG),
)


def first_request(exchange: Any) -> Request:
    request: Request = next(exchange)
    exchange.close()
    return request

"""What the simulated OVH says when it says no.

https://github.com/ovh/python-ovh/blob/master/ovh/client.py; the wording of messages is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping

from providers.simulator.answer import Refusal

INVALID = "invalid_receiver"
"""Of a receiver, not of a call: OVH answers 200 and lists it."""

_SAYS: Mapping[str, tuple[int, str]] = {
    "INVALID_KEY": (403, "This application key is invalid"),
    "INVALID_CREDENTIAL": (403, "This credential is not valid"),
    "NOT_CREDENTIAL": (403, "This credential does not exist"),
    "NOT_GRANTED_CALL": (403, "This call has not been granted"),
    "FORBIDDEN": (403, "This service is suspended"),
    "INVALID_SIGNATURE": (400, "Invalid signature"),
    "QUERY_TIME_OUT": (400, "Query out of time"),
    "OAUTH2": (401, "Invalid access token"),
    "EXPIRED": (460, "This service is expired"),
    "not_found": (404, "The requested object does not exist"),
    "no_service": (404, "This service does not exist"),
    "no_credits": (402, "You do not have enough credits to send this message"),
    "too_fast": (429, "Too many requests"),
    "broken": (503, "Internal error, try again later"),
    "bad_sender": (400, "This sender does not exist or is not validated"),
    "contact": (400, "cannot send contact information with shortcode"),
    "bad_parameter": (400, "Invalid parameter"),
}


def refusal(code: str) -> Refusal:
    """The error of a code; an unknown one is a bad parameter."""
    known = code if code in _SAYS else "bad_parameter"
    status, says = _SAYS[known]
    return Refusal(status, known, says)


def error(refused: Refusal) -> dict[str, str]:
    """Its body: only what is in capitals is a code of OVH's own."""
    if refused.code.isupper():
        return {"message": refused.says, "errorCode": refused.code, "httpCode": f"{refused.status} Error"}
    kind = {402: "PaymentRequired", 404: "NotFound", 429: "TooManyRequests", 503: "Unavailable"}
    return {"message": refused.says, "class": f"Client::{kind.get(refused.status, 'BadRequest')}"}

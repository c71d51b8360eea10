"""What Vonage's codes mean: send errors of both APIs, and the codes of receipts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from providers import (
    CutOff,
    CutReason,
    Failure,
    InDoubt,
    Refused,
    RefusedReason,
    Response,
    Scope,
    Status,
    Throttled,
)
from providers.vonage.notation import mapping, seconds

_revoked = partial(CutOff, CutReason.REVOKED)
_suspended = partial(CutOff, CutReason.SUSPENDED)
_unpaid = partial(CutOff, CutReason.UNPAID)
_sender_lost = partial(CutOff, CutReason.SENDER_LOST, scope=Scope.SENDER)
_bad_number = partial(Refused, RefusedReason.BAD_NUMBER)
_opted_out = partial(Refused, RefusedReason.OPTED_OUT)
_filtered = partial(Refused, RefusedReason.FILTERED, scope=Scope.MESSAGE)
_unacceptable = partial(Refused, RefusedReason.UNACCEPTABLE, scope=Scope.MESSAGE)
_doubtful = partial(InDoubt, scope=Scope.MESSAGE)


def _table(*rows: tuple[Callable[[str], Failure], str]) -> dict[str, Failure]:
    return {code: make(code) for make, codes in rows for code in codes.split()}


# https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
# HTTP says 200 for every one of them. 13 says "not submitted", but nothing proves it.
SMS_STATUS = _table(
    (partial(Throttled, 1.0), "1"),
    (partial(Throttled, 5.0), "10"),
    (_revoked, "4 14 32"),
    (_suspended, "8 11 19"),
    (_unpaid, "9 29"),
    (_sender_lost, "15"),
    (_bad_number, "6 33 34"),
    (_opted_out, "7"),
    (_unacceptable, "2 3 12 16 20 22 23"),
    (InDoubt, "5"),
    (_doubtful, "13"),
)

# https://developer.vonage.com/en/api-errors and https://developer.vonage.com/en/api-errors/messages
# They come as the answer to a send and, later, as the error of a `rejected` status.
MESSAGES = _table(
    (_revoked, "unauthorized jwt-expired jwt-revoked invalid-api-key invalid-signature"),
    (_suspended, "forbidden unprovisioned account-suspended application-suspended invalid-ip"),
    (_suspended, "1060 1080 1110 1140"),
    (_unpaid, "low-balance 1070"),
    (_sender_lost, "1120"),
    (partial(Throttled, 1.0), "rate-limit 1000"),
    (partial(Throttled, 60.0, scope=Scope.RECIPIENT), "1241"),
    (_bad_number, "1040 1170 1190 1200 1300 1310 1330"),
    (_opted_out, "1050 1240"),
    (_filtered, "1210 1270 1280"),
    (_unacceptable, "invalid-params invalid-json 1010 1020 1090 1130 1150 1160"),
    (_doubtful, "1030 1100 1180 1220 1230 1250 1260"),
)
TOO_LATE = "1360"
"""The error of a text that outlived its ttl."""

# https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts#dlr-error-codes
DLR_REFUSED = {
    code: reason
    for reason, codes in (
        (RefusedReason.BAD_NUMBER, "3 5 12 15"),
        (RefusedReason.OPTED_OUT, "4 9 53"),
        (RefusedReason.FILTERED, "6 10 13 14 50 52"),
    )
    for code in codes.split()
}

# https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts#dlr-messages
SMS_RECEIPT = {
    "accepted": Status.SENT,
    "buffered": Status.SENT,
    "delivered": Status.DELIVERED,
    "expired": Status.EXPIRED,
    "failed": Status.FAILED,
    "rejected": Status.UNDELIVERABLE,
    "unknown": Status.SENT,
}

# https://developer.vonage.com/en/api/messages#message-status
# `undeliverable` says that Vonage never reached its own provider: nothing was sent.
MESSAGES_RECEIPT = {
    "submitted": Status.SENT,
    "delivered": Status.DELIVERED,
    "rejected": Status.FAILED,
    "undeliverable": Status.FAILED,
}

_NOT_TAKEN = {RefusedReason.BAD_NUMBER, RefusedReason.OPTED_OUT, RefusedReason.FILTERED}


def problem_code(problem: dict[str, Any]) -> str:
    """The code in an error of the Messages API, which hides in `type` or in `title`; empty for none."""
    words = [str(problem.get("type", "")).rpartition("#")[2], str(problem.get("title", ""))]
    known = [word for word in words if word in MESSAGES or word == TOO_LATE]
    numbers = [word for word in words if word.isdecimal()]
    return next(iter(known + numbers), "")


def refusal(response: Response) -> Failure:
    """What an answer other than success means, wherever it came from."""
    problem = response.fields()
    code = problem_code(problem) or f"http-{response.status}"
    if response.status >= 500 or response.status < 400 or response.status == 408:  # noqa: PLR2004 -- classes of HTTP status
        return InDoubt(code)
    if _faulty(problem) == ["to"]:
        return _bad_number(code)
    failure = MESSAGES.get(code) or _by_status(response.status)(code)
    pause = seconds(response.headers.get("retry-after"))
    return replace(failure, pause=pause) if isinstance(failure, Throttled) and pause else failure


def _faulty(problem: dict[str, Any]) -> list[Any]:
    rows = problem.get("invalid_parameters")
    return [mapping(row).get("name") for row in rows] if isinstance(rows, list) else []


def _by_status(status: int) -> Callable[[str], Failure]:
    match status:
        case 402:
            return _unpaid
        case 403:
            return _suspended
        case 429:
            return partial(Throttled, 1.0)
        case 400 | 413 | 422:
            return _unacceptable
        case _:  # 401; and 404, 405, ... answer a door that is not Vonage's, or no longer ours
            return _revoked


def receipt_reason(code: str) -> RefusedReason | None:
    """Why the recipient or carrier refused, by the error of a `rejected` status."""
    failure = MESSAGES.get(code)
    return failure.reason if isinstance(failure, Refused) else None


def messages_status(word: str, code: str) -> Status:
    """What a Messages status word and its error mean together. Any word proves that we were taken."""
    if word == "rejected" and code == TOO_LATE:
        return Status.EXPIRED
    if word == "rejected" and receipt_reason(code) in _NOT_TAKEN:
        return Status.UNDELIVERABLE
    return MESSAGES_RECEIPT.get(word, Status.QUEUED)

"""Twilio's codes and statuses, and what each means to us.

Answers and receipts share the codes: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

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

_ROWS: tuple[tuple[str, Callable[[str], Failure]], ...] = (
    ("20003 20006 20403", lambda code: CutOff(CutReason.REVOKED, code)),
    # A spent balance suspends the account and has no code of its own: `status` tells the two apart.
    ("10001 20005 30002 90010", lambda code: CutOff(CutReason.SUSPENDED, code)),
    ("21212 21601 21606 21659 21660 21663", lambda code: CutOff(CutReason.SENDER_LOST, code, Scope.SENDER)),
    ("21701 21703 21704 21705 21711", lambda code: CutOff(CutReason.SENDER_LOST, code, Scope.SENDER)),
    ("20429", lambda code: Throttled(2, code)),  # documented as never processed
    ("21611 30001", lambda code: Throttled(600, code, Scope.SENDER)),  # its queue is ten hours long
    ("30022", lambda code: Throttled(60, code, Scope.SENDER)),
    ("30023 63038", lambda code: Throttled(3_600, code)),  # the day's allowance is spent
    ("14107", lambda code: Throttled(60, code, Scope.RECIPIENT)),
    ("30017", lambda code: Throttled(60, code, Scope.MESSAGE)),
    (
        "21211 21217 21614 21635 30003 30005 30006",
        lambda code: Refused(RefusedReason.BAD_NUMBER, code),
    ),
    ("21610 30004", lambda code: Refused(RefusedReason.OPTED_OUT, code)),
    ("30007 30034 30039 30450 30453", lambda code: Refused(RefusedReason.FILTERED, code, Scope.MESSAGE)),
    ("21602 21603 21604 21609 21617", lambda code: Refused(RefusedReason.UNACCEPTABLE, code, Scope.MESSAGE)),
    (  # the country is closed to the account, a trial account, no such route: another may carry it
        "21408 21608 21612",
        lambda code: Refused(RefusedReason.UNACCEPTABLE, code, Scope.MESSAGE, elsewhere=True),
    ),
    ("30008 30410", lambda code: InDoubt(code, Scope.MESSAGE)),
)
_REFUSING = frozenset(range(400, 500)) - {HTTPStatus.REQUEST_TIMEOUT}
_CUT_BY_STATUS: Mapping[int, CutReason] = {
    HTTPStatus.UNAUTHORIZED: CutReason.REVOKED,
    HTTPStatus.FORBIDDEN: CutReason.REVOKED,
    HTTPStatus.PAYMENT_REQUIRED: CutReason.UNPAID,
}
_FAILURES: Mapping[str, Failure] = {code: failure(code) for codes, failure in _ROWS for code in codes.split()}
PROVEN_UNSENT = frozenset({"30001", "30002"})
"""Receipt codes that prove the text never left: the queue overflowed, the account was suspended."""

STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), Status.QUEUED),
    "sent": Status.SENT,
    **dict.fromkeys(("delivered", "read", "partially_delivered"), Status.DELIVERED),
    "undelivered": Status.UNDELIVERABLE,
    **dict.fromkeys(("failed", "canceled"), Status.FAILED),
}


def failure_of(response: Response) -> Failure:
    """What an answer other than the hoped-for one means."""
    code = str(response.fields().get("code") or f"http_{response.status}")
    known = _FAILURES.get(code)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        pause = response.headers.get("retry-after", "")
        usual = known.pause if isinstance(known, Throttled) else 2
        return Throttled(float(pause) if re.fullmatch("[0-9]{1,6}", pause) else usual, code)
    if response.status not in _REFUSING:
        return InDoubt(code)
    if known or response.status in _CUT_BY_STATUS:
        return known or CutOff(_CUT_BY_STATUS[response.status], code)
    if re.fullmatch("[0-9]{5}", code):
        # Twilio's own refusal in a word we do not know yet: unsent, and another may carry it.
        return Refused(RefusedReason.UNACCEPTABLE, code, Scope.MESSAGE, elsewhere=True)
    return InDoubt(code)


def standing(status: str, code: str) -> Status:
    """How far a text got. A status we do not know is `Status.QUEUED`, which moves nothing."""
    reached = STATUSES.get(status, Status.QUEUED)
    if reached is Status.FAILED and code == "30036":  # its ValidityPeriod ran out in Twilio's queue
        return Status.EXPIRED
    if reached is Status.UNDELIVERABLE and code in PROVEN_UNSENT | {"30017", "30410"}:
        return Status.FAILED
    return reached


def refused_by(code: str) -> RefusedReason | None:
    """Why the receiver or the carrier refused, where a receipt's code says so."""
    failure = _FAILURES.get(code)
    return failure.reason if isinstance(failure, Refused) else None

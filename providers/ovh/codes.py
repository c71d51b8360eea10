"""What OVH's answers mean: HTTP errors as failures, delivery receipts as statuses.

https://eu.api.ovh.com/console/?section=%2Fsms (types and the list of PTT codes),
https://github.com/ovh/python-ovh/blob/master/ovh/client.py (error codes).
The wording of messages is localised and not documented, so it is read last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

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

PAUSE = 20.0
"""Seconds to wait after a 429 that names none; OVH documents neither its body nor `Retry-After`."""

CUT_BY_CODE: Mapping[str, CutReason] = MappingProxyType(
    {
        "NOT_CREDENTIAL": CutReason.REVOKED,
        "INVALID_KEY": CutReason.REVOKED,
        "INVALID_CREDENTIAL": CutReason.REVOKED,
        "NOT_GRANTED_CALL": CutReason.REVOKED,
        "INVALID_SIGNATURE": CutReason.REVOKED,
        "QUERY_TIME_OUT": CutReason.REVOKED,
    }
)
"""Error codes that close the account. The last two only count after one re-read of the clock."""

CUT_BY_STATUS: Mapping[int, CutReason] = MappingProxyType(
    {
        401: CutReason.REVOKED,
        402: CutReason.UNPAID,
        403: CutReason.SUSPENDED,
        404: CutReason.SUSPENDED,
        460: CutReason.SUSPENDED,
    }
)

_TIMED_OUT = HTTPStatus.REQUEST_TIMEOUT
_CREDIT = re.compile(r"cr[ée]dits?\b", re.IGNORECASE)
_CONTACT = re.compile(r"contact information", re.IGNORECASE)
_SENDER = re.compile(r"\bsender|exp[ée]diteur", re.IGNORECASE)
_CLOSED = re.compile(r"expired|suspend", re.IGNORECASE)
_CLOCK = re.compile(r"timestamp|out of time", re.IGNORECASE)


def stale(response: Response) -> bool:
    """Whether the signature was refused, which a clock that drifted explains."""
    if response.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
        return False
    error = response.fields()
    return error.get("errorCode") in ("INVALID_SIGNATURE", "QUERY_TIME_OUT") or bool(
        _CLOCK.search(_message(error))
    )


def failure_of(response: Response) -> Failure | None:
    """What an answer means for the call that got it; None for a success.

    Args:
        response: Any answer of the API. On 2xx the caller still has to find what it needs in it.
    """
    status, error = response.status, response.fields()
    code = str(error.get("errorCode") or f"http_{status}")
    if response.ok:
        return None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(_pause(response), code)
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR or status == _TIMED_OUT:
        return InDoubt(code)
    if (reason := CUT_BY_CODE.get(code)) is not None:
        return CutOff(reason, code)
    if (reason := CUT_BY_STATUS.get(status)) is not None:
        return CutOff(CutReason.UNPAID if _CREDIT.search(_message(error)) else reason, code)
    return _by_message(_message(error), code)


def _by_message(message: str, code: str) -> Failure:
    if _CONTACT.search(message):
        # Seen on short codes: a text with a link, an address or a number. Another sender may carry it.
        return Refused(RefusedReason.FILTERED, code, Scope.MESSAGE, elsewhere=True)
    if _CREDIT.search(message):
        return CutOff(CutReason.UNPAID, code)
    if _SENDER.search(message):
        return CutOff(CutReason.SENDER_LOST, code, Scope.SENDER)
    if _CLOSED.search(message):
        return CutOff(CutReason.SUSPENDED, code)
    if _CLOCK.search(message):
        return CutOff(CutReason.REVOKED, code)
    return Refused(RefusedReason.UNACCEPTABLE, code, Scope.MESSAGE)


def _message(error: Mapping[str, object]) -> str:
    return str(error.get("message") or "")


def _pause(response: Response) -> float:
    seconds = response.headers.get("retry-after", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else PAUSE


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a text got, by `deliveryReceipt` and `ptt`."""

    status: Status
    code: str = ""
    refused: RefusedReason | None = None
    unsent: bool = False


BY_RECEIPT: Mapping[int, Status] = MappingProxyType(
    {
        0: Status.QUEUED,
        1: Status.DELIVERED,
        2: Status.FAILED,  # how, says the PTT
        4: Status.QUEUED,  # or handed over, says the PTT
        8: Status.SENT,
        16: Status.FAILED,
    }
)
"""`deliveryReceipt`. The list of PTT overlaps it from 1 to 8, so this one is asked first."""

UNSENT = 16
"""`deliveryReceipt` of a text that was never handed over; it is not billed."""

_FINER = {(2, Status.FAILED.rank), (4, Status.SENT.rank)}

BY_PTT: Mapping[int, Status] = MappingProxyType(
    {
        1: Status.QUEUED,  # trying again, the phone
        2: Status.QUEUED,  # trying again, the operator
        3: Status.SENT,
        4: Status.DELIVERED,
        5: Status.UNDELIVERABLE,
        6: Status.SENT,  # no final word will come
        8: Status.EXPIRED,
        **dict.fromkeys((20, 21, 23, 24, 25, 26, 27, 39, 73, 74), Status.UNDELIVERABLE),
        **dict.fromkeys((10, 28, 29, 33, 53, 54, 76, 101, 202), Status.FAILED),
    }
)

REFUSED_BY_PTT: Mapping[int, RefusedReason] = MappingProxyType(
    {
        **dict.fromkeys((23, 27, 73), RefusedReason.BAD_NUMBER),
        **dict.fromkeys((28, 29, 33, 54, 101), RefusedReason.FILTERED),
        **dict.fromkeys((53, 76, 202), RefusedReason.OPTED_OUT),
    }
)


def standing(receipt: int | None, ptt: int | None) -> Standing | None:
    """Read a delivery receipt.

    Args:
        receipt: `deliveryReceipt`, None where it is not given.
        ptt: `ptt`, None where it is not given.

    Returns:
        None where neither is known: harmless, and nothing to say.
    """
    rough = None if receipt is None else BY_RECEIPT.get(receipt)
    finer = None if ptt is None else BY_PTT.get(ptt)
    status = rough or finer
    if finer is not None and (receipt, finer.rank) in _FINER:
        status = finer
    if status is None or status.rank != Status.FAILED.rank:
        return None if status is None else Standing(status)
    code = ":".join(f"{word}{value}" for word, value in (("dlr", receipt), ("ptt", ptt)) if value is not None)
    refused = None if ptt is None else REFUSED_BY_PTT.get(ptt)
    return Standing(status, code, refused, unsent=receipt == UNSENT)

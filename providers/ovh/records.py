"""OVH's records of single texts, read into the contract's words. What is not as documented is None."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from providers import (
    CREDIT,
    Accepted,
    CutOff,
    CutReason,
    Inbound,
    InDoubt,
    Outcome,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Scope,
    Status,
    read_price,
)
from providers.ovh import codes
from providers.ovh.account import OvhSettings

_ID = re.compile(r"[0-9]{1,19}")
_GRAIN = Decimal("0.000001")


def whole(value: object) -> int | None:
    """A whole number, given as one or as digits."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    digits = str(value)
    return int(digits) if _ID.fullmatch(digits) else None


def ids(found: object) -> list[str]:
    """A list of ids, oldest first: OVH counts up and promises no order."""
    listed = found if isinstance(found, list) else []
    numbers = {whole(each) for each in listed} - {None}
    return [str(number) for number in sorted(numbers, key=lambda number: number or 0)]


def moment(value: object) -> datetime | None:
    """An aware time; None for one without a zone, which says nothing."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def outcomes(report: Mapping[str, Any], receivers: Sequence[str], settings: OvhSettings) -> list[Outcome]:
    """What became of each receiver of a job, in order.

    OVH answers 200 where every number is bad, and names ids in no promised order: an id is only
    kept where there is exactly one. Credits are shared out so that their sum is exact.

    Args:
        report: `sms.SmsSendingReport`.
        receivers: E.164, as sent.
        settings: They know how numbers are written.
    """
    valid, invalid = (_numbers(report.get(key), settings) for key in ("validReceivers", "invalidReceivers"))
    taken = [each for each in receivers if each in valid and each not in invalid]
    credits_ = read_price(report.get("totalCreditsRemoved"), CREDIT)
    prices = dict(zip(taken, _shares(credits_, len(taken)), strict=True))
    listed = ids(report.get("ids"))
    provider_id = listed[0] if len(listed) == len(receivers) == 1 else ""
    found: list[Outcome] = []
    for each in receivers:
        if each in prices:
            found.append(Accepted(provider_id=provider_id, price=prices[each]))
        elif each in invalid and each not in valid:
            found.append(Refused(RefusedReason.BAD_NUMBER, "invalid_receiver"))
        else:
            found.append(InDoubt("unreadable", Scope.MESSAGE))
    return found


def _numbers(listed: object, settings: OvhSettings) -> set[str]:
    return (
        {settings.e164(each) for each in listed if isinstance(each, str)}
        if isinstance(listed, list)
        else set()
    )


def _shares(total: Price | None, count: int) -> list[Price | None]:
    if total is None or not count:
        return [None] * count
    each = (total.amount / count).quantize(_GRAIN, ROUND_DOWN)
    first = total.amount - each * (count - 1)
    return [Price(amount, total.unit) for amount in (first, *[each] * (count - 1))]


def receipt(record: object, settings: OvhSettings, reference: str | None = None) -> Receipt | InDoubt:
    """Read `sms.Outgoing`, `sms.Job` or `sms.VirtualNumberJob`: how far a text got and what it cost."""
    if not isinstance(record, dict) or (number := whole(record.get("id"))) is None:
        return InDoubt("unreadable")
    how = codes.standing(whole(record.get("deliveryReceipt")), whole(record.get("ptt")))
    how = how or codes.Standing(Status.QUEUED)
    tag, receiver = record.get("tag"), record.get("receiver")
    times = (moment(record.get(key)) for key in ("deliveredAt", "sentAt", "creationDatetime"))
    return Receipt(
        provider_id=str(number),
        reference=reference or (tag if isinstance(tag, str) and tag else None),
        to=settings.e164(receiver) if isinstance(receiver, str) else None,
        status=how.status,
        code=how.code,
        refused=how.refused,
        proven_unsent=how.unsent,
        unbilled=how.unsent,
        price=None if how.unsent else read_price(record.get("credits"), CREDIT),
        parts=whole(record.get("numberOfSms")) or None,
        at=next((at for at in times if at is not None), None),
    )


def inbound(record: object, provider_id: str, to: str, settings: OvhSettings) -> Inbound | InDoubt:
    """Read `sms.Incoming`. It does not say which number was texted: `to` is known from where it lay."""
    if not isinstance(record, dict):
        return InDoubt("unreadable")
    sender, message = record.get("sender"), record.get("message")
    if not isinstance(sender, str) or not isinstance(message, str):
        return InDoubt("unreadable")
    return Inbound(
        provider_id=provider_id,
        sender=settings.e164(sender),
        to=to,
        text=message,
        at=moment(record.get("creationDatetime")),
        price=read_price(record.get("credits"), CREDIT),
    )


def closed(account: object) -> CutOff | InDoubt | None:
    """Read `sms.Account`: why it would carry nothing, None if it would."""
    if not isinstance(account, dict) or account.get("status") not in ("enable", "disable"):
        return InDoubt("unreadable")
    if account["status"] == "disable":
        return CutOff(CutReason.SUSPENDED, "disable")
    left = amount(account.get("creditsLeft"))
    return CutOff(CutReason.UNPAID, "no_credits") if left is not None and left <= 0 else None


def amount(value: object) -> float | None:
    """A finite number of credits, which may be below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 else None  # noqa: PLR2004 - more credits than anyone sold; not NaN

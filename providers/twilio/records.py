"""How Twilio writes what it remembers of a text: the Message resource.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard

from providers import Inbound, Receipt, Status, read_price
from providers.twilio.codes import PROVEN_UNSENT, refused_by, standing


def is_sid(value: object) -> TypeGuard[str]:
    """Whether this can be a message's id, and so stand in an address."""
    return isinstance(value, str) and re.fullmatch("(SM|MM)[0-9a-fA-F]{32}", value) is not None


def moment(value: object) -> datetime | None:
    """A date as RFC 2822 writes it, aware, None where it is none."""
    try:
        found = parsedate_to_datetime(str(value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parts(message: Mapping[str, Any]) -> int | None:
    """Segments as billed; Twilio says 0 as long as its Messaging Service has not chosen a sender."""
    said = str(message.get("num_segments"))
    return int(said) if re.fullmatch("[1-9][0-9]?", said) else None


def receipt(message: Mapping[str, Any], reference: str | None = None) -> Receipt:
    """Read a message that we sent; the price is for all its segments, and negative."""
    return replace(
        told(
            str(message.get("sid")), str(message.get("status")), _word(message.get("error_code")), reference
        ),
        price=read_price(message.get("price"), message.get("price_unit")),
        parts=parts(message),
        at=moment(message.get("date_updated")),
    )


def told(sid: str, status: str, code: str, reference: str | None) -> Receipt:
    """What a status and a code say, in a webhook or in a record."""
    final = standing(status, code)
    lost = final.rank == Status.FAILED.rank
    return Receipt(
        provider_id=sid,
        reference=reference,
        status=final,
        code=code,
        refused=refused_by(code) if lost else None,
        proven_unsent=lost and code in PROVEN_UNSENT,
    )


def inbound(message: Mapping[str, Any]) -> Inbound | None:
    """Read a message that came in, None where it is none."""
    named = [message.get(name) for name in ("sid", "from", "to", "body")]
    if message.get("direction") != "inbound" or not all(isinstance(value, str) for value in named):
        return None
    sid, sender, to, text = map(str, named)
    return Inbound(
        provider_id=sid,
        sender=sender,
        to=to,
        text=text,
        at=moment(message.get("date_sent")) or moment(message.get("date_created")),
        price=read_price(message.get("price"), message.get("price_unit")),
    )


def _word(value: object) -> str:
    return "" if value is None else str(value)

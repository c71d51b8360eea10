"""Texts that come in through either API, and what their receipts say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from providers import (
    Inbound,
    Malformed,
    Part,
    Price,
    RefusedReason,
    Status,
)
from providers.contract.conformance import (
    NOW,
    NUMBER,
    TEXT,
    TEXTER,
)
from providers.vonage import sms
from tests.providers.vonage.dialect import (
    MESSAGES,
    SECRET,
    SMS,
    UUID,
    form_hook,
    get_hook,
    json_hook,
    messages_hook,
    messages_inbound,
    messages_status,
    signed,
    sms_inbound,
    sms_receipt,
    vonage,
)


def test_an_inbound_message_is_read_whole() -> None:
    (text,) = vonage(MESSAGES).inbound(messages_hook(messages_inbound()))
    assert text == Inbound(
        provider_id=UUID,
        sender=TEXTER,
        to=NUMBER,
        text=TEXT,
        at=NOW,
        price=Price(Decimal("0.0050"), "EUR"),
    )
    (text,) = vonage(MESSAGES, price_is="per_part").inbound(messages_hook(messages_inbound()))
    assert text.price == Price(Decimal("0.0100"), "EUR")


def test_other_channels_and_pictures_are_no_text() -> None:
    for change in ({"channel": "whatsapp"}, {"message_type": "image"}):
        assert not vonage(MESSAGES).inbound(messages_hook(messages_inbound() | change))
    assert not vonage(SMS).inbound(form_hook(signed(sms_inbound(type="binary"))))


def test_short_codes_and_names_stay_as_they_are() -> None:
    for sender in ("38123", "NRJ", "0033639980001"):
        (text,) = vonage(MESSAGES).inbound(messages_hook(messages_inbound(sender=sender)))
        assert text.sender == sender


def test_a_long_sms_comes_in_parts() -> None:
    concat = {"concat": "true", "concat-ref": "17", "concat-total": "3", "concat-part": "2"}
    for hook in (form_hook, get_hook, json_hook):
        (text,) = vonage(SMS).inbound(hook(signed(sms_inbound(**concat))))
        assert text.part == Part("17", 2, 3)
        assert text.at == NOW
    for odd in ({"concat-part": "4"}, {"concat-total": "many"}, {"concat-ref": ""}):
        (text,) = vonage(SMS).inbound(form_hook(signed(sms_inbound(**concat | odd))))
        assert text.part is None


def test_what_json_does_not_put_in_quotes_is_verified_as_written() -> None:
    said = signed(
        sms_inbound(**{"concat": "true", "concat-ref": "17", "concat-total": "2", "concat-part": "1"})
    )
    loose: dict[str, Any] = {**said, "concat": True, "concat-total": 2, "timestamp": int(said["timestamp"])}
    (text,) = vonage(SMS).inbound(json_hook(loose))
    assert text.part == Part("17", 1, 2)


def test_bytes_that_are_no_unicode_are_verified_and_kept() -> None:
    fields = sms_inbound(timestamp=str(int(NOW.timestamp())))
    proof = sms.signature({**fields, "text": "caf\udce9"}, SECRET, "sha256hmac")
    body = urlencode({**fields, "sig": proof}).replace(urlencode({"text": TEXT}), "text=caf%E9")
    hook = replace(form_hook({}), body=body.encode())
    (text,) = vonage(SMS).inbound(hook)
    assert text.text.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_what_lacks_an_id_is_malformed() -> None:
    with pytest.raises(Malformed):
        vonage(MESSAGES).inbound(messages_hook(messages_inbound() | {"message_uuid": None}))
    with pytest.raises(Malformed):
        vonage(SMS).inbound(form_hook(signed(sms_inbound(messageId=""))))


def _error(code: str) -> dict[str, Any]:
    kind = f"https://developer.vonage.com/api-errors/messages#{code}"
    return {"error": {"type": kind, "title": code, "detail": "…", "instance": "1"}}


@pytest.mark.parametrize(
    ("word", "code", "status", "refused"),
    [
        ("rejected", "1360", Status.EXPIRED, None),
        ("rejected", "1240", Status.UNDELIVERABLE, RefusedReason.OPTED_OUT),
        ("rejected", "1300", Status.UNDELIVERABLE, RefusedReason.BAD_NUMBER),
        ("rejected", "1210", Status.UNDELIVERABLE, RefusedReason.FILTERED),
        ("rejected", "1100", Status.FAILED, None),
        ("rejected", "1070", Status.FAILED, None),
        ("rejected", "9999", Status.FAILED, None),
    ],
)
def test_a_rejected_message_is_what_its_error_says(
    word: str, code: str, status: Status, refused: RefusedReason | None
) -> None:
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status(word, **_error(code))))
    assert (receipt.status, receipt.code, receipt.refused) == (status, code, refused)
    assert not receipt.proven_unsent


def test_undeliverable_proves_that_nothing_was_sent() -> None:
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status("undeliverable", **_error("1250"))))
    assert (receipt.status, receipt.proven_unsent, receipt.unbilled) == (Status.FAILED, True, True)
    billed = {"usage": {"price": "0.04", "currency": "EUR"}}
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status("undeliverable", **billed)))
    assert (receipt.proven_unsent, receipt.unbilled) == (True, False)


def test_the_price_comes_with_submitted_in_total_or_per_part() -> None:
    said = messages_status(
        "submitted", usage={"price": "0.0412", "currency": "EUR"}, sms={"count_total": "2"}
    )
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(said))
    assert (receipt.parts, receipt.price) == (2, Price(Decimal("0.0412"), "EUR"))
    (receipt,) = vonage(MESSAGES, price_is="per_part").receipt(messages_hook(said))
    assert (receipt.parts, receipt.price) == (2, Price(Decimal("0.0824"), "EUR"))
    del said["sms"]
    (receipt,) = vonage(MESSAGES, price_is="per_part").receipt(messages_hook(said))
    assert (receipt.parts, receipt.price) == (None, None)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("0", None),
        ("1", None),
        ("9", RefusedReason.OPTED_OUT),
        ("12", RefusedReason.BAD_NUMBER),
        ("50", RefusedReason.FILTERED),
    ],
)
def test_a_receipt_of_the_sms_api_says_why(code: str, refused: RefusedReason | None) -> None:
    (receipt,) = vonage(SMS).receipt(form_hook(signed(sms_receipt("rejected", **{"err-code": code}))))
    assert (receipt.code, receipt.refused) == ("" if code == "0" else code, refused)
    assert receipt.price is None, "the price of one part is not the price of the text"
    assert receipt.at == datetime(2026, 11, 23, 16, 0, 5, tzinfo=UTC)

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
    OUTGOING,
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
    token,
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
    (text,) = vonage(SMS).inbound(form_hook(signed(sms_inbound(**concat | {"concat-part": "3"}))))
    assert text.part == Part("17", 3, 3)
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
    said = signed(sms_inbound(price="1.50", odd="NaN", network="null"))
    hook = json_hook(said)
    bare = hook.body.replace(b'"1.50"', b"1.50").replace(b'"NaN"', b"NaN").replace(b'"null"', b"null")
    assert vonage(SMS).inbound(replace(hook, body=bare)) == vonage(SMS).inbound(hook)


def test_an_sms_is_read_whole_and_is_a_form_where_nobody_says_what_it_is() -> None:
    text = Inbound(provider_id="0A0000000123ABCD1", sender=TEXTER, to=NUMBER, text=TEXT, at=NOW)
    for hook in (form_hook, get_hook, json_hook):
        assert vonage(SMS).inbound(hook(signed(sms_inbound()))) == (text,)
    assert vonage(SMS).inbound(replace(form_hook(signed(sms_inbound())), headers={})) == (text,)


def test_bytes_that_are_no_unicode_are_verified_and_kept() -> None:
    fields = sms_inbound(timestamp=str(int(NOW.timestamp())))
    proof = sms.signature({**fields, "text": "caf\udce9"}, SECRET, "sha256hmac")
    body = urlencode({**fields, "sig": proof}).replace(urlencode({"text": TEXT}), "text=caf%E9")
    hook = replace(form_hook({}), body=body.encode())
    (text,) = vonage(SMS).inbound(hook)
    assert text.text.encode("utf-8", "surrogateescape") == b"caf\xe9"


@pytest.mark.parametrize(
    "lacks",
    [
        {"message_uuid": None}, {"message_uuid": ""}, {"message_uuid": 5}, {"text": None},
        {"from": None}, {"from": ""}, {"to": None}, {"to": ""},
    ],
)  # fmt: skip
def test_a_message_that_lacks_what_it_needs_is_malformed(lacks: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        vonage(MESSAGES).inbound(messages_hook(messages_inbound() | lacks))
    assert refused.value.reason == "fields"


@pytest.mark.parametrize(
    "lacks", [{"message_uuid": None}, {"message_uuid": ""}, {"status": None}, {"message_uuid": 5}]
)
def test_a_status_that_lacks_what_it_needs_is_malformed(lacks: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        vonage(MESSAGES).receipt(messages_hook(messages_status("delivered") | lacks))
    assert refused.value.reason == "fields"


@pytest.mark.parametrize("lacks", ["messageId", "msisdn", "to", "text"])
def test_an_sms_that_lacks_what_it_needs_is_malformed(lacks: str) -> None:
    fields = {key: value for key, value in sms_inbound().items() if key != lacks}
    with pytest.raises(Malformed) as refused:
        vonage(SMS).inbound(form_hook(signed(fields)))
    assert refused.value.reason == "fields"


@pytest.mark.parametrize("lacks", ["messageId", "status"])
def test_a_receipt_that_lacks_what_it_needs_is_malformed(lacks: str) -> None:
    fields = {key: value for key, value in sms_receipt("delivered").items() if key != lacks}
    with pytest.raises(Malformed) as refused:
        vonage(SMS).receipt(form_hook(signed(fields)))
    assert refused.value.reason == "fields"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"text": {}}', b"[" * 100_000])
def test_json_of_another_shape_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        vonage(SMS).inbound(replace(json_hook({}), body=body))
    assert refused.value.reason == "json"


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000])
def test_a_message_of_another_shape_is_malformed(body: bytes) -> None:
    proof = {"authorization": f"Bearer {token(body)}"}
    with pytest.raises(Malformed) as refused:
        vonage(MESSAGES).inbound(replace(messages_hook({}), body=body, headers=proof))
    assert refused.value.reason == "json"


def test_receipts_name_their_text_and_an_unknown_word_says_at_least_that_it_was_taken() -> None:
    at = datetime(2026, 11, 23, 16, 0, 5, tzinfo=UTC)
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(messages_status("delivered")))
    assert (receipt.provider_id, receipt.reference, receipt.at) == (UUID, OUTGOING.reference, at)
    (receipt,) = vonage(SMS).receipt(form_hook(signed(sms_receipt("delivered"))))
    assert (receipt.provider_id, receipt.reference) == ("0A0000000123ABCD1", OUTGOING.reference)
    assert (receipt.status, receipt.code) == (Status.DELIVERED, "")
    fields = sms_receipt("pondering", reference="")
    del fields["err-code"]
    (receipt,) = vonage(SMS).receipt(form_hook(signed(fields)))
    assert (receipt.status, receipt.code, receipt.reference) == (Status.QUEUED, "", None)


@pytest.mark.parametrize("reference", ["", 7, None])
def test_a_status_may_name_no_reference_and_no_channel(reference: object) -> None:
    fields = messages_status("delivered", client_ref=reference)
    del fields["channel"]
    (receipt,) = vonage(MESSAGES).receipt(messages_hook(fields))
    assert receipt.reference is None
    assert vonage(MESSAGES).receipt(messages_hook(fields | {"channel": "whatsapp"})) == ()


def test_a_number_may_come_as_a_number() -> None:
    said = messages_inbound() | {"from": int(TEXTER[1:])}
    (text,) = vonage(MESSAGES).inbound(messages_hook(said))
    assert text.sender == TEXTER


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

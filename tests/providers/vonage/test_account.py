"""Settings of an account, and what can be asked about it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from providers import (
    Ability,
    InDoubt,
    Price,
    Receipt,
    Response,
    Status,
)
from providers.contract.conformance import (
    DOUBT,
    NOW,
    NUMBER,
    play,
)
from tests.providers.vonage.dialect import (
    KEY,
    MESSAGES,
    SECRET,
    SMS,
    UUID,
    answer,
    form_hook,
    record,
    report,
    sent,
    signed,
    sms_inbound,
    vonage,
)


def test_a_look_up_asks_for_a_few_minutes_and_follows_the_pages() -> None:
    pages = (
        report(record(client_ref="another"), cursor="next page", iv="Qn=="),
        report(record()),
    )
    requests, receipt = play(vonage(MESSAGES).look_up(DOUBT, NOW), *pages)
    asked = [parse_qs(request.url.partition("?")[2]) for request in requests]
    assert asked[0] == {
        "account_id": [KEY],
        "product": ["MESSAGES"],
        "direction": ["outbound"],
        "date_start": ["2026-11-23T15:57:00Z"],
        "date_end": ["2026-11-23T16:03:00Z"],
    }
    assert asked[1] == asked[0] | {"cursor": ["next page"], "iv": ["Qn=="]}
    assert isinstance(receipt, Receipt)


def test_what_is_not_among_a_few_minutes_texts_is_looked_for_where_clocks_differ() -> None:
    pages = (report(record(client_ref="another")), report(record()))
    requests, receipt = play(vonage(MESSAGES).look_up(DOUBT, NOW), *pages)
    asked = parse_qs(requests[1].url.partition("?")[2])
    assert (asked["date_start"], asked["date_end"]) == (["2026-11-23T15:45:00Z"], ["2026-11-23T16:15:00Z"])
    assert isinstance(receipt, Receipt)


def test_the_parts_of_an_sms_are_one_receipt_with_one_price() -> None:
    parts = (record(message_id="1"), record(message_id="2", status="buffered", total_price=0.04))
    _, receipt = play(vonage(SMS).look_up(DOUBT, NOW), report(*parts))
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.parts) == (Status.SENT, 2)
    assert receipt.price == Price(Decimal("0.0812"), "EUR")


def test_the_trace_of_one_part_does_not_price_the_whole_text() -> None:
    _, receipt = play(vonage(SMS).trace(UUID, NOW), report(record(concatenated=True)))
    assert isinstance(receipt, Receipt)
    assert (receipt.price, receipt.parts) == (None, None)
    _, receipt = play(vonage(SMS).trace(UUID, NOW), report(record(concatenated=False)))
    assert isinstance(receipt, Receipt)
    assert (receipt.price, receipt.parts) == (Price(Decimal("0.0412"), "EUR"), 1)


def test_the_inbound_log_is_read_a_day_at_a_time_oldest_first() -> None:
    def said(identity: str, at: str) -> dict[str, Any]:
        return record(message_id=identity, to=NUMBER[1:], message_body=identity, date_received=at)

    days = (
        report(said("2", "2026-11-22T10:00:00+0000"), said("1", "2026-11-22T09:00:00+0000")),
        report(said("3", "2026-11-23T10:00:00+0000")),
    )
    since = NOW - timedelta(hours=30)
    _, texts = play(vonage(MESSAGES).inbound_log([NUMBER], since, NOW), *days)
    assert isinstance(texts, list)
    assert [text.provider_id for text in texts] == ["1", "2", "3"]


def test_an_account_that_is_not_prepaid_may_owe() -> None:
    for more, said in (({"prepaid": False}, {}), ({}, {"autoReload": True})):
        _, failure = play(vonage(SMS, **more).status(NOW), answer(200, value=-5.0, **said))
        assert failure is None


def test_a_balance_that_is_no_amount_is_unreadable() -> None:
    for odd in (b"true", b"null", b'"12"', b"NaN", b"1" + b"0" * 400):
        for ask in (vonage(SMS).balance, vonage(SMS).status):
            assert play(ask(NOW), Response(200, {}, b'{"value": %b}' % odd))[1] == InDoubt("unreadable")


def test_without_the_accounts_secret_nothing_can_be_asked() -> None:
    account = vonage(MESSAGES, api_secret=None)
    assert account.abilities == {Ability.SIGNED_WEBHOOKS}
    with pytest.raises(NotImplementedError):
        account.balance(NOW)


def _wrong(match: str) -> AbstractContextManager[Any]:
    return pytest.raises(ValidationError, match=match)


def test_settings_that_cannot_work_are_refused() -> None:
    with _wrong("go together"):
        vonage(MESSAGES, private_key=None)
    with _wrong("give api_secret, or application_id"):
        vonage(MESSAGES, application_id=None, private_key=None, api_secret=None)
    with _wrong("signature_secrets is needed"):
        vonage(MESSAGES, signature_secrets=[])
    with _wrong("32 bytes"):
        vonage(MESSAGES, signature_secrets=[SECRET, "short"])
    with _wrong("at least 1 item"):
        vonage(SMS, signature_secrets=[""])
    with _wrong("RSA private key"):
        vonage(MESSAGES, private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
    with _wrong("needs signature_secrets"):
        vonage(SMS, sms_auth="signature", signature_secrets=[])
    with _wrong("api_secret is needed"):
        vonage(SMS, api_secret=None)
    with _wrong("pattern"):
        vonage(SMS, rest_url="rest.nexmo.com")


def test_one_signature_secret_may_be_written_alone() -> None:
    assert vonage(SMS, signature_secrets=SECRET).inbound(form_hook(signed(sms_inbound())))


def test_a_region_is_a_setting() -> None:
    account = vonage(MESSAGES, base_url="https://api-eu.vonage.com/")
    (request,), _ = sent(account, answer(202, message_uuid=UUID))
    assert request.url == "https://api-eu.vonage.com/v1/messages"

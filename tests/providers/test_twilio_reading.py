"""How the Twilio page reads records, receipts and settings at their edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from providers import (
    Ability,
    Inbound,
    Receipt,
    RefusedReason,
    Request,
    Response,
    Status,
)
from providers.contract.conformance import (
    DOUBT,
    NOW,
    NUMBER,
    OUTGOING,
    play,
)
from providers.twilio import Twilio
from tests.providers.twilio_recorded import (
    ACCOUNT,
    CAME_IN,
    IN,
    OTHER_SID,
    SID,
    TOKEN,
    first_request,
    listed,
    message,
    receipt_of,
    twilio,
)


def came_in(numbers: list[str], *answers: Response) -> tuple[list[Request], list[Inbound]]:
    requests, texts = play(twilio().inbound_log(numbers, NOW - timedelta(hours=1), NOW), *answers)
    assert isinstance(texts, Sequence)
    return requests, list(texts)


def found(*messages: dict[str, Any], doubt: Any = DOUBT, **settings: Any) -> Any:
    return play(twilio(**settings).look_up(doubt, NOW), listed(*messages))[1]


@pytest.mark.parametrize(
    "other",
    [
        {"body": "Another text."},
        {"to": "+33639980009"},
        {"direction": "inbound"},
        {"sid": "MG" + "a" * 32},
        {"date_created": "Mon, 23 Nov 2026 15:44:59 +0000"},
        {"date_created": "Mon, 23 Nov 2026 16:15:01 +0000"},
        {"date_created": "some day"},
        {"date_created": None},
    ],
)
def test_a_look_up_takes_no_other_text_for_ours(other: dict[str, Any]) -> None:
    assert found(message(**other)) is None


@pytest.mark.parametrize("at", ["15:45:00 +0000", "16:15:00 +0000", "17:00:30 +0100"])
def test_a_look_up_allows_for_clocks_that_differ(at: str) -> None:
    receipt = found(message(date_created=f"Mon, 23 Nov 2026 {at}"))
    assert (receipt.provider_id, receipt.reference) == (SID, OUTGOING.reference)


def test_two_texts_that_fit_prove_neither() -> None:
    assert found(message(), message(sid=OTHER_SID)) is None


def test_of_two_that_fit_it_is_the_one_that_is_no_other_send() -> None:
    doubt = replace(DOUBT, others=(OTHER_SID,))
    assert found(message(), message(sid=OTHER_SID), doubt=doubt).provider_id == SID


def test_a_look_up_allows_for_twilios_own_swapping_of_characters() -> None:
    doubt = replace(DOUBT, text="Bonsoir\u202f! L\u2019\u00e9t\u00e9")
    assert found(message(body="Bonsoir ! L'\u00e9t\u00e9"), doubt=doubt) is None
    assert found(message(body="Bonsoir ! L'\u00e9t\u00e9"), doubt=doubt, smart_encoded=True) is not None


def test_a_look_up_through_a_messaging_service_does_not_ask_for_the_sender() -> None:
    asked = first_request(twilio(messaging_services={NUMBER: "MG" + "d" * 32}).look_up(DOUBT, NOW))
    assert "From=" not in asked.url


def test_a_listing_is_followed_to_its_last_page() -> None:
    more = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B33199000001&Page=1&PageToken=PASM"
    older = IN | {"sid": SID, "date_created": "Mon, 23 Nov 2026 15:30:00 +0000"}
    requests, texts = came_in([NUMBER], listed(IN, next_page=more), listed(older))
    assert [request.url for request in requests][1] == f"https://api.twilio.com{more}"
    assert [text.provider_id for text in texts] == [SID, OTHER_SID]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "@thief.example/",
        ".thief.example/2010-04-01/Messages.json?",
        f"/2010-04-01/Accounts/{'AC' + 'f' * 32}/Messages.json?Page=1",
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?Page=1\r\nHost: thief.example",
    ],
)
def test_the_password_never_follows_a_link_out_of_the_account(elsewhere: str) -> None:
    requests, _ = came_in([NUMBER], listed(IN, next_page=elsewhere))
    assert len(requests) == 1


def test_an_inbound_log_leaves_out_what_came_before() -> None:
    old = IN | {"date_created": "Mon, 23 Nov 2026 14:59:59 +0000"}
    assert came_in([NUMBER], listed(old, IN))[1] == [CAME_IN]


def test_each_number_has_its_own_listing() -> None:
    numbers = [NUMBER, "+33199000002"]
    requests, texts = came_in(numbers, listed(), listed(IN))
    assert [dict(parse_qsl(urlsplit(request.url).query))["To"] for request in requests] == numbers
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("failed", "30036", {"status": Status.EXPIRED}),
        ("failed", "30001", {"status": Status.FAILED, "proven_unsent": True}),
        ("undelivered", "30001", {"status": Status.FAILED, "proven_unsent": True}),
        ("failed", "30002", {"status": Status.FAILED, "proven_unsent": True}),
        ("undelivered", "30017", {"status": Status.FAILED}),
        ("undelivered", "30410", {"status": Status.FAILED}),
        ("undelivered", "30003", {"status": Status.UNDELIVERABLE, "refused": RefusedReason.BAD_NUMBER}),
        ("undelivered", "30004", {"status": Status.UNDELIVERABLE, "refused": RefusedReason.OPTED_OUT}),
        ("undelivered", "30007", {"status": Status.UNDELIVERABLE, "refused": RefusedReason.FILTERED}),
        ("undelivered", "30008", {"status": Status.UNDELIVERABLE}),
        ("failed", "21610", {"status": Status.FAILED, "refused": RefusedReason.OPTED_OUT}),
        ("sent", "30001", {"status": Status.SENT}),
        ("delivered", "30007", {"status": Status.DELIVERED}),
    ],
)
def test_a_receipts_code_refines_its_status(status: str, code: str, expected: dict[str, Any]) -> None:
    url = f"{OUTGOING.receipt_url}?reference={OUTGOING.reference}"
    (receipt,) = twilio().receipt(receipt_of(url, status, code))
    assert receipt == Receipt(provider_id=SID, reference=OUTGOING.reference, code=code, **expected)


def test_a_reference_that_is_none_of_ours_is_left_out() -> None:
    for query in ("", "?reference=short", "?reference=K3MQ7WZP2RA5XV6TYBCE", "?other=1"):
        (receipt,) = twilio().receipt(receipt_of(OUTGOING.receipt_url + query, "delivered"))
        assert receipt.reference is None


@pytest.mark.parametrize(("seconds", "said"), [(0, "1"), (600, "600"), (36_000, "36000"), (90_000, "36000")])
def test_validity_is_kept_to_what_twilio_takes(seconds: int, said: str) -> None:
    sent = first_request(twilio().send(replace(OUTGOING, valid_for=seconds), NOW))
    assert dict(parse_qsl(sent.body.decode()))["ValidityPeriod"] == said


def test_the_receipt_address_keeps_its_query_and_names_retries() -> None:
    text = replace(OUTGOING, receipt_url=f"{OUTGOING.receipt_url}?a=b")
    sent = first_request(twilio(callback_retries=2).send(text, NOW))
    callback = dict(parse_qsl(sent.body.decode()))["StatusCallback"]
    assert callback == f"{text.receipt_url}&reference={text.reference}#rc=2&rp=all"


@pytest.mark.parametrize(
    "wrong",
    [
        {"auth_token": ""},
        {"auth_token": []},
        {"auth_token": [TOKEN, ""]},
        {"account_sid": "AC123"},
        {"api_key_sid": "SK" + "c" * 32},
        {"api_key_secret": "alone"},
        {"shared_keys": {"webhooks_sharedkey_1": ""}},
        {"base_url": "https://api.twilio.com/"},
        {"base_url": "ftp://api.twilio.com"},
        {"messaging_services": {NUMBER: "not a service"}},
        {"messaging_services": {NUMBER: 7}},
        {"callback_retries": 6},
    ],
)
def test_settings_that_cannot_work_are_refused_without_their_values(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="TwilioSettings") as refused_settings:
        twilio(**wrong)
    said = str(refused_settings.value)
    assert not any(private in said for private in (NUMBER, "not a service", "alone", "AC123", TOKEN))


def test_twilio_lacks_only_jobs_and_rereading() -> None:
    assert Twilio.abilities == set(Ability) - {Ability.BATCH, Ability.REREAD}

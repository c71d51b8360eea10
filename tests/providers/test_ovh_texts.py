"""What is OVH's own: jobs whose credits are shared out, and pushes that prove nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import (
    CREDIT,
    Accepted,
    CutOff,
    CutReason,
    Hook,
    InDoubt,
    Malformed,
    Outcome,
    Receipt,
    Response,
    Status,
)
from providers.contract.conformance import JOB, NOW, NUMBER, OUTGOING, TEXT, TEXTER, play
from providers.ovh import Ovh, codes
from providers.ovh.account import OvhSettings
from tests.providers.ovh_recorded import CLASSIC, SENT, TIME, error, report, said

SEVERAL = st.integers(1, 100)


def provider(**settings: Any) -> Ovh:
    return Ovh(OvhSettings(**(CLASSIC | settings)))


def numbers(count: int) -> tuple[str, ...]:
    return tuple(f"+3363998{place:04d}" for place in range(count))


def sent_as(sender: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Where a text of this sender goes, and what is said of it."""
    text = replace(OUTGOING, sender=sender, valid_for=61)
    (_, job), _ = play(provider(**settings).send(text, NOW), TIME, error(400, "x"))
    return job.url.partition("/sms/sms-ab12345-1")[2], json.loads(job.body)


def test_a_virtual_number_sends_from_its_own_path() -> None:
    path, order = sent_as(NUMBER)
    assert path == "/virtualNumbers/0033199000001/jobs"
    assert order == {
        "message": TEXT,
        "receivers": [TEXTER],
        "charset": "UTF-8",
        "tag": OUTGOING.reference,
        "validityPeriod": 2,
    }


def test_a_declared_sender_sends_from_the_account_or_its_user() -> None:
    path, order = sent_as("Paravent")
    assert (path, order["sender"], order["noStopClause"]) == ("/jobs", "Paravent", True)
    path, order = sent_as("Paravent", user="the router", no_stop_clause=False, coding="8bit")
    assert path == "/users/the%20router/jobs"
    assert (order["noStopClause"], order["coding"]) == (False, "8bit")


def test_a_job_names_each_receiver_once_and_shares_one_tag() -> None:
    (_, job), _ = play(provider().send_many(JOB, NOW), TIME, report(list(JOB.receivers), [], 3, [1, 2, 3]))
    order = json.loads(job.body)
    assert (order["receivers"], order["tag"]) == (list(JOB.receivers), JOB.tag)


def outcomes(receivers: tuple[str, ...], answer: Response) -> list[Outcome]:
    _, found = play(provider().send_many(replace(JOB, receivers=receivers), NOW), TIME, answer)
    return list(found)


@given(SEVERAL, st.decimals(0, 9_999, places=4))
def test_credits_are_shared_out_to_the_last_grain(count: int, total: Decimal) -> None:
    found = outcomes(numbers(count), report(list(reversed(numbers(count))), [], float(total), []))
    prices = [each.price for each in found if isinstance(each, Accepted)]
    amounts = [price.amount for price in prices if price is not None and price.unit == CREDIT]
    assert len(amounts) == count
    assert sum(amounts) == Decimal(str(float(total)))
    assert max(amounts) - min(amounts) < Decimal("0.001")


def test_outcomes_follow_the_numbers_and_not_the_order() -> None:
    first, second, third, fourth, fifth = numbers(5)
    answer = report([fourth, "00" + first[1:], fifth], [second, fifth], 2, [8, 7])
    found = outcomes((first, second, third, fourth, fifth), answer)
    assert [type(each).__name__ for each in found] == [
        "Accepted",
        "Refused",
        "InDoubt",
        "Accepted",
        "InDoubt",
    ]
    assert {each.provider_id for each in found if isinstance(each, Accepted)} == {""}, "whose id is whose?"


def test_without_a_readable_price_the_estimate_stands() -> None:
    (found,) = outcomes((TEXTER,), said({"ids": [1], "validReceivers": [TEXTER], "totalCreditsRemoved": "x"}))
    assert found == Accepted(provider_id="1", price=None)


def test_a_refusal_is_everybodys() -> None:
    cut = CutOff(CutReason.REVOKED, "INVALID_KEY")
    assert outcomes(numbers(3), error(403, "x", "INVALID_KEY")) == [cut] * 3
    assert outcomes(numbers(3), Response(502)) == [InDoubt("http_502")] * 3


def test_only_a_number_is_lost_where_a_number_is_gone() -> None:
    _, found = play(
        provider().send(replace(OUTGOING, sender="Paravent"), NOW), TIME, error(404, "This service is gone")
    )
    assert found == CutOff(CutReason.SUSPENDED, "http_404")


# Pushes are hints


def push(method: str = "POST", **fields: str) -> Hook:
    url = "https://paravent.example/hooks/ovh/t0ken/inbound"
    encoded = urlencode({"id": "77", "senderid": TEXTER, "message": "Salut", "shortcode": NUMBER} | fields)
    if method == "GET":
        return Hook("GET", f"{url}?{encoded}", received_at=NOW)
    return Hook("POST", url, body=encoded.encode(), received_at=NOW)


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("0639980001", TEXTER),
        ("0033639980001", TEXTER),
        ("33639980001", TEXTER),
        ("06 39 98 00 01", TEXTER),
        (TEXTER, TEXTER),
        ("447700900123", "+447700900123"),
        ("36111", "36111"),
        ("38045", "38045"),
        ("INFO 0639980001", "INFO 0639980001"),
        ("Impôts", "Impôts"),
    ],
)
def test_a_sender_is_read_however_it_is_written(written: str, e164: str) -> None:
    (text,) = provider().inbound(push(senderid=written))
    assert text.sender == e164


def test_the_setting_says_where_national_numbers_belong() -> None:
    (text,) = provider(country="BE").inbound(push(senderid="0470123456"))
    assert text.sender == "+32470123456"


def test_a_text_pushed_by_get_is_read_too() -> None:
    assert provider().inbound(push("GET")) == provider().inbound(push("POST"))


def test_a_push_that_names_no_number_is_for_the_one_in_the_settings() -> None:
    (text,) = provider(inbound_number=NUMBER).inbound(push(shortcode=""))
    assert text.to == NUMBER
    with pytest.raises(Malformed):
        provider().inbound(push(shortcode=""))


@pytest.mark.parametrize("broken", [{"id": ""}, {"id": "7 7"}, {"id": "../me"}, {"senderid": ""}])
def test_a_push_without_its_facts_is_malformed(broken: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        provider().inbound(push(**broken))


def pushed_receipt(**facts: str) -> list[Receipt]:
    url = f"https://paravent.example/hooks/ovh/t0ken/receipt?{urlencode({'id': '42'} | facts)}"
    return list(provider().receipt(Hook("GET", url, received_at=NOW)))


def a_push_proves_nothing() -> None:
    (receipt,) = pushed_receipt(description="16", ptt="0")
    assert receipt.status is Status.FAILED
    proves = (receipt.proven_unsent, receipt.unbilled)
    assert proves == (False, False), "anyone who knows the path could have a text resent"


def test_a_pushed_receipt_never_proves_that_a_text_was_not_sent() -> None:
    a_push_proves_nothing()


def test_control_were_it_believed_it_would_prove_it() -> None:
    def believed(ours: Ovh, hook: Hook) -> list[Receipt]:
        record = SENT | {"deliveryReceipt": 16}
        _, traced = play(ours.trace("42", NOW), TIME, said(record))
        assert isinstance(traced, Receipt), hook
        return [traced]

    with mock.patch.object(Ovh, "receipt", believed), pytest.raises(AssertionError, match="resent"):
        a_push_proves_nothing()


def test_the_field_users_see_is_read_as_the_documented_one() -> None:
    assert pushed_receipt(dlr="1") == pushed_receipt(description="1")
    assert pushed_receipt(ptt="9999") == []
    with pytest.raises(Malformed):
        pushed_receipt(id="x")


def test_the_delivery_receipt_goes_before_the_ptt() -> None:
    for receipt, ptt in ((1, 5), (1, 8), (8, 1), (0, 4)):
        found = codes.standing(receipt, ptt)
        assert found == codes.standing(receipt, None), (receipt, ptt)


def test_what_is_no_id_is_not_asked_for() -> None:
    traced = play(provider().trace("../../me", NOW))
    assert traced == ([], None)
    (text,) = provider().inbound(push(id="not-a-number"))
    assert play(provider().reread(text, NOW)) == ([], None)

"""Vonage's page against the simulated Vonage over a loopback wire, in both of its modes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from providers import (
    Accepted,
    CutOff,
    CutReason,
    Failure,
    InDoubt,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Scope,
    Status,
    Throttled,
    Unreachable,
)
from providers.vonage import codes
from tests.providers.vonage.house import (
    ALPHA,
    LONG,
    NUMBER,
    REFERENCE,
    TEXT,
    TEXTER,
    House,
    Mode,
    hook,
    now,
    opened,
)


@pytest.fixture(params=["messages", "sms"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def house(mode: Mode) -> AsyncIterator[House]:
    async with opened(mode) as house:
        yield house


def only(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mode", [name], indirect=True)


def euros(amount: str) -> Price:
    return Price(Decimal(amount), "EUR")


@pytest.mark.parametrize("sender", [NUMBER, ALPHA])
@pytest.mark.parametrize("text", [TEXT, LONG, "ça va 💥 & = +"])
async def test_a_text_is_sent_unharmed_priced_and_delivered(house: House, sender: str, text: str) -> None:
    outcome = await house.send(sender=sender, text=text)
    assert isinstance(outcome, Accepted)
    await house.network.idle()
    (entry,) = house.network.journal.sends()
    assert (entry.to, entry.sender, entry.text, entry.reference) == (TEXTER, sender, text, REFERENCE)
    receipts = house.receipts()
    assert {receipt.reference for receipt in receipts} == {REFERENCE}
    assert {receipt.status for receipt in receipts} == {Status.SENT, Status.DELIVERED}
    told = [outcome.price, *(receipt.price for receipt in receipts)]
    assert [price.amount for price in told if price] == [entry.price]


@only("messages")
async def test_what_a_price_means_is_set_at_both_ends(house: House) -> None:
    house.account.price_is = "per_part"
    await house.send(text=LONG)
    await house.network.idle()
    right, wrong = (house.settled(price_is=word) for word in ("per_part", "total"))
    heard = next(each for each in house.listener.heard if b"submitted" in each.body)
    assert [provider.receipt(hook(heard))[0].price for provider in (right, wrong)] == [
        euros("0.1236"),
        euros("0.0412"),
    ]


@only("sms")
@pytest.mark.parametrize("auth", ["body", "basic", "signature"])
async def test_each_way_to_prove_a_send_is_taken(house: House, auth: str) -> None:
    outcome = await house.send(house.settled(sms_auth=auth), text="a=b&c, être")
    assert isinstance(outcome, Accepted)
    stranger = house.settled(
        sms_auth=auth, api_secret="wrong-secret", signature_secrets=["wrong-signature-secret"]
    )
    outcome = await house.send(stranger)
    assert outcome == CutOff(CutReason.REVOKED, "14" if auth == "signature" else "4")


@only("messages")
async def test_an_application_or_its_key_may_send_and_a_stranger_may_not(house: House) -> None:
    basic = house.settled(application_id=None, private_key=None)
    assert isinstance(await house.send(basic), Accepted)
    stranger = house.settled(application_id="somebody-else")
    assert await house.send(stranger) == CutOff(CutReason.REVOKED, "unauthorized")


@only("messages")
async def test_an_expired_token_is_renewed_and_the_text_goes_out_once(house: House) -> None:
    await house.network.fault("vonage", "refuse", times=1, code="jwt-expired")
    assert isinstance(await house.send(), Accepted)
    assert len(house.network.journal.sends()) == 1
    await house.network.fault("vonage", "refuse", code="jwt-expired")
    assert await house.send() == CutOff(CutReason.REVOKED, "jwt-expired")


@only("sms")
async def test_a_text_partly_taken_is_accepted_at_the_price_of_its_parts(house: House) -> None:
    house.account.parts_taken = 2
    outcome = await house.send(text=LONG)
    assert isinstance(outcome, Accepted)
    assert (outcome.parts, outcome.price) == (2, euros("0.0824"))
    assert house.network.journal.spent("vonage") == Decimal("0.0824")


_FAULTS: list[tuple[dict[str, Any], Failure, Failure]] = [
    (
        {"name": "suspend"},
        CutOff(CutReason.SUSPENDED, "account-suspended"),
        CutOff(CutReason.SUSPENDED, "8"),
    ),
    ({"name": "revoke"}, CutOff(CutReason.REVOKED, "unauthorized"), CutOff(CutReason.REVOKED, "4")),
    ({"name": "unpaid"}, CutOff(CutReason.UNPAID, "low-balance"), CutOff(CutReason.UNPAID, "9")),
    ({"name": "throttle"}, Throttled(1, "rate-limit"), Throttled(1, "1")),
    ({"name": "error_before"}, InDoubt("1030"), InDoubt("http-503")),
    ({"name": "error_after"}, InDoubt("1030"), InDoubt("http-500")),
    ({"name": "unreachable"}, Unreachable("connect"), Unreachable("connect")),
    ({"name": "reset_after"}, InDoubt("reset"), InDoubt("reset")),
]


@pytest.mark.parametrize(("fault", "in_messages", "in_sms"), _FAULTS)
async def test_each_fault_is_the_failure_it_should_be(
    house: House, mode: str, fault: dict[str, Any], in_messages: Failure, in_sms: Failure
) -> None:
    arguments = {key: value for key, value in fault.items() if key != "name"}
    await house.network.fault("vonage", fault["name"], **arguments)
    assert await house.send() == (in_sms if mode == "sms" else in_messages)
    assert len(house.network.journal.sends()) == (fault["name"] in {"error_after", "reset_after"})


@only("sms")
@pytest.mark.parametrize("code", sorted(codes.SMS_STATUS))
async def test_every_status_of_the_sms_api_is_read_off_the_wire(house: House, code: str) -> None:
    await house.network.fault("vonage", "refuse", code=code)
    outcome = await house.send()
    assert outcome == (InDoubt("http-500") if code == "5" else codes.SMS_STATUS[code])


@only("messages")
@pytest.mark.parametrize("code", sorted(set(codes.MESSAGES) - {"jwt-expired", "1030"}))
async def test_every_error_of_messages_is_read_off_the_wire(house: House, code: str) -> None:
    await house.network.fault("vonage", "refuse", code=code)
    assert await house.send() == codes.MESSAGES[code]


async def test_a_sender_that_is_not_ours_closes_the_sender_and_not_the_account(house: House) -> None:
    outcome = await house.send(sender="Stranger")
    assert isinstance(outcome, CutOff)
    assert (outcome.reason, outcome.scope) == (CutReason.SENDER_LOST, Scope.SENDER)


async def test_a_bad_number_is_refused(house: House, mode: str) -> None:
    outcome = await house.send(to="+12")
    assert isinstance(outcome, Refused)
    wanted = RefusedReason.UNACCEPTABLE if mode == "sms" else RefusedReason.BAD_NUMBER
    assert outcome.reason is wanted


@pytest.mark.parametrize("fault", ["error_after", "reset_after"])
async def test_a_doubtful_send_is_found_by_its_reference(house: House, fault: str) -> None:
    await house.send(reference="another2reference567")
    await house.network.fault("vonage", fault, times=1)
    assert isinstance(await house.send(text=LONG), InDoubt)
    await house.network.idle()
    house.account.report_seconds = 60
    assert await house.look_up() is None, "records lag"
    house.account.report_seconds = 0
    found = await house.look_up()
    assert isinstance(found, Receipt)
    (sent,) = [each for each in house.network.journal.sends() if each.reference == REFERENCE]
    assert (found.provider_id, found.reference) == (sent.provider_id, REFERENCE)
    assert (found.status, found.price) == (Status.DELIVERED, euros("0.1236"))
    assert await house.look_up("never-sent") is None


async def test_a_look_up_follows_the_pages(house: House) -> None:
    for number in range(5):
        await house.send(reference=f"reference{number}")
    house.account.report_page = 2
    found = await house.look_up("reference4")
    assert isinstance(found, Receipt)
    assert found.reference == "reference4"
    assert house.network.carrier("vonage").calls["/v2/reports/records"] == 3


async def test_a_text_is_traced_by_its_id(house: House, mode: str) -> None:
    outcome = await house.send()
    assert isinstance(outcome, Accepted)
    await house.network.idle()
    traced = await house.do(house.provider.trace(outcome.provider_id, now()))
    assert isinstance(traced, Receipt)
    assert (traced.status, traced.price) == (Status.DELIVERED, euros("0.0412"))
    assert await house.do(house.provider.trace("11111111-2222-3333-4444-555555555555", now())) is None


@only("sms")
async def test_the_trace_of_a_long_sms_does_not_say_its_price(house: House) -> None:
    outcome = await house.send(text=LONG)
    assert isinstance(outcome, Accepted)
    traced = await house.do(house.provider.trace(outcome.provider_id, now()))
    assert isinstance(traced, Receipt)
    assert (traced.price, traced.parts) == (None, None)


@only("messages")
async def test_a_text_that_was_never_handed_over_is_proved_unsent_and_costs_nothing(house: House) -> None:
    await house.network.fault("vonage", "unsent")
    await house.send()
    await house.network.idle()
    (receipt,) = house.receipts()
    assert (receipt.status, receipt.proven_unsent, receipt.unbilled) == (Status.FAILED, True, True)
    assert house.network.journal.spent("vonage") == 0


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ({"messages": "1240", "sms": "9"}, RefusedReason.OPTED_OUT),
        ({"messages": "1300", "sms": "3"}, RefusedReason.BAD_NUMBER),
        ({"messages": "1210", "sms": "13"}, RefusedReason.FILTERED),
        ({"messages": "1180", "sms": "2"}, None),
    ],
)
async def test_a_text_that_does_not_arrive_says_why(
    house: House, mode: str, code: dict[str, str], refused: RefusedReason | None
) -> None:
    await house.network.fault("vonage", "undelivered", code=code[mode])
    await house.send()
    await house.network.idle()
    last = max(house.receipts(), key=lambda receipt: receipt.status.rank)
    assert (last.code, last.refused, last.proven_unsent) == (code[mode], refused, False)

"""Texts sent through OVH, against the simulated OVH over a loopback wire, and all that goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest

from providers import (
    CREDIT,
    Accepted,
    Balance,
    CutOff,
    CutReason,
    Failure,
    Hook,
    InDoubt,
    Job,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Scope,
    Status,
    Throttled,
    Unreachable,
)
from providers.ovh import account as signing
from providers.ovh import codes
from tests.providers.ovh_house import (
    ALPHA,
    LANDLINE,
    NUMBER,
    OTHER,
    REFERENCE,
    TEXT,
    TEXTER,
    House,
    now,
    opened,
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


@pytest.mark.parametrize("sender", [NUMBER, ALPHA])
async def test_a_text_is_sent_priced_traced_and_delivered(house: House, sender: str) -> None:
    outcome = await house.send(sender=sender)
    assert isinstance(outcome, Accepted)
    assert outcome.price == Price(Decimal("1.0"), CREDIT)
    await house.network.idle()

    receipt = await house.do(house.provider.trace(outcome.provider_id, now()))
    assert isinstance(receipt, Receipt)
    assert (receipt.reference, receipt.to, receipt.status) == (REFERENCE, TEXTER, Status.DELIVERED)
    assert (receipt.price, receipt.parts) == (outcome.price, 1)
    (entry,) = house.network.journal.sends()
    assert (entry.to, entry.sender, entry.text, entry.reference) == (TEXTER, sender, TEXT, REFERENCE)


async def test_pushed_receipts_lead_back_to_their_text(house: House) -> None:
    outcome = await house.send()
    assert isinstance(outcome, Accepted)
    heard = await house.listener.until(2)
    found = [
        receipt
        for each in heard
        for receipt in house.provider.receipt(Hook(each.method, each.url, received_at=now()))
    ]
    assert [receipt.status for receipt in found] == [Status.SENT, Status.DELIVERED]
    assert {receipt.provider_id for receipt in found} == {outcome.provider_id}


async def test_a_job_settles_each_receiver(house: House) -> None:
    receivers = (TEXTER, LANDLINE, OTHER)
    job = Job(tag=REFERENCE, receivers=receivers, sender=NUMBER, text=TEXT, receipt_url="")
    outcomes = await house.do(house.provider.send_many(job, now()))
    assert outcomes == [
        Accepted(provider_id="", price=Price(Decimal("1.0"), CREDIT)),
        Refused(RefusedReason.BAD_NUMBER, "invalid_receiver"),
        Accepted(provider_id="", price=Price(Decimal(1), CREDIT)),
    ]
    await house.network.idle()
    for to in (TEXTER, OTHER):
        receipt = await house.look_up(to)
        assert isinstance(receipt, Receipt)
        assert (receipt.to, receipt.reference) == (to, REFERENCE)
    assert await house.look_up(LANDLINE) is None


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"name": "suspend"}, CutOff(CutReason.SUSPENDED, "FORBIDDEN")),
        ({"name": "revoke"}, CutOff(CutReason.REVOKED, "INVALID_CREDENTIAL")),
        ({"name": "unpaid"}, CutOff(CutReason.UNPAID, "http_402")),
        ({"name": "throttle", "retry_after": 7}, Throttled(7, "http_429")),
        ({"name": "error_before"}, InDoubt("http_503")),
        ({"name": "refuse"}, Refused(RefusedReason.BAD_NUMBER, "invalid_receiver")),
        (
            {"name": "refuse", "code": "contact"},
            Refused(RefusedReason.FILTERED, "http_400", Scope.MESSAGE, elsewhere=True),
        ),
        ({"name": "refuse", "code": "bad_sender"}, CutOff(CutReason.SENDER_LOST, "http_400", Scope.SENDER)),
        ({"name": "unreachable"}, Unreachable("connect")),
        ({"name": "reset_before"}, InDoubt("reset")),
        ({"name": "reset_before", "on": "all"}, Unreachable("reset")),
    ],
)
async def test_each_fault_is_the_failure_it_should_be(
    house: House, fault: dict[str, Any], outcome: Failure
) -> None:
    await house.network.fault("ovh", fault.pop("name"), **fault)
    assert await house.send() == outcome
    assert not house.network.journal.sends()
    await house.network.clear()


@pytest.mark.parametrize("fault", ["reset_after", "error_after"])
async def test_a_doubtful_send_is_found_by_its_tag(house: House, fault: str) -> None:
    await house.network.fault("ovh", fault, times=1)
    assert isinstance(await house.send(), InDoubt)
    await house.network.idle()
    receipt = await house.look_up()
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.reference) == (Status.DELIVERED, REFERENCE)
    assert len(house.network.journal.sends()) == 1


async def test_a_doubtful_send_is_found_while_it_is_still_pending(house: House) -> None:
    house.account.step_seconds = 60
    await house.network.fault("ovh", "reset_after", times=1)
    assert isinstance(await house.send(), InDoubt)
    receipt = await house.look_up()
    assert isinstance(receipt, Receipt)
    assert receipt.status is Status.QUEUED


@pytest.mark.parametrize(
    ("fault", "proves", "code"), [("unsent", True, "dlr16:ptt0"), ("undelivered", False, "dlr2:ptt24")]
)
async def test_only_what_was_never_handed_over_is_proven_unsent(
    house: House, fault: str, proves: bool, code: str
) -> None:
    await house.network.fault("ovh", fault)
    outcome = await house.send()
    assert isinstance(outcome, Accepted)
    await house.network.idle()
    receipt = await house.do(house.provider.trace(outcome.provider_id, now()))
    assert isinstance(receipt, Receipt)
    assert (receipt.proven_unsent, receipt.unbilled, receipt.code) == (proves, proves, code)
    assert house.account.balance == (2_000 if proves else 1_999)


async def a_server_whose_clock_is_off_takes_our_texts(house: House) -> None:
    house.account.ahead_seconds = -5_000
    assert isinstance(await house.send(), Accepted)
    house.account.ahead_seconds = 5_000
    assert isinstance(await house.send(), Accepted), "OVH's clock counts, not ours"


async def test_a_server_whose_clock_is_off_takes_our_texts(house: House) -> None:
    await a_server_whose_clock_is_off_takes_our_texts(house)


async def test_control_without_the_second_look_at_the_clock_it_would_not(house: House) -> None:
    with (
        mock.patch.object(codes, "stale", return_value=False),
        pytest.raises(AssertionError, match="clock counts"),
    ):
        await a_server_whose_clock_is_off_takes_our_texts(house)


async def exact_bytes_are_signed(house: House) -> None:
    outcome = await house.send(text="L'« été » — 💥")
    assert isinstance(outcome, Accepted), "the signature must be over the bytes that go out"


async def test_the_bytes_that_go_out_are_those_that_were_signed(house: House) -> None:
    await exact_bytes_are_signed(house)
    assert [entry.text for entry in house.network.journal.sends()] == ["L'« été » — 💥"]


async def test_control_a_signature_over_other_bytes_is_refused(house: House) -> None:
    real = signing.sign

    def other(secret: str, consumer: str, method: str, url: str, body: bytes, stamp: str) -> str:
        return real(secret, consumer, method, url, body.replace(b":", b": "), stamp)

    with mock.patch.object(signing, "sign", other), pytest.raises(AssertionError, match="bytes that go out"):
        await exact_bytes_are_signed(house)


async def test_a_service_account_sends_and_its_token_is_renewed(house: House) -> None:
    keys = {"application_key": None, "application_secret": None, "consumer_key": None}
    token_url = f"{house.network.base_url('ovh')}/auth/oauth2/token"
    ours = {"client_id": house.account.client_id, "client_secret": house.account.client_secret}
    house.provider = house.settled(**keys, **ours, token_url=token_url)
    assert isinstance(await house.send(), Accepted)
    house.carrier.door.forget_tokens()
    assert isinstance(await house.send(), Accepted)
    house.provider = house.settled(**keys, **(ours | {"client_secret": "another"}), token_url=token_url)
    assert await house.send() == CutOff(CutReason.REVOKED, "oauth2_token")


async def test_a_user_cannot_spend_past_its_quota(house: House) -> None:
    house.account.users["router"] = Decimal(1)
    house.provider = house.settled(user="router")
    assert isinstance(await house.send(sender=ALPHA), Accepted)
    assert await house.do(house.provider.balance(now())) == Balance(amount=0, unit=CREDIT)
    assert await house.send(sender=ALPHA) == CutOff(CutReason.UNPAID, "http_402")
    assert len(house.network.journal.sends()) == 1

"""The Twilio page against the simulated Twilio over a real wire, both directions, and what goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from providers import (
    Accepted,
    Balance,
    CutOff,
    CutReason,
    Doubt,
    Exchange,
    Failure,
    Forged,
    Hook,
    InDoubt,
    Outgoing,
    Price,
    Receipt,
    Refused,
    RefusedReason,
    Status,
    Throttled,
    Unreachable,
)
from providers.simulator.network import Network
from providers.simulator.twilio import TwilioAccount
from providers.twilio import Twilio, TwilioSettings
from router.send import carry
from router.wire import AioWire
from tests.providers.simulator.listener import Heard, Listener

T = TypeVar("T")
NUMBER, TEXTER, TEXT = "+33937000001", "+33639980001", "Bonsoir, le consentement se demande."
REFERENCE, SERVICE = "k3mq7wzp2ra5xv6tybce", "MG" + "1" * 32


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """One account at the simulated Twilio, and our page at the other end of the wire."""

    network: Network
    account: TwilioAccount
    wire: AioWire
    listener: Listener

    def page(self, **settings: Any) -> Twilio:
        usual = {
            "account_sid": self.account.account_sid,
            "auth_token": self.account.auth_token,
            "base_url": self.network.base_url("twilio"),
        }
        return Twilio(TwilioSettings(**(usual | settings)))

    async def do(self, exchange: Exchange[T]) -> T | Failure:
        return await carry(exchange, self.wire)

    async def send(self, sender: str = NUMBER, to: str = TEXTER, **settings: Any) -> Accepted | Failure:
        url = f"{self.listener.base_url}/hooks/acme/receipt"
        text = Outgoing(reference=REFERENCE, to=to, sender=sender, text=TEXT, receipt_url=url)
        return await self.do(self.page(**settings).send(text, now()))

    async def look_up(self, sender: str = NUMBER, **settings: Any) -> Receipt | Failure | None:
        doubt = Doubt(reference=REFERENCE, to=TEXTER, sender=sender, text=TEXT, sent_at=now())
        return await self.do(self.page(**settings).look_up(doubt, now()))

    def fault(self, name: str, **arguments: Any) -> None:
        self.network.carrier("twilio").faults.set(name, **arguments)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    account = TwilioAccount(
        numbers=(NUMBER,),
        alphanumeric=("Paravent",),
        services={SERVICE: "Paravent"},
        api_keys={"SK" + "7" * 32: "key-secret"},
        balance=Decimal(10),
        step_seconds=0.001,
    )
    wire = AioWire(deadline=1.0)
    async with Listener() as listener, Network({"twilio": account}) as network:
        network.connect("twilio", inbound_url=f"{listener.base_url}/hooks/acme/inbound")
        yield House(network, account, wire, listener)
        await wire.close()


def hook(heard: Heard) -> Hook:
    return Hook(heard.method, heard.url, heard.headers, heard.body, received_at=now())


async def test_a_text_is_sent_delivered_priced_and_found(house: House) -> None:
    outcome = await house.send()
    assert isinstance(outcome, Accepted)
    assert (outcome.parts, outcome.price) == (1, None)
    await house.network.idle()
    receipts = [receipt for heard in house.listener.heard for receipt in house.page().receipt(hook(heard))]
    assert [receipt.status for receipt in receipts] == [Status.SENT, Status.DELIVERED]
    assert {(receipt.reference, receipt.provider_id) for receipt in receipts} == {
        (REFERENCE, outcome.provider_id)
    }
    traced = await house.do(house.page().trace(outcome.provider_id, now()))
    assert isinstance(traced, Receipt)
    assert (traced.status, traced.price) == (Status.DELIVERED, Price(Decimal("0.0798"), "USD"))
    found = await house.look_up()
    assert isinstance(found, Receipt)
    assert (found.reference, found.provider_id) == (REFERENCE, outcome.provider_id)


@pytest.mark.parametrize("text", ["Salut", "é€ 😀 & = + %", "\x00 \u202e שלום", "long " * 400])
async def test_a_text_comes_in_as_it_was_written(text: str, house: House) -> None:
    got, _ = await house.network.text(to=NUMBER, sender=TEXTER, text=text)
    (heard,) = house.listener.heard
    (read,) = house.page().inbound(hook(heard))
    assert (read.provider_id, read.sender, read.to, read.text) == (got.provider_id, TEXTER, NUMBER, text)
    with pytest.raises(Forged):
        house.page(auth_token="another").inbound(hook(heard))


async def test_a_text_signed_with_a_shared_key_comes_in(house: House) -> None:
    house.account.shared_key = ("webhooks_sharedkey_1", "a-shared-secret")
    await house.network.text(to=NUMBER, sender=TEXTER, text=TEXT)
    (heard,) = house.listener.heard
    (read,) = house.page(shared_keys={"webhooks_sharedkey_1": "a-shared-secret"}).inbound(hook(heard))
    assert read.text == TEXT
    with pytest.raises(Forged):
        house.page().inbound(hook(heard))


async def test_a_lost_webhook_is_in_the_log(house: House) -> None:
    house.fault("lost_inbound")
    got, _ = await house.network.text(to=NUMBER, sender=TEXTER, text=TEXT)
    await house.send()
    texts = await house.do(house.page().inbound_log([NUMBER], now() - timedelta(minutes=5), now()))
    assert isinstance(texts, Sequence)
    assert [(text.provider_id, text.text) for text in texts] == [(got.provider_id, TEXT)]
    assert house.listener.heard == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("suspend", CutOff(CutReason.SUSPENDED, "20005")),
        ("revoke", CutOff(CutReason.REVOKED, "20003")),
        ("throttle", Throttled(2, "20429")),
        ("error_before", InDoubt("20503")),
    ],
)
async def test_a_refusal_is_read_and_nothing_was_taken(fault: str, expected: Failure, house: House) -> None:
    house.fault(fault)
    assert await house.send() == expected
    assert await house.look_up() == (expected if fault in ("revoke", "throttle") else None)


async def test_nobody_at_home_is_unreachable(house: House) -> None:
    assert isinstance(await house.send(base_url="http://127.0.0.1:9"), Unreachable)


@pytest.mark.parametrize("fault", ["error_after", "reset_after", "hang_after"])
async def test_what_was_taken_without_our_knowing_is_in_doubt_and_found(fault: str, house: House) -> None:
    house.fault(fault, times=1)
    assert isinstance(await house.send(), InDoubt)
    await house.network.idle()
    found = await house.look_up()
    assert isinstance(found, Receipt)
    assert found.reference == REFERENCE


async def test_another_attempt_of_the_same_words_is_not_taken_for_this_one(house: House) -> None:
    await house.send()
    await house.send()
    assert await house.look_up() is None


async def test_a_text_by_messaging_service_is_sent_and_found(house: House) -> None:
    services = {"Paravent": SERVICE}
    outcome = await house.send("Paravent", messaging_services=services)
    assert isinstance(outcome, Accepted)
    found = await house.look_up("Paravent", messaging_services=services)
    assert isinstance(found, Receipt)
    assert found.provider_id == outcome.provider_id


async def test_a_reply_that_never_left_says_so(house: House) -> None:
    house.fault("unsent")
    await house.send()
    await house.network.idle()
    (*_, last) = (receipt for heard in house.listener.heard for receipt in house.page().receipt(hook(heard)))
    assert (last.status, last.code, last.proven_unsent) == (Status.FAILED, "30002", True)


async def test_who_said_stop_is_refused_and_remembered(house: House) -> None:
    await house.network.text(to=NUMBER, sender=TEXTER, text="STOP")
    assert await house.send() == Refused(RefusedReason.OPTED_OUT, "21610")


async def test_an_api_key_signs_in(house: House) -> None:
    key = {"api_key_sid": "SK" + "7" * 32, "api_key_secret": "key-secret"}
    assert isinstance(await house.send(**key), Accepted)


async def test_balance_and_status_tell_a_spent_account_from_a_suspended_one(house: House) -> None:
    page = house.page()
    assert await house.do(page.balance(now())) == Balance(amount=10.0, unit="USD")
    assert await house.do(page.status(now())) is None
    house.fault("suspend")
    assert await house.do(page.status(now())) == CutOff(CutReason.SUSPENDED, "suspended")
    house.fault("unpaid")
    assert await house.do(page.status(now())) == CutOff(CutReason.UNPAID, "suspended")

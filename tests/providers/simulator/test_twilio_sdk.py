"""The official Twilio SDK against the simulated Twilio, unmodified but for the address."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from providers.simulator.journal import Kind
from providers.simulator.simulation import Simulation
from providers.simulator.twilio import TwilioAccount
from tests.providers.simulator.conftest import PUBLISHED, TEXTER, is_genuine
from tests.providers.simulator.listener import Listener

REFERENCE = "abcdefghij234567klmn"


async def test_a_text_sent_by_the_sdk_reaches_its_handset_and_its_price_comes_later(
    sdk: Client, simulation: Simulation, listener: Listener
) -> None:
    sent = await asyncio.to_thread(
        sdk.messages.create,
        to=TEXTER,
        from_=PUBLISHED,
        body="Salut, c'est Zoé",
        status_callback=f"{listener.base_url}/hooks/a/receipt?ref={REFERENCE}&x=%20y",
        validity_period=600,
    )
    assert (sent.status, sent.price, sent.num_segments) == ("queued", None, "1")
    await simulation.idle()
    seen = await asyncio.to_thread(sdk.messages(sent.sid).fetch)
    assert (seen.status, Decimal(seen.price), seen.price_unit) == ("delivered", Decimal("-0.0798"), "USD")
    [accepted] = simulation.journal.sends(to=TEXTER)
    assert (accepted.text, accepted.reference) == ("Salut, c'est Zoé", REFERENCE)
    assert simulation.journal.spent("twilio") == Decimal("0.0798")


async def test_receipts_keep_the_query_of_their_callback_and_the_validator_takes_them(
    sdk: Client, simulation: Simulation, listener: Listener, account: TwilioAccount
) -> None:
    callback = f"{listener.base_url}/hooks/a/receipt?ref={REFERENCE}&x=%20y"
    await asyncio.to_thread(
        sdk.messages.create, to=TEXTER, from_=PUBLISHED, body="Salut", status_callback=callback
    )
    await simulation.idle()
    assert [heard.form()["MessageStatus"] for heard in listener.heard] == ["sent", "delivered"]
    assert {heard.url for heard in listener.heard} == {callback}
    assert all(is_genuine(heard, account.auth_token) for heard in listener.heard)
    assert not any(is_genuine(heard, "another token") for heard in listener.heard)


@pytest.mark.parametrize("text", ["Salut", "é€ \U0001f600 & = +", "", "\x00 \u202e שלום", "long " * 400])
async def test_the_validator_takes_an_inbound_text_unharmed(
    text: str, simulation: Simulation, listener: Listener, account: TwilioAccount
) -> None:
    got, status = await simulation.text(to=PUBLISHED, sender=TEXTER, text=text)
    assert status == 200
    [heard] = listener.heard
    assert is_genuine(heard, account.auth_token)
    form = heard.form()
    assert (form["MessageSid"], form["From"], form["To"]) == (got.provider_id, TEXTER, PUBLISHED)
    assert form["Body"] == text


async def test_a_shared_key_signs_with_sha_256_and_names_itself(
    simulation: Simulation, listener: Listener, account: TwilioAccount
) -> None:
    account.shared_key = ("webhooks_sharedkey_1", "another secret")
    await simulation.text(to=PUBLISHED, sender=TEXTER, text="Salut")
    [heard] = listener.heard
    assert heard.headers["x-twilio-webhooks-signature-settings"] == (
        "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    )
    assert is_genuine(heard, "another secret")
    assert not is_genuine(heard, account.auth_token)


async def test_the_list_pages_through_every_message_newest_first(sdk: Client, simulation: Simulation) -> None:
    for number in range(7):
        simulation.carriers["twilio"].accept(to=TEXTER, sender=PUBLISHED, text=f"text {number}")
    await simulation.text(to=PUBLISHED, sender=TEXTER, text="inbound")
    await simulation.idle()
    listed = await asyncio.to_thread(sdk.messages.list, page_size=3)
    assert [each.body for each in listed] == ["inbound", *(f"text {n}" for n in range(6, -1, -1))]
    assert listed[0].direction == "inbound"
    only = await asyncio.to_thread(sdk.messages.list, to=TEXTER, from_=PUBLISHED, page_size=5)
    assert len(only) == 7


async def test_the_list_filters_by_the_day_a_text_was_sent(sdk: Client, simulation: Simulation) -> None:
    simulation.carriers["twilio"].accept(to=TEXTER, sender=PUBLISHED, text="Salut")
    await simulation.idle()
    now = datetime.now(UTC)

    def count(**dates: date) -> int:
        return len(sdk.messages.list(**dates))

    assert await asyncio.to_thread(count, date_sent_after=now - timedelta(minutes=1)) == 1
    assert await asyncio.to_thread(count, date_sent_after=now + timedelta(minutes=1)) == 0
    assert await asyncio.to_thread(count, date_sent_before=now - timedelta(days=1)) == 0
    assert await asyncio.to_thread(count, date_sent=now.date()) == 1


async def test_balance_and_account_answer_the_sdk(
    sdk: Client, simulation: Simulation, account: TwilioAccount
) -> None:
    balance = await asyncio.to_thread(sdk.balance.fetch)
    assert (balance.balance, balance.currency) == ("10", "USD")
    fetch = sdk.api.v2010.accounts(account.account_sid).fetch
    assert (await asyncio.to_thread(fetch)).status == "active"
    await simulation.fault("twilio", "suspend")
    assert (await asyncio.to_thread(fetch)).status == "suspended"


async def test_an_api_key_may_send_and_a_wrong_secret_may_not(
    sdk: Client, simulation: Simulation, account: TwilioAccount
) -> None:
    def send(user: str, secret: str) -> str:
        client = Client(user, secret, account.account_sid)
        client.api.base_url = simulation.base_url("twilio")
        try:
            return str(client.messages.create(to=TEXTER, from_=PUBLISHED, body="Salut").status)
        finally:
            client.http_client.session.close()

    key = "SK" + "7" * 32
    assert await asyncio.to_thread(send, key, "key-secret") == "queued"
    with pytest.raises(TwilioRestException) as wrong:
        await asyncio.to_thread(send, key, "guess")
    assert (wrong.value.status, wrong.value.code) == (401, 20003)
    assert len(simulation.journal.of(Kind.ACCEPTED)) == 1


async def test_a_texter_who_says_stop_cannot_be_texted_until_start(
    sdk: Client, simulation: Simulation
) -> None:
    def send() -> int:
        try:
            sdk.messages.create(to=TEXTER, from_=PUBLISHED, body="Salut")
        except TwilioRestException as error:
            return int(error.code or 0)
        return 0

    await simulation.text(to=PUBLISHED, sender=TEXTER, text=" Stop ")
    assert await asyncio.to_thread(send) == 21610
    await simulation.text(to=PUBLISHED, sender=TEXTER, text="START")
    assert await asyncio.to_thread(send) == 0
    notices = simulation.journal.of(Kind.NOTICE)
    assert [(notice.to, notice.sender) for notice in notices] == [(TEXTER, PUBLISHED)] * 2

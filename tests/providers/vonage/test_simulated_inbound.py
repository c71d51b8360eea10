"""What the simulated Vonage posts and logs, and what Vonage's page reads of it, in both modes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from providers import (
    Balance,
    CutOff,
    CutReason,
    Forged,
    Inbound,
    Price,
)
from tests.providers.vonage.house import (
    LONG,
    NUMBER,
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


@pytest.mark.parametrize(
    "text", ["Salut", "a=b&c é€ 👩‍👩‍👧", "\x00\u202e שלום", "être ou ne pas être 💥 " * 9]
)
@pytest.mark.parametrize("form", ["GET", "POST", "JSON"])
async def test_an_inbound_text_arrives_unharmed_and_priced(
    house: House, mode: str, text: str, form: Any
) -> None:
    house.account.webhook_form = form
    got, status = await house.network.text(to=NUMBER, sender=TEXTER, text=text)
    assert status == 200
    read = [one for heard in house.listener.heard for one in house.provider.inbound(hook(heard))]
    assert "".join(one.text for one in read) == text
    assert {(one.sender, one.to) for one in read} == {(TEXTER, NUMBER)}
    assert all(one.at and abs(one.at - now()) < timedelta(minutes=1) for one in read)
    if mode == "sms":
        assert len(read) == got.parts
        indexes = [one.part.index for one in read if one.part]
        assert indexes == (list(range(1, got.parts + 1)) if got.parts > 1 else [])
    else:
        assert [one.price for one in read] == [euros("0.0050")]


@only("sms")
@pytest.mark.parametrize("method", ["md5hash", "md5hmac", "sha1hmac", "sha256hmac", "sha512hmac"])
async def test_each_signature_method_is_understood(house: House, method: str) -> None:
    house.account.signature_method = method
    house.provider = house.settled(signature_method=method)
    await house.network.text(to=NUMBER, sender=TEXTER, text="a=b&c")
    (read,) = house.provider.inbound(hook(house.listener.heard[0]))
    assert read.text == "a=b&c"


async def test_lost_texts_are_found_in_the_log(house: House) -> None:
    since = now() - timedelta(minutes=1)
    await house.network.fault("vonage", "lost_inbound")
    await house.network.text(to=NUMBER, sender=TEXTER, text="premier")
    await house.network.text(to=NUMBER, sender=TEXTER, text="second")
    log = await house.do(house.provider.inbound_log([NUMBER], since, now() + timedelta(seconds=1)))
    assert isinstance(log, list)
    read = [one for one in log if isinstance(one, Inbound)]
    assert [(one.text, one.sender, one.to) for one in read] == [
        ("premier", TEXTER, NUMBER),
        ("second", TEXTER, NUMBER),
    ]
    assert not house.listener.heard


async def test_the_log_and_the_webhook_give_a_text_the_same_id(house: House) -> None:
    since = now() - timedelta(minutes=1)
    await house.network.text(to=NUMBER, sender=TEXTER, text=LONG)
    pushed = [one for heard in house.listener.heard for one in house.provider.inbound(hook(heard))]
    log = await house.do(house.provider.inbound_log([NUMBER], since, now() + timedelta(seconds=1)))
    assert isinstance(log, list)
    assert [one.provider_id for one in log] == [one.provider_id for one in pushed]


async def test_balance_and_state_are_told(house: House, mode: str) -> None:
    assert await house.do(house.provider.balance(now())) == Balance(amount=10.0, unit="EUR")
    assert await house.do(house.provider.status(now())) is None
    await house.network.fault("vonage", "unpaid")
    assert await house.do(house.provider.status(now())) == CutOff(CutReason.UNPAID, "no-balance")
    await house.network.clear()
    await house.network.fault("vonage", "revoke")
    revoked = await house.do(house.provider.status(now()))
    assert isinstance(revoked, CutOff)
    assert revoked.reason is CutReason.REVOKED


async def test_a_forged_hook_of_the_simulator_is_refused(house: House) -> None:
    await house.network.text(to=NUMBER, sender=TEXTER, text="consentement")
    genuine = hook(house.listener.heard[0])
    assert house.provider.inbound(genuine)
    forged = replace(genuine, body=genuine.body.replace(b"consentement", b"consternation"))
    with pytest.raises(Forged, match=r"payload|signature"):
        house.provider.inbound(forged)
    stranger = house.settled(signature_secrets=["another-signature-secret-of-32-bytes"])
    with pytest.raises(Forged, match="signature"):
        stranger.inbound(genuine)

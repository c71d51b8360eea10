"""Texts that come in through OVH, against the simulated OVH over a loopback wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from providers import CREDIT, Balance, CutOff, CutReason, Failure, Hook, Inbound, Price, Throttled
from tests.providers.ovh_house import NUMBER, TEXTER, House, now, opened


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


async def test_sixty_calls_a_minute_are_enough_for_a_poll(house: House) -> None:
    for place in range(60):
        await house.network.text(to=NUMBER, sender=f"+3363998{place:04d}", text="Salut")
    house.account.calls_a_minute = 60
    since = now() - timedelta(hours=1)
    for known in (20, 40):
        found = await house.do(house.provider.inbound_log([NUMBER], since, now()))
        assert isinstance(found, list), found
        assert len(found) == known
    assert isinstance(await house.do(house.provider.inbound_log([NUMBER], since, now())), Throttled)


async def test_a_pushed_text_is_read_and_read_again(house: House) -> None:
    text = "Salut ça va 💥\r\n«ok»"
    _, status = await house.network.text(to=NUMBER, sender=TEXTER, text=text)
    assert status == 200
    (heard,) = await house.listener.until(1)
    (pushed,) = house.provider.inbound(
        Hook(heard.method, heard.url, heard.headers, heard.body, received_at=now())
    )
    assert (pushed.sender, pushed.to, pushed.text) == (TEXTER, NUMBER, text)

    again = await house.do(house.provider.reread(pushed, now()))
    assert isinstance(again, Inbound)
    assert again.at is not None
    assert again == replace(pushed, at=again.at, price=Price(Decimal("1.0"), CREDIT))
    forged = replace(pushed, provider_id="999999999")
    assert await house.do(house.provider.reread(forged, now())) is None
    assert await house.do(house.provider.inbound_log([NUMBER], now() - timedelta(hours=1), now())) == [again]


async def test_many_lost_pushes_come_back_from_the_export(house: House) -> None:
    await house.network.fault("ovh", "lost_inbound")
    texts = [f"Salut {place};\n«💥»" for place in range(60)]
    for place, text in enumerate(texts):
        await house.network.text(to=NUMBER, sender=f"+3363998{place:04d}", text=text)
    house.provider = house.settled(bulk_export=True)
    since = now() - timedelta(hours=1)
    found: Sequence[Inbound] | Failure = ()
    for known in (20, 40, 60):
        found = await house.do(house.provider.inbound_log([NUMBER], since, now()))
        assert isinstance(found, list), found
        assert len(found) == known
    assert isinstance(found, list)
    assert sorted(each.text for each in found) == sorted(texts)
    assert house.listener.heard == []


async def test_the_account_is_looked_at_for_free(house: House) -> None:
    assert await house.do(house.provider.status(now())) is None
    assert await house.do(house.provider.balance(now())) == Balance(amount=2_000, unit=CREDIT)
    await house.network.fault("ovh", "suspend")
    assert await house.do(house.provider.status(now())) == CutOff(CutReason.SUSPENDED, "disable")
    await house.network.clear()
    await house.network.fault("ovh", "unpaid")
    assert await house.do(house.provider.status(now())) == CutOff(CutReason.UNPAID, "no_credits")
    assert not house.network.journal.sends()

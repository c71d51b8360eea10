"""The simulation as a whole: the journal, the parts, the courier, and that a seed repeats itself."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.contract.gsm7 import count
from providers.simulator.courier import Courier, Errand, Post
from providers.simulator.journal import Journal, Kind
from providers.simulator.network import Network, NotHere
from providers.simulator.parts import count_parts
from providers.simulator.twilio import TwilioAccount
from tests.providers.simulator.conftest import PUBLISHED, TEXTER
from tests.providers.simulator.listener import Listener

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def account() -> TwilioAccount:
    return TwilioAccount(numbers=(PUBLISHED,), step_seconds=0.001)


async def ids(seed: int) -> list[str]:
    async with Network({"twilio": account()}, seed=seed) as network:
        carrier = network.carriers["twilio"]
        return [carrier.accept(to=TEXTER, sender=PUBLISHED, text="x").provider_id for _ in range(3)]


async def test_a_seed_gives_the_same_ids_again_and_another_seed_others() -> None:
    first = await ids(1)
    assert first == await ids(1)
    assert not set(first) & set(await ids(2))


async def test_the_business_clock_dates_everything() -> None:
    now = [NOON]
    async with Network({"twilio": account()}, clock=lambda: now[0]) as network:
        text = network.carriers["twilio"].accept(to=TEXTER, sender=PUBLISHED, text="x")
        now[0] += timedelta(hours=1)
        await network.idle()
    assert (text.at, text.sent_at) == (NOON, NOON + timedelta(hours=1))
    assert [entry.at for entry in network.journal.of(Kind.DELIVERED)] == [NOON + timedelta(hours=1)]


async def test_pace_makes_simulated_hours_pass_in_no_time() -> None:
    async with Network({"twilio": account()}, pace=1_000_000) as network:
        await network.fault("twilio", "slow_receipts", seconds=36_000)
        network.carriers["twilio"].accept(to=TEXTER, sender=PUBLISHED, text="x")
        await network.idle(5)
    assert len(network.journal.of(Kind.DELIVERED)) == 1


async def test_what_is_not_simulated_is_said_to_be_not_here() -> None:
    network = Network({"twilio": account()})
    with pytest.raises(NotHere, match="there are: twilio"):
        network.base_url("pigeon")
    with pytest.raises(NotHere):
        network.owner(TEXTER)
    with pytest.raises(ValueError, match="there are: twilio, vonage, ovh"):
        Network({"pigeon": account()})


def test_the_journal_is_also_written_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(Kind.CHARGED, "twilio", NOON, price=Decimal("0.30"), unit="USD", reference="r", to=TEXTER)
    journal.append(Kind.RETURNED, "twilio", NOON, price=Decimal("0.10"), unit="USD", reference="r")
    # before it is closed: whoever judges a process that was killed reads what it left
    written = [json.loads(line) for line in path.read_text().splitlines()]
    journal.close()
    assert [(line["kind"], line["price"], line["number"]) for line in written] == [
        ("charged", "0.30", 1),
        ("returned", "0.10", 2),
    ]
    assert journal.spent("twilio") == Decimal("0.20")
    assert [entry.number for entry in journal.by_reference("r")] == [1, 2]
    assert [entry.number for entry in journal.about(TEXTER)] == [1]


def test_no_number_and_no_text_shows_in_a_repr() -> None:
    journal = Journal()
    entry = journal.append(Kind.INBOUND, "twilio", NOON, to=PUBLISHED, sender=TEXTER, text="a secret")
    shown = repr(entry) + repr(account())
    assert not [each for each in (PUBLISHED, TEXTER, "a secret", account().auth_token) if each in shown]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 153, 3),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("ê" * 134, 2),
        ("ê" * 135, 3),
        ("\U0001f600" * 35, 1),
        ("\U0001f600" * 66, 2),
        ("\U0001f600" * 67, 3),
    ],
)
def test_parts_are_counted_as_carriers_bill_them(text: str, expected: int) -> None:
    assert count_parts(text) == expected


@given(st.text(st.sampled_from("aé€[ê\U0001f600\n"), max_size=700))
def test_the_carriers_count_and_the_routers_agree(text: str) -> None:
    assert count_parts(text) == count(text).parts


async def test_the_courier_posts_a_bounded_number_at_once_and_all_of_them(listener: Listener) -> None:
    courier, told = Courier(), list[int | None]()
    await courier.start()
    for number in range(500):
        post = Post(f"{listener.base_url}/{number}")
        courier.post(Errand(build=lambda post=post: [post], told=told.append))  # type: ignore[misc]
    await courier.idle(20)
    await courier.stop()
    assert told == [200] * 500
    assert len({heard.url for heard in listener.heard}) == 500


async def test_the_courier_retries_only_what_failed_and_gives_up_in_the_end(listener: Listener) -> None:
    courier, told = Courier(pace=1000), list[int | None]()
    await courier.start()
    listener.answers.extend([200, 500, 500, 500])
    posts = [Post(f"{listener.base_url}/good"), Post(f"{listener.base_url}/bad")]
    done: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    courier.post(Errand(build=lambda: posts, told=told.append, retries=(1, 1), done=done))
    await courier.idle(5)
    await courier.stop()
    assert [heard.url.rsplit("/", 1)[1] for heard in listener.heard] == ["good", "bad", "bad", "bad"]
    assert (told, done.result()) == ([200, 500, 500, 500], 500)


async def test_a_router_that_is_away_is_no_answer() -> None:
    async with Listener() as gone:
        url = gone.base_url
    async with Network({"twilio": account()}) as network:
        network.connect("twilio", inbound_url=url)
        network.carriers["twilio"].webhook_retries = ()
        _, status = await network.text(to=PUBLISHED, sender=TEXTER, text="x")
    assert status is None
    assert [entry.status for entry in network.journal.of(Kind.WEBHOOK)] == [None]


async def test_a_fault_of_a_dialect_comes_to_light_when_the_courier_is_asked() -> None:
    def broken() -> list[Post]:
        raise ZeroDivisionError

    courier = Courier()
    await courier.start()
    courier.post(Errand(build=broken, told=lambda _: None))
    with pytest.raises(ZeroDivisionError):
        await courier.idle(5)
    with pytest.raises(ZeroDivisionError):
        await courier.stop()

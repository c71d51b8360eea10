"""Arming: every verdict, greedy admission, windows on first use, caps that move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from router.rules.consent import Consent
from router.vault import random_reference
from tests.postgres.scene import (
    ACME,
    BETA,
    DAY,
    MONTH,
    NOON,
    PERIOD,
    TOTAL,
    Scene,
    intent,
    pseudonym,
)
from tests.postgres.scene import proof as settled
from tests.postgres.scene import text as text_of


async def test_an_armed_send_has_its_grant_its_money_and_its_intent(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim", passed_over="beta:cut_off")
    assert await scene.reply(sent) == "sending"
    assert await scene.attempt(sent) == "open"
    assert await scene.window(ACME) == await scene.window(TOTAL) == (100, 0, 0)
    assert await scene.ledger(sent) == ["reserve"]
    texter = await scene.texter("kim")
    assert (texter["answered"], texter["next_allowed_at"]) == (1, NOON + PERIOD)
    assert (texter["holder"], texter["holder_before"]) == (sent.reply, None)
    row = await scene.look.fetchrow("SELECT * FROM attempt")
    assert row is not None
    assert (row["fence"], row["passed_over"], row["at"]) == (2, "beta:cut_off", NOON)
    left = "SELECT lease_until - clock_timestamp() FROM reply"
    assert timedelta(seconds=20) < await scene.look.fetchval(left) <= timedelta(seconds=30)


async def test_only_a_claim_that_is_still_ours_is_armed(scene: Scene) -> None:
    owner, other = scene.owner(), scene.owner()
    one = text_of("kim")
    await owner.store(one, text_of("ada", claim=False))
    assert await other.arm(intent(one.id)) == ["lost"]
    assert await owner.arm(intent(one.id, fence=0)) == ["lost"]
    assert await owner.arm(intent(one.id, fence=2)) == ["lost"]
    assert await owner.arm(intent(text_of("ada").id, fence=0)) == ["lost"]
    assert await owner.arm(intent(text_of("nobody").id)) == ["lost"]
    await scene.end_leases()
    assert await owner.arm(intent(one.id)) == ["lost"]
    assert await scene.look.fetchval("SELECT count(*) FROM attempt") == 0


async def test_what_is_sending_is_not_armed_again(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    assert await owner.arm(intent(sent.reply), intent(sent.reply, fence=2)) == ["lost", "lost"]


async def test_the_same_reply_twice_in_a_call_is_armed_once(scene: Scene) -> None:
    owner, one = scene.owner(), text_of("kim")
    await owner.store(one)
    assert sorted(await owner.arm(intent(one.id), intent(one.id))) == ["armed", "busy"]


async def test_a_texter_is_answered_once_in_a_period_and_never_above_the_ceiling(scene: Scene) -> None:
    owner = scene.owner()
    texts = [text_of(f"kim {n}", texter=pseudonym("kim")) for n in range(6)]
    await owner.store(*texts)
    later = NOON + PERIOD

    async def arm(place: int, **different: Any) -> str:
        return (await owner.arm(intent(texts[place].id, **different), now=now))[0]

    now = NOON
    assert await arm(0) == "armed"
    assert await arm(1) == "cooldown"
    now = later - timedelta(microseconds=1)
    assert await arm(1) == "cooldown"
    now = later
    assert await arm(1, next_allowed=later + PERIOD) == "armed"
    now = later + PERIOD
    assert await arm(2, next_allowed=now + PERIOD, ceiling=2) == "lifetime"
    assert await arm(2, next_allowed=now + PERIOD, ceiling=3) == "armed"
    now += 10 * PERIOD
    assert await arm(3) == "lifetime"
    assert await arm(4, ceiling=0) == "lifetime"


async def test_two_texts_of_one_texter_in_a_call_are_one_grant_for_the_better_one(scene: Scene) -> None:
    owner = scene.owner()
    second = text_of("kim 1", texter=pseudonym("kim"), priority=2)
    first = text_of("kim 2", texter=pseudonym("kim"), priority=1)
    await owner.store(second, first)
    assert await owner.arm(intent(second.id), intent(first.id)) == ["busy", "armed"]


async def test_who_opted_out_gets_a_confirmation_once_and_no_answer(scene: Scene) -> None:
    owner = scene.owner()
    texts = [text_of(f"kim {n}", texter=pseudonym("kim")) for n in range(4)]
    await owner.store(*texts)
    await owner.inbox.consent(owner.line, [(pseudonym("kim"), Consent.OPT_OUT, NOON)])
    assert await owner.arm(intent(texts[0].id)) == ["opted_out"]
    stop = intent(texts[0].id, purpose="stop_confirmation")
    assert await owner.arm(stop) == ["armed"]
    texter = await scene.texter("kim")
    assert (texter["answered"], texter["holder"], texter["stop_confirmed"]) == (0, None, True)
    assert await owner.arm(intent(texts[1].id, purpose="stop_confirmation")) == ["stop_confirmed"]
    assert await owner.settle(settled(stop, "refused", then="failed")) == ["failed"]
    assert await owner.arm(intent(texts[1].id, purpose="stop_confirmation")) == ["armed"]
    await owner.inbox.consent(owner.line, [(pseudonym("kim"), Consent.RESUME, NOON)])
    assert await owner.arm(intent(texts[2].id)) == ["armed"]


async def test_the_purse_of_the_account_and_the_total_each_refuse(scene: Scene) -> None:
    owner = scene.owner()
    one, two, three = (text_of(name) for name in ("kim", "ada", "eve"))
    await owner.store(one, two, three)
    assert await owner.arm(intent(one.id, estimate=1_000_001)) == ["account_purse"]
    assert await owner.arm(intent(one.id, estimate=10_000_001)) == ["total_purse"]
    assert await owner.arm(intent(one.id, estimate=1_000_000)) == ["armed"]
    assert await owner.arm(intent(two.id, estimate=1)) == ["account_purse"]
    assert await owner.arm(intent(two.id, account=BETA, estimate=1)) == ["armed"]
    assert await owner.arm(intent(three.id, account="nobody")) == ["account_purse"]
    assert await owner.arm(intent(three.id, estimate=0)) == ["armed"]


async def test_what_does_not_fit_never_refuses_a_neighbour_that_does(scene: Scene) -> None:
    owner = scene.owner()
    await scene.cap(ACME, 500)
    texts = [text_of(name, priority=rank) for rank, name in enumerate(("kim", "ada", "eve"))]
    await owner.store(*texts)
    estimates = {texts[0].id: 600, texts[1].id: 300, texts[2].id: 300}
    intents = [intent(which, estimate=estimate) for which, estimate in estimates.items()]
    assert await owner.arm(*reversed(intents)) == ["account_purse", "armed", "account_purse"]
    assert await scene.window(ACME) == (300, 0, 0)


async def test_a_window_is_made_on_first_use_with_the_cap_of_that_moment(scene: Scene) -> None:
    owner = scene.owner()
    assert await scene.look.fetchval("SELECT count(*) FROM purse_window") == 0
    await owner.armed("kim")
    await scene.cap(ACME, 50)
    tomorrow = DAY + timedelta(days=1)
    one, two = text_of("ada"), text_of("eve")
    await owner.store(one, two)
    assert await owner.arm(intent(one.id, account_window=tomorrow, estimate=51)) == ["account_purse"]
    assert await owner.arm(intent(two.id, account_window=tomorrow, estimate=50)) == ["armed"]
    rows = await scene.look.fetch(
        "SELECT cap, reserved FROM purse_window WHERE purse = 'acme' ORDER BY starts_at"
    )
    assert [tuple(row) for row in rows] == [(50, 100), (50, 50)]


async def test_windows_that_start_at_different_times_are_kept_apart(scene: Scene) -> None:
    owner = scene.owner()
    texts = [text_of(name) for name in ("kim", "ada", "eve")]
    await owner.store(*texts)
    next_month = MONTH + timedelta(days=31)
    intents = [
        intent(texts[0].id, estimate=1_000_000),
        intent(texts[1].id, estimate=1_000_000, account_window=next_month, total_window=next_month),
        intent(texts[2].id, estimate=1_000_000, account=BETA, total_window=next_month),
    ]
    assert await owner.arm(*intents) == ["armed"] * 3
    rows = await scene.look.fetch(
        "SELECT reserved FROM purse_window WHERE purse = 'total' ORDER BY starts_at"
    )
    assert [row["reserved"] for row in rows] == [1_000_000, 2_000_000]


async def test_lowering_a_cap_below_what_is_spent_is_an_emergency_brake(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim", estimate=600)
    assert await owner.settle(settled(sent, "accepted")) == ["accepted"]
    await scene.cap(ACME, 10)
    one = text_of("ada")
    await owner.store(one)
    assert await owner.arm(intent(one.id, estimate=1)) == ["account_purse"]
    assert await scene.window(ACME) == (0, 600, 0)
    await scene.cap(ACME, 601)
    assert await owner.arm(intent(one.id, estimate=1)) == ["armed"]


async def test_unlimited_is_spelled_and_can_be_taken_back(scene: Scene) -> None:
    owner = scene.owner()
    await scene.cap(ACME, None)
    await scene.cap(TOTAL, None)
    await owner.armed("kim", estimate=10**15)
    await scene.cap(ACME, 5)
    one = text_of("ada")
    await owner.store(one)
    assert await owner.arm(intent(one.id, estimate=1)) == ["account_purse"]
    assert await owner.arm(intent(one.id, account=BETA, estimate=1)) == ["armed"]


async def test_zero_means_zero(scene: Scene) -> None:
    owner = scene.owner()
    await scene.cap(TOTAL, 0)
    one = text_of("kim")
    await owner.store(one)
    assert await owner.arm(intent(one.id, estimate=1)) == ["total_purse"]


async def test_a_file_that_changes_outranks_the_operator_and_one_that_does_not_does_not(scene: Scene) -> None:
    await scene.cap(ACME, 7)
    await scene.purses(acme="1")
    assert await scene.look.fetchval("SELECT cap FROM purse WHERE name = 'acme'") == 7
    await scene.purses(acme="2")
    row = await scene.look.fetchrow("SELECT cap, origin FROM purse WHERE name = 'acme'")
    assert row is not None
    assert tuple(row) == (2_000_000, "file")


async def test_sends_in_flight_are_bounded_and_jobs_count_once(scene: Scene) -> None:
    owner = scene.owner()
    texts = [text_of(str(n)) for n in range(8)]
    await owner.store(*texts)
    tag, other = random_reference(), random_reference()
    crowd = [intent(one.id, tag=tag, in_flight=2) for one in texts[:4]]
    assert await owner.arm(*crowd[:3]) == ["armed"] * 3
    assert await owner.arm(crowd[3]) == ["armed"]
    assert await owner.arm(intent(texts[4].id, in_flight=2)) == ["armed"]
    late = [intent(texts[5].id, in_flight=2), intent(texts[6].id, tag=other, in_flight=2)]
    assert await owner.arm(*late) == ["in_flight", "in_flight"]
    assert await owner.arm(intent(texts[7].id, tag=tag, in_flight=2)) == ["armed"]
    assert await owner.arm(intent(texts[5].id, account=BETA, in_flight=2)) == ["armed"]
    await owner.settle(settled(crowd[0], "accepted"))
    assert await owner.arm(late[1]) == ["in_flight"]
    await owner.settle(*(settled(one, "unknown") for one in crowd[1:]))
    assert (
        await scene.look.fetchval("SELECT count(*) FROM attempt WHERE state = 'open' AND tag = $1", tag) == 1
    )


async def test_the_better_priority_takes_the_last_place_in_flight(scene: Scene) -> None:
    owner = scene.owner()
    worse, better = text_of("kim", priority=2), text_of("ada", priority=0)
    await owner.store(worse, better)
    found = await owner.arm(intent(worse.id, in_flight=1), intent(better.id, in_flight=1))
    assert found == ["in_flight", "armed"]


async def test_a_number_that_is_none_is_never_armed(scene: Scene) -> None:
    owner, one = scene.owner(), text_of("kim")
    await owner.store(one)
    query = "SELECT arm($1, '30 s', $2, $3::uuid[], '{1}', $4::text[], '{NULL}', '{answer}', '{acme}', '{s}',"
    query += " '{NULL}', $5::timestamptz[], $6::timestamptz[], '{NULL}', '{3}', '{64}', '{}')"
    given = (owner.id, NOON, [one.id], [random_reference()], [DAY], [MONTH])
    assert await scene.look.fetchval(query, *given) == ["lost"]


@pytest.mark.parametrize("wrong", [{"estimate": -1}, {"reference": "short"}, {"purpose": "advert"}])
async def test_what_the_tables_refuse_leaves_nothing_behind(scene: Scene, wrong: dict[str, Any]) -> None:
    owner, one, two = scene.owner(), text_of("kim"), text_of("ada")
    await owner.store(one, two)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.arm(intent(two.id), intent(one.id, **wrong))
    assert await scene.look.fetchval("SELECT count(*) FROM attempt") == 0
    assert await scene.window(ACME) == (0, 0, 0)

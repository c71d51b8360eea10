"""Settling: every transition of an attempt and its reply, every booking, in any order and any number."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.postgres.scene import (
    ACME,
    BETA,
    NOON,
    PERIOD,
    TOTAL,
    Scene,
    intent,
    proof,
    pseudonym,
    receipt,
)
from tests.postgres.scene import text as text_of


async def test_an_accepted_send_costs_its_estimate_until_somebody_says_better(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    accepted = proof(sent, "accepted", provider_id="SM1", parts=2, code="queued")
    assert await owner.settle(accepted) == ["accepted"]
    assert await scene.window(ACME) == await scene.window(TOTAL) == (0, 100, 0)
    assert await scene.ledger(sent) == ["reserve", "settle"]
    row = await scene.look.fetchrow("SELECT * FROM attempt")
    assert row is not None
    assert (row["provider_id"], row["parts"], row["code"], row["spent"]) == ("SM1", 2, "queued", 100)
    assert (await scene.texter("kim"))["answered"] == 1


async def test_a_price_is_kept_as_it_was_said_with_its_rate(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    said: dict[str, Any] = {"price": 75, "amount": Decimal("0.00008"), "unit": "USD", "rate": Decimal("0.94")}
    await owner.settle(proof(sent, "accepted", **said))
    row = await scene.look.fetchrow("SELECT * FROM ledger WHERE kind = 'settle'")
    assert row is not None
    assert (row["reserved"], row["spent"], row["amount"], row["unit"], row["rate"]) == (
        -100, 75, said["amount"], "USD", said["rate"],
    )  # fmt: skip
    assert await scene.window() == (0, 75, 0)


@pytest.mark.parametrize("repeated", ["accepted", "refused", "unknown"])
async def test_a_proof_counts_once_however_often_it_comes(scene: Scene, repeated: str) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    said = proof(sent, repeated)
    first = (await owner.settle(said))[0]
    before = (await scene.window(), await scene.ledger(sent), await scene.texter("kim"))
    assert await owner.settle(said, said, said) == [first] * 3
    assert (await scene.window(), await scene.ledger(sent), await scene.texter("kim")) == before


async def test_a_refused_reply_goes_on_to_the_next_route_with_grant_and_money_returned(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    assert await owner.settle(proof(sent, "refused", code="21610", then="claimed")) == ["claimed"]
    assert await scene.window() == (0, 0, 0)
    texter = await scene.texter("kim")
    assert (texter["answered"], texter["next_allowed_at"], texter["holder"]) == (0, None, None)
    second = await owner.again(sent, account=BETA)
    assert await owner.arm(second) == ["armed"]
    assert await owner.settle(proof(second, "accepted")) == ["accepted"]
    assert await scene.attempt(sent) == "refused"
    assert await scene.window(BETA) == (0, 100, 0)


@pytest.mark.parametrize("then", ["claimed", "queued", "delayed", "failed"])
async def test_a_refused_reply_goes_where_it_is_told(scene: Scene, then: str) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    until = NOON + timedelta(seconds=5) if then == "delayed" else None
    assert await owner.settle(proof(sent, "refused", then=then, not_before=until, reason="bad_number")) == [
        then
    ]
    row = await scene.look.fetchrow("SELECT * FROM reply")
    assert row is not None
    assert (row["state"], row["reason"], row["not_before"]) == (then, "bad_number", until)
    assert (row["owner"] is not None) == (then == "claimed")


async def test_a_doubtful_send_keeps_its_money_and_its_grant_and_is_never_armed_again(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    assert await owner.settle(proof(sent, "unknown", code="timeout")) == ["in_doubt"]
    assert await scene.window() == (100, 0, 0)
    assert (await scene.texter("kim"))["answered"] == 1
    assert await scene.ledger(sent) == ["reserve"]
    assert await owner.claim() == []
    again = await owner.again(sent)
    assert await owner.arm(again) == ["lost"]


@pytest.mark.parametrize(
    ("outcome", "state", "attempt", "window"),
    [
        ("accepted", "accepted", "accepted", (0, 100, 0)),
        ("refused", "queued", "refused", (0, 0, 0)),
        ("unsent", "queued", "refused", (0, 0, 0)),
        ("written_off", "abandoned", "written_off", (0, 100, 0)),
        ("unknown", "in_doubt", "unknown", (100, 0, 0)),
        ("none", "in_doubt", "unknown", (100, 0, 0)),
    ],
)
async def test_a_doubt_ends_by_proof_only(
    scene: Scene, outcome: str, state: str, attempt: str, window: tuple[int, int, int]
) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "unknown"))
    assert await owner.settle(proof(sent, outcome, source="look_up")) == [state]
    assert (await scene.reply(sent), await scene.attempt(sent)) == (state, attempt)
    assert await scene.window() == window


@pytest.mark.parametrize("state", ["open", "accepted", "refused"])
async def test_only_a_doubt_is_written_off(scene: Scene, state: str) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    if state != "open":
        await owner.settle(proof(sent, state))
    was = (await scene.reply(sent), await scene.window())
    await owner.settle(proof(sent, "written_off"))
    assert (await scene.reply(sent), await scene.window()) == was
    assert await scene.attempt(sent) == state


async def test_what_is_written_off_may_yet_be_proved_and_priced(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "unknown"))
    await owner.settle(proof(sent, "written_off"))
    assert await owner.settle(receipt(sent, "accepted", 3, price=120)) == ["accepted"]
    assert await scene.attempt(sent) == "accepted"
    assert await scene.window() == (0, 120, 0)
    assert await scene.ledger(sent) == ["reserve", "write_off", "adjust"]


async def test_a_later_price_adjusts_and_the_same_price_does_not(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    await owner.settle(receipt(sent, "accepted", 1, price=130))
    await owner.settle(receipt(sent, "accepted", 2, price=130))
    await owner.settle(receipt(sent, "accepted", 3, price=40))
    assert await scene.window() == await scene.window(TOTAL) == (0, 40, 0)
    assert await scene.ledger(sent) == ["reserve", "settle", "adjust", "adjust"]


async def test_a_receipt_only_moves_up(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    for rank, stands in ((1, 1), (3, 3), (2, 3), (0, 3)):
        await owner.settle(receipt(sent, "accepted", rank, receipt_at=NOON + timedelta(seconds=rank)))
        row = await scene.look.fetchrow("SELECT receipt, receipt_rank, receipt_at FROM attempt")
        assert row is not None
        assert tuple(row) == (f"rank {stands}", stands, NOON + timedelta(seconds=stands))


async def test_a_receipt_before_the_answer_settles_and_the_answer_adds_what_it_knows(
    scene: Scene,
) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    assert await owner.settle(receipt(sent, "accepted", 3, price=90)) == ["accepted"]
    assert await owner.settle(proof(sent, "accepted", provider_id="SM1", parts=1)) == ["accepted"]
    row = await scene.look.fetchrow("SELECT provider_id, parts, receipt_rank FROM attempt")
    assert row is not None
    assert tuple(row) == ("SM1", 1, 3)
    assert await scene.window() == (0, 90, 0)


async def test_a_doubtful_answer_after_the_receipt_changes_nothing(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(receipt(sent, "accepted", 1))
    assert await owner.settle(proof(sent, "unknown")) == ["accepted"]
    assert await scene.attempt(sent) == "accepted"


async def test_a_receipt_of_a_failure_that_is_final_changes_only_the_receipt(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    assert await owner.settle(receipt(sent, "none", 2, code="30005")) == ["accepted"]
    row = await scene.look.fetchrow("SELECT state, receipt_rank, code FROM attempt")
    assert row is not None
    assert tuple(row) == ("accepted", 2, "30005")


async def test_proven_unsent_refunds_and_requeues_once(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    assert await owner.settle(receipt(sent, "unsent", 2)) == ["queued"]
    assert await scene.window() == (0, 0, 0)
    assert (await scene.texter("kim"))["answered"] == 0
    assert await owner.settle(receipt(sent, "unsent", 2)) == ["queued"]
    (claim,) = await owner.claim()
    second = intent(sent.reply, claim.fence)
    assert await owner.arm(second) == ["armed"]
    await owner.settle(proof(second, "accepted"))
    assert await owner.settle(receipt(second, "unsent", 2)) == ["failed"]
    assert await scene.window() == (0, 0, 0)
    assert await scene.ledger(second) == ["reserve", "settle", "refund"]


async def test_what_was_billed_of_an_unsent_text_stays_spent(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    await owner.settle(receipt(sent, "unsent", 2, price=30))
    assert await scene.window() == (0, 30, 0)


async def test_an_unsent_receipt_below_the_one_that_stands_is_not_believed(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(receipt(sent, "accepted", 3))
    assert await owner.settle(receipt(sent, "unsent", 2)) == ["accepted"]
    assert await scene.attempt(sent) == "accepted"


async def test_an_unknown_reference_is_nobodys(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    stranger = await owner.again(sent)
    found = await owner.settle(proof(stranger, "accepted"), proof(sent, "accepted"))
    assert found == ["", "accepted"]


async def test_an_opt_out_by_the_carriers_word_is_kept(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="failed", reason="opted_out", opted_out=True))
    assert (await scene.texter("kim"))["opted_out_at"] == NOON
    await owner.settle(proof(sent, "none", opted_out=True), now=NOON + PERIOD)
    assert (await scene.texter("kim"))["opted_out_at"] == NOON


async def test_a_grant_is_returned_only_by_who_holds_it(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "unknown"))
    one = text_of("kim later", texter=pseudonym("kim"))
    await owner.store(one)
    later = NOON + PERIOD
    second = intent(one.id, next_allowed=later + PERIOD)
    assert await owner.arm(second, now=later) == ["armed"]
    await owner.settle(proof(sent, "refused", then="failed"))
    texter = await scene.texter("kim")
    assert (texter["next_allowed_at"], texter["holder"]) == (later + PERIOD, one.id)
    assert texter["answered"] == 1
    await owner.settle(proof(second, "refused", then="failed"))
    texter = await scene.texter("kim")
    assert (texter["next_allowed_at"], texter["answered"]) == (NOON + PERIOD, 0)


async def test_grants_of_many_texters_are_returned_to_each_in_one_call(scene: Scene) -> None:
    owner = scene.owner()
    sent = [await owner.armed(str(n)) for n in range(5)]
    outcomes = itertools.cycle(["refused", "unknown"])
    await owner.settle(*(proof(one, next(outcomes), then="queued") for one in sent))
    assert [(await scene.texter(str(n)))["answered"] for n in range(5)] == [0, 1, 0, 1, 0]

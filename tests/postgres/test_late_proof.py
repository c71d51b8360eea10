"""Proof that comes late: what was refused and arrived after all, doubles, refunds that were wrong."""

from __future__ import annotations

import pytest

from tests.postgres.scene import (
    ACME,
    BETA,
    TOTAL,
    Scene,
    intent,
    proof,
    pseudonym,
    receipt,
)
from tests.postgres.scene import text as text_of


async def test_late_proof_of_a_refused_send_cancels_a_second_one_that_is_not_armed(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="claimed"))
    assert await owner.settle(receipt(sent, "accepted", 3, price=90)) == ["accepted"]
    assert await owner.arm(await owner.again(sent)) == ["lost"]
    assert await scene.window() == (0, 90, 0)
    assert await scene.ledger(sent) == ["reserve", "release", "late"]


async def test_late_proof_counts_as_an_answer_of_the_texter(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="failed"))
    assert (await scene.texter("kim"))["answered"] == 0
    await owner.settle(receipt(sent, "accepted", 3))
    one = text_of("kim again", texter=pseudonym("kim"))
    await owner.store(one)
    assert (await scene.texter("kim"))["answered"] == 1
    assert await owner.arm(intent(one.id)) == ["cooldown"]


async def arrived_late_beside_one_refused(scene: Scene, batches: str) -> bool:
    """Whether the texter must wait for an answer, after a late proof and a send that did not leave."""
    owner = scene.owner()
    first = await owner.armed("kim")
    await owner.settle(proof(first, "refused", then="failed"))
    one = text_of("kim again", texter=pseudonym("kim"))
    await owner.store(one)
    second = intent(one.id)
    assert await owner.arm(second) == ["armed"]
    words = {"late": receipt(first, "accepted", 3), "refused": proof(second, "refused", then="failed")}
    for batch in batches.split(", "):
        await owner.settle(*(words[word] for word in batch.split()))
    texter = await scene.texter("kim")
    assert texter["answered"] == 1
    return texter["next_allowed_at"] is not None


@pytest.mark.parametrize("batches", ["late refused", "refused late", "late, refused", "refused, late"])
async def test_what_is_proved_late_counts_when_a_later_send_is_given_back(scene: Scene, batches: str) -> None:
    assert await arrived_late_beside_one_refused(scene, batches)


@pytest.mark.parametrize("batches", ["late refused", "refused late", "late, refused"])
async def test_control_where_giving_back_forgets_it_the_texter_is_answered_again(
    scene: Scene, batches: str
) -> None:
    known = await scene.look.fetchval("SELECT pg_get_functiondef('settle'::regproc)")
    await scene.look.execute(known.replace("greatest(x.holder_before, d.late)", "x.holder_before"))
    with pytest.raises(AssertionError):
        assert await arrived_late_beside_one_refused(scene, batches)


@pytest.mark.parametrize("state", ["open", "unknown", "accepted"])
async def test_late_proof_with_a_second_send_under_way_is_a_double_that_is_paid_and_seen(
    scene: Scene, state: str
) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="claimed"))
    second = await owner.again(sent, account=BETA)
    assert await owner.arm(second) == ["armed"]
    if state != "open":
        await owner.settle(proof(second, state))
    was = await scene.reply(sent)
    assert await owner.settle(receipt(sent, "accepted", 3)) == [was]
    assert (await scene.attempt(sent), await scene.attempt(second)) == ("double", state)
    assert await scene.window(ACME) == (0, 100, 0)
    assert await owner.settle(receipt(sent, "accepted", 3, price=70)) == [was]
    assert await scene.window(ACME) == (0, 70, 0)


@pytest.mark.parametrize("second_was", ["open", "accepted"])
async def test_a_double_whose_second_send_never_left_is_no_double_and_nobody_sends_a_third(
    scene: Scene, second_was: str
) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="claimed"))
    second = await owner.again(sent, account=BETA)
    await owner.arm(second)
    await owner.settle(receipt(sent, "accepted", 3))
    if second_was == "open":
        assert await owner.settle(proof(second, "refused", then="claimed")) == ["accepted"]
    else:
        await owner.settle(proof(second, "accepted"))
        assert await owner.settle(receipt(second, "unsent", 2)) == ["accepted"]
    assert (await scene.attempt(sent), await scene.attempt(second)) == ("accepted", "refused")
    assert await scene.reply(sent) == "accepted"
    assert (await scene.texter("kim"))["answered"] == 1
    assert await scene.window(TOTAL) == (0, 100, 0)


async def test_both_attempts_of_a_reply_in_one_call_are_settled_in_turn(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="claimed"))
    second = await owner.again(sent, account=BETA)
    await owner.arm(second)
    found = await owner.settle(receipt(sent, "accepted", 3), proof(second, "accepted"))
    assert found == ["sending", "accepted"]
    assert (await scene.attempt(sent), await scene.attempt(second)) == ("double", "accepted")


async def test_a_receipt_and_the_answer_in_one_call_are_settled_in_turn(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    assert await owner.settle(proof(sent, "accepted"), receipt(sent, "unsent", 2)) == ["accepted", "queued"]
    assert await scene.ledger(sent) == ["reserve", "settle", "refund"]


async def test_a_refund_after_which_it_arrived_after_all_is_paid_once(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    await owner.settle(receipt(sent, "unsent", 2, price=30))
    await owner.settle(receipt(sent, "accepted", 3, price=100))
    assert await scene.window() == (0, 100, 0)
    assert await scene.attempt(sent) == "accepted"


async def test_look_ups_that_change_their_word_for_ever_break_nothing(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    for outcome in ["accepted", "unsent"] * 4:
        await owner.settle(proof(sent, outcome, source="look_up"))
        await scene.audit()
    assert await scene.window() == (0, 0, 0)

"""What a statement must leave alone: rows of other accounts, windows, texters and jobs in the same call."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from router.postgres.incoming import Incoming
from router.postgres.ledger import Intent
from router.postgres.parked import Parking, PutOff
from router.postgres.receipts import Receipts
from router.postgres.upkeep import Upkeep
from router.vault import random_reference
from tests.postgres.scene import (
    ACME,
    BETA,
    DAY,
    MONTH,
    NOON,
    PERIOD,
    TOTAL,
    Owner,
    Scene,
    intent,
    proof,
    pseudonym,
    receipt,
    text,
)
from tests.postgres.test_parked import notice

YESTERDAY, TOMORROW, LATER = (DAY + timedelta(days=days) for days in (-1, 1, 2))


async def _doubled(owner: Owner, name: str) -> tuple[Intent, Intent]:
    """A first send that is proved late while the second is under way."""
    sent = await owner.armed(name)
    await owner.settle(proof(sent, "refused", then="claimed"))
    again = await owner.again(sent, account=BETA)
    assert await owner.arm(again) == ["armed"]
    await owner.settle(receipt(sent, "accepted", 3))
    return sent, again


async def test_late_proof_beside_the_answers_of_others_is_no_double(scene: Scene) -> None:
    owner = scene.owner()
    await owner.settle(proof(await owner.armed("ada"), "accepted"))
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="failed"))
    assert await owner.settle(receipt(sent, "accepted", 3)) == ["accepted"]
    assert await scene.attempt(sent) == "accepted"


async def test_a_double_ends_by_its_own_second_send_and_by_no_other(scene: Scene) -> None:
    owner = scene.owner()
    (kim, kim_again), (ada, ada_again) = [await _doubled(owner, name) for name in ("kim", "ada")]
    said = await owner.settle(proof(kim_again, "refused", then="claimed"), proof(ada_again, "accepted"))
    assert said == ["accepted", "accepted"]
    assert [await scene.attempt(one) for one in (kim, kim_again)] == ["accepted", "refused"]
    assert [await scene.attempt(one) for one in (ada, ada_again)] == ["double", "accepted"]


async def test_what_one_gives_back_is_no_overrun_of_another(scene: Scene) -> None:
    await scene.cap(ACME, 200)
    owner = scene.owner()
    one, other = [await owner.armed(name) for name in ("kim", "ada")]
    await owner.settle(proof(one, "accepted", price=250), proof(other, "refused"))
    assert await scene.window() == (0, 250, 50)


async def test_who_opts_out_once_answered_keeps_the_grant(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted"))
    before = await scene.texter("kim")
    await owner.settle(receipt(sent, "none", 2, opted_out=True))
    assert await scene.texter("kim") == before | {"opted_out_at": NOON}
    assert before["next_allowed_at"] == NOON + PERIOD


async def test_who_opts_out_unanswered_gets_no_grant(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="failed"))
    await owner.settle(receipt(sent, "none", 2, opted_out=True))
    assert (await scene.texter("kim"))["next_allowed_at"] is None


async def test_a_confirmation_that_arrives_late_is_no_answer(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim", purpose="stop_confirmation")
    await owner.settle(proof(sent, "refused", then="failed"))
    await owner.settle(receipt(sent, "accepted", 3))
    texter = await scene.texter("kim")
    assert (texter["answered"], texter["next_allowed_at"]) == (0, None)


async def test_a_confirmation_that_never_left_takes_no_answer_back(scene: Scene) -> None:
    owner = scene.owner()
    await owner.settle(proof(await owner.armed("kim"), "accepted"))
    stop = text("stop", texter=pseudonym("kim"))
    await owner.store(stop)
    sent = intent(stop.id, purpose="stop_confirmation")
    assert await owner.arm(sent) == ["armed"]
    await owner.settle(proof(sent, "refused", then="failed"))
    assert (await scene.texter("kim"))["answered"] == 1


async def test_of_a_reply_whose_lease_is_over_only_the_open_send_is_doubted(scene: Scene) -> None:
    owner = scene.owner()
    first = await owner.armed("kim")
    await owner.settle(proof(first, "refused", then="claimed"))
    again = await owner.again(first, account=BETA)
    assert await owner.arm(again) == ["armed"]
    await scene.end_leases()
    assert await Upkeep(scene.pool).reap() == (0, 1)
    assert [await scene.attempt(one) for one in (first, again)] == ["refused", "unknown"]


# ---- what receiving costs


async def _book(scene: Scene, name: str, account: str, start: datetime, total: datetime, cost: int) -> int:
    """Store a text and book what it cost; how many were booked."""
    await scene.owner().store(text(name, account=account, cost=(cost, None, None, None)))
    incoming = Incoming(scene.pool)
    costs = [each for each in await incoming.costs(9) if each.account == account]
    return await incoming.book(costs, [(start, total)] * len(costs), NOON)


async def _windows(scene: Scene) -> dict[tuple[str, datetime], tuple[int, int]]:
    rows = await scene.look.fetch("SELECT purse, starts_at, spent, overrun FROM purse_window")
    return {(row["purse"], row["starts_at"]): (row["spent"], row["overrun"]) for row in rows}


async def test_a_cost_goes_to_its_own_account_and_its_own_windows(scene: Scene) -> None:
    """All windows begin on the same two days; of each purse one is nearly full and one is not."""
    for place, (account, day, cost) in enumerate(
        [
            *((ACME, DAY, 900_000), (BETA, DAY, 100_000), (ACME, YESTERDAY, 100_000)),
            *((BETA, YESTERDAY, 900_000), (ACME, DAY, 300_000), (BETA, DAY, 300_000)),
            *((ACME, YESTERDAY, 300_000), (BETA, YESTERDAY, 300_000)),
        ]
    ):
        assert await _book(scene, f"text {place}", account, day, day, cost) == 1
    assert await _windows(scene) == {
        (ACME, DAY): (1_200_000, 200_000),
        (BETA, DAY): (400_000, 0),
        (ACME, YESTERDAY): (400_000, 0),
        (BETA, YESTERDAY): (1_200_000, 200_000),
        (TOTAL, DAY): (1_600_000, 0),
        (TOTAL, YESTERDAY): (1_600_000, 0),
    }


async def test_the_total_s_overrun_is_the_total_s(scene: Scene) -> None:
    await scene.cap(TOTAL, 500_000)
    for place, account in enumerate([ACME, BETA]):
        assert await _book(scene, f"text {place}", account, MONTH, MONTH, 400_000) == 1
    assert await _windows(scene) == {
        (ACME, MONTH): (400_000, 0),
        (BETA, MONTH): (400_000, 0),
        (TOTAL, MONTH): (800_000, 300_000),
    }
    assert await _book(scene, "of tomorrow", ACME, MONTH, TOMORROW, 100_000) == 1
    assert await _book(scene, "of the month", BETA, MONTH, MONTH, 50_000) == 1
    assert (await _windows(scene))[TOTAL, TOMORROW] == (100_000, 0)
    assert (await _windows(scene))[TOTAL, MONTH] == (850_000, 350_000)


@pytest.mark.parametrize(("gone", "total"), [(ACME, TOMORROW), (TOTAL, LATER)])
async def test_a_cost_whose_purse_is_gone_stays_due(scene: Scene, gone: str, total: datetime) -> None:
    """Of the purse there is another window, and of another purse one that begins on that day."""
    assert await _book(scene, "before", ACME, DAY, DAY, 5) == 1
    assert await _book(scene, "another's", BETA, LATER, TOMORROW, 5) == 1
    await scene.look.execute("DELETE FROM purse WHERE name = $1", gone)
    assert await _book(scene, "after", ACME, TOMORROW, total, 7) == 0
    assert len(await Incoming(scene.pool).costs(9)) == 1


async def test_a_cost_whose_purse_never_was_stays_due(scene: Scene) -> None:
    assert await _book(scene, "before", ACME, DAY, DAY, 5) == 1
    assert await _book(scene, "nobody's", "gamma", DAY, DAY, 5) == 0


# ---- receipts


async def _job(owner: Owner, name: str) -> str:
    tag, one = random_reference(), text(name)
    await owner.store(one)
    assert await owner.arm(intent(one.id, tag=tag)) == ["armed"]
    return tag


async def test_an_attempt_is_found_by_what_is_its_own(scene: Scene) -> None:
    owner, find = scene.owner(), Parking(scene.pool).find
    sent, tag = await owner.armed("ana"), await _job(owner, "bea")
    await owner.settle(proof(sent, "accepted", provider_id="SM1"))
    bea = pseudonym("bea")
    for asked in ((None, sent.reference, None), ("SM1", None, None), (None, tag, bea)):
        assert await find(ACME, *asked) is not None, asked
        assert await find(BETA, *asked) is None, asked
    strange = random_reference()
    for other in (
        (None, strange, None),
        ("SM2", None, None),
        (None, tag, pseudonym("eve")),
        (None, strange, bea),
    ):
        assert await find(ACME, *other) is None, other


async def test_a_receipt_of_a_job_is_of_that_job_and_account(scene: Scene) -> None:
    tag = await _job(scene.owner(), "bea")
    bea = pseudonym("bea")
    await Receipts().store(
        scene.pool.line(),
        [notice(reference=random_reference(), texter=bea), notice(account=BETA, reference=tag, texter=bea)],
    )
    assert [parked.attempt for parked in await Parking(scene.pool).due([], 9)] == [None, None]


async def test_a_plain_receipt_is_applied_once_in_its_time_to_its_own_text(scene: Scene) -> None:
    owner, parking = scene.owner(), Parking(scene.pool)
    ana, bea = [await owner.armed(name) for name in ("ana", "bea")]
    await owner.settle(proof(ana, "accepted"), proof(bea, "accepted"))
    await Receipts().store(scene.pool.line(), [notice(reference=ana.reference)])
    number = await scene.look.fetchval("SELECT id FROM receipt")
    await parking.put_off([PutOff(number, timedelta(minutes=1))])
    assert await parking.plain([ACME], 9) == [], "not yet"
    await parking.put_off([PutOff(number, timedelta())])
    assert len(await parking.plain([ACME], 9)) == 1
    assert await parking.plain([ACME], 9) == [], "no more"
    rows = await scene.look.fetch("SELECT reference, receipt_rank FROM attempt")
    assert {row["reference"]: row["receipt_rank"] for row in rows} == {ana.reference: 3, bea.reference: -1}


# ---- long texts


async def test_the_pieces_of_two_long_texts_of_one_texter_are_kept_apart(scene: Scene) -> None:
    owner = scene.owner()
    kim = pseudonym("kim")
    await owner.store(
        *(
            text(
                f"{reference} {index}", texter=kim, part=(reference, index, 2), join_key=f"kim {reference}",
                claim=False, not_before=NOON + PERIOD, letter=f"{reference} {index}".encode(),
            )
            for reference in ("one", "two")
            for index in (1, 2)
        )
    )  # fmt: skip
    letters = [[letter for _, letter in claim.letters] for claim in await owner.claim()]
    assert sorted(letters) == [[b"one 1", b"one 2"], [b"two 1", b"two 2"]]

"""Stored receipts: once each, found with their attempt by reference, by job and receiver, or by the id."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from router.postgres.parked import Applied, Parking, PutOff
from router.postgres.receipts import Notice, Receipts
from router.vault import random_reference
from tests.postgres.scene import ACME, BETA, NOON, Owner, Scene, intent, proof, pseudonym, text


def notice(**different: Any) -> Notice:
    """A receipt of acme's; what it says is its digest."""
    said: dict[str, Any] = {
        "account": ACME,
        "digest": hashlib.sha256(repr(sorted(different.items())).encode()).digest(),
        "provider_id": None,
        "reference": None,
        "texter": None,
        "status": "delivered",
        "code": "",
        "refused": "",
        "proven_unsent": False,
        "unbilled": False,
        "amount": None,
        "unit": None,
        "parts": None,
        "provider_at": None,
        "received_at": NOON,
        "raw": b"sealed",
    }
    return Notice(**(said | different))


async def _store(scene: Scene, *notices: Notice) -> list[bool]:
    return await Receipts().store(scene.pool.line(), notices)


async def _job(owner: Owner, *names: str) -> str:
    """One job with a text for each, all armed under one tag."""
    tag = random_reference()
    texts = [text(name) for name in names]
    await owner.store(*texts)
    assert await owner.arm(*(intent(one.id, tag=tag) for one in texts)) == ["armed"] * len(names)
    return tag


async def test_the_same_receipt_is_stored_once_of_each_account(scene: Scene) -> None:
    one = notice(reference="a" * 20)
    assert await _store(scene, one, one, replace(one, account=BETA)) == [True, False, True]
    assert await _store(scene, one) == [False]


async def test_it_is_found_by_the_reference(scene: Scene) -> None:
    sent = await scene.owner().armed("ana")
    await _store(scene, notice(reference=sent.reference))
    (parked,) = await Parking(scene.pool).due([], 10)
    assert parked.attempt is not None
    assert parked.attempt.reference == sent.reference


async def test_it_is_found_by_the_job_and_its_receiver(scene: Scene) -> None:
    tag = await _job(scene.owner(), "ana", "bea")
    await _store(scene, notice(reference=tag, texter=pseudonym("bea")))
    (parked,) = await Parking(scene.pool).due([], 10)
    assert parked.attempt is not None
    texter = await scene.look.fetchval(
        "SELECT texter FROM attempt WHERE reference = $1", parked.attempt.reference
    )
    assert texter == pseudonym("bea")


async def test_a_job_without_a_receiver_names_nobody(scene: Scene) -> None:
    tag = await _job(scene.owner(), "ana", "bea")
    await _store(scene, notice(reference=tag))
    (parked,) = await Parking(scene.pool).due([], 10)
    assert parked.attempt is None


async def test_it_is_found_by_the_provider_s_id_once_that_is_known(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("ana")
    await _store(scene, notice(provider_id="SM1"))
    parking = Parking(scene.pool)
    assert [parked.attempt for parked in await parking.due([], 10)] == [None]
    await owner.settle(proof(sent, "accepted", provider_id="SM1"))
    (parked,) = await parking.due([], 10)
    assert parked.attempt is not None
    assert parked.attempt.reference == sent.reference


async def test_another_account_s_receipt_does_not_find_it(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("ana")
    await owner.settle(proof(sent, "accepted", provider_id="SM1"))
    await _store(
        scene,
        notice(account=BETA, reference=sent.reference),
        notice(account=BETA, provider_id="SM1"),
    )
    assert [parked.attempt for parked in await Parking(scene.pool).due([], 10)] == [None, None]


async def test_a_plain_receipt_moves_its_own_account_s_text_up_and_no_other(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("ana")
    await owner.settle(proof(sent, "accepted"))
    parking = Parking(scene.pool)
    await _store(scene, notice(account=BETA, reference=sent.reference))
    assert await parking.plain([ACME, BETA], 10) == []
    assert await _receipt(scene) == ("", -1)
    await _store(
        scene, *(notice(reference=sent.reference, status=status) for status in ("delivered", "sent"))
    )
    assert {account for account, _ in await parking.plain([ACME, BETA], 10)} == {ACME}
    assert await _receipt(scene) == ("delivered", 3)


async def _receipt(scene: Scene) -> tuple[str, int]:
    row = await scene.look.fetchrow("SELECT receipt, receipt_rank FROM attempt")
    assert row is not None
    return row["receipt"], row["receipt_rank"]


async def test_what_is_put_away_or_put_off_is_not_due(scene: Scene) -> None:
    await _store(scene, *(notice(provider_id=f"SM{n}") for n in range(4)))
    parking = Parking(scene.pool)
    first, second, third, fourth = await parking.due([], 10)
    await parking.applied([Applied(first.id, None, None)])
    await parking.put_off(
        [PutOff(second.id, timedelta(minutes=1)), PutOff(third.id, timedelta(0), tried=False)]
    )
    later = await parking.due([], 10)
    assert [(parked.id, parked.tries) for parked in later] == [(third.id, 0), (fourth.id, 0)]


async def test_a_plain_receipt_that_overtakes_its_send_s_answer_waits_a_second_for_it(scene: Scene) -> None:
    owner, parking = scene.owner(), Parking(scene.pool)
    sent = await owner.armed("ana")
    await _store(
        scene,
        notice(reference=sent.reference),
        notice(reference=sent.reference, amount=Decimal(1), unit="EUR"),
    )
    assert await parking.plain([ACME], 10) == []
    assert [parked.receipt.price is None for parked in await parking.due([ACME], 10)] == [False]
    await owner.settle(proof(sent, "accepted"))
    assert await parking.plain([ACME], 10) == [(ACME, 0.0)]


async def test_a_plain_receipt_proves_a_send_whose_own_answer_does_not_come(scene: Scene) -> None:
    sent = await scene.owner().armed("ana")
    await _store(scene, notice(reference=sent.reference))
    await scene.look.execute("UPDATE receipt SET try_after = now() - interval '1 s'")
    (parked,) = await Parking(scene.pool).due([ACME], 10)
    assert parked.attempt is not None

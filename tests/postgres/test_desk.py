"""The desk: what the database refuses stands alone, and nothing armed is left behind by who went away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from router.postgres import desk as desks
from router.postgres.desk import Desk
from router.postgres.inbox import POISON, Finish, Inbox
from router.postgres.ledger import Intent, Ledger, Proof
from router.postgres.pool import DatabaseAwayError, Line
from router.postgres.receipts import Notice
from router.rules.consent import Consent
from tests.postgres.scene import LEASE, NOON, Owner, Scene, intent, proof, pseudonym
from tests.postgres.scene import text as text_of


@pytest.fixture
def owner(scene: Scene) -> Owner:
    return scene.owner()


@pytest.fixture
async def desk(scene: Scene, owner: Owner) -> AsyncIterator[Desk]:
    desk = Desk(scene.pool, Inbox(owner.id, LEASE), Ledger(owner.id, LEASE), lambda: NOON)
    yield desk
    await desk.drain()


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """The answer of each, or the name of what it raised."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, POISON) for one in found if isinstance(one, BaseException)), found
    return ["poison" if isinstance(one, BaseException) else one for one in found]


NUL, SURROGATE = "a\0b", "a\ud800b"


@pytest.mark.parametrize(
    "poison",
    [
        {"provider_id": NUL},
        {"provider_id": SURROGATE},
        {"texter": b"short"},
        {"priority": 10**6},
        {"score": "much"},
        {"source": "rumour"},
        {"lane": None},
        {"cost": (-1, None, "EUR", None)},
        {"cost": (2**63, None, "EUR", None)},
    ],
    ids=str,
)
async def test_a_poisoned_text_stands_alone(desk: Desk, poison: dict[str, Any]) -> None:
    texts = [text_of(str(n)) for n in range(9)]
    texts[4] = replace(texts[4], **poison)
    found = await together(*map(desk.store, texts))
    assert [one if one == "poison" else one.fresh for one in found] == [True] * 4 + ["poison"] + [True] * 4


@pytest.mark.parametrize(
    "poison",
    [
        {"estimate": 2**63},
        {"estimate": -1},
        {"reference": "not one of ours"},
        {"sender": NUL},
        {"passed_over": SURROGATE},
        {"ceiling": 2**31},
    ],
    ids=str,
)
async def test_a_poisoned_intent_stands_alone(desk: Desk, owner: Owner, poison: dict[str, Any]) -> None:
    texts = [text_of(str(n)) for n in range(5)]
    await owner.store(*texts)
    intents = [intent(one.id) for one in texts]
    intents[2] = replace(intents[2], **poison)
    assert await together(*map(desk.arm, intents)) == ["armed", "armed", "poison", "armed", "armed"]


@pytest.mark.parametrize(
    "poison",
    [
        {"provider_id": NUL},
        {"code": SURROGATE},
        {"parts": 40_000},
        {"price": 2**63},
        {"price": -1},
        {"outcome": "refused", "then": "nowhere"},
        {"provider_id": "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(10_000))},
    ],
    ids=lambda poison: str(poison)[:30],
)
async def test_a_poisoned_proof_stands_alone(desk: Desk, owner: Owner, poison: dict[str, Any]) -> None:
    sent = [await owner.armed(str(n)) for n in range(5)]
    proofs = [proof(one, "accepted") for one in sent]
    proofs[2] = replace(proofs[2], **poison)
    assert await together(*map(desk.settle, proofs)) == ["accepted"] * 2 + ["poison"] + ["accepted"] * 2


def notice(digest: str, **different: Any) -> Notice:
    said: dict[str, Any] = {
        "account": "acme", "digest": digest.encode(), "provider_id": "SM1", "reference": None, "texter": None,
        "status": "sent", "code": "", "refused": "", "proven_unsent": False, "unbilled": False,
        "amount": None, "unit": None, "parts": 1, "provider_at": None, "received_at": NOON, "raw": b"",
    }  # fmt: skip
    return Notice(**(said | different))


async def test_a_poisoned_receipt_stands_alone_and_a_known_one_is_not_fresh(desk: Desk) -> None:
    notices = [notice("a"), notice("b", code=NUL), notice("c"), notice("d", provider_id=None), notice("a")]
    assert await together(*map(desk.receive, notices)) == [True, "poison", True, "poison", False]


async def test_a_poisoned_end_or_wish_stands_alone(desk: Desk, owner: Owner) -> None:
    texts = [text_of(str(n)) for n in range(3)]
    await owner.store(*texts)
    ends = [Finish(one.id, 1, "failed", "", None) for one in texts]
    ends[1] = ends[1]._replace(state="delayed")
    assert await together(*map(desk.finish, ends)) == [True, "poison", True]
    wishes = [(who, Consent.OPT_OUT, NOON) for who in (pseudonym("a"), b"short", pseudonym("b"))]
    assert await together(*map(desk.consent, wishes)) == [None, "poison", None]


async def test_many_callers_are_few_commits(desk: Desk) -> None:
    await asyncio.gather(*(desk.store(text_of(str(n))) for n in range(150)))
    assert desk.store.items == 150
    assert desk.store.flushes <= 3


async def test_what_was_armed_for_who_went_away_is_settled_as_unsent(
    desk: Desk, owner: Owner, scene: Scene
) -> None:
    kim, ada = text_of("kim"), text_of("ada")
    await owner.store(kim, ada)
    one, other = intent(kim.id), intent(ada.id)
    leaving, staying = asyncio.create_task(desk.arm(one)), asyncio.create_task(desk.arm(other))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == "armed"
    await desk.drain()
    assert (await scene.attempt(one), await scene.reply(one)) == ("refused", "queued")
    assert await scene.window() == (100, 0, 0)


async def test_an_orphan_that_cannot_be_settled_waits_for_the_reaper(
    scene: Scene, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: Ledger, line: Line, proofs: list[Proof], now: object) -> list[str]:
        raise DatabaseAwayError("away")

    monkeypatch.setattr(Ledger, "settle", away)
    desk = Desk(scene.pool, Inbox(owner.id, LEASE), Ledger(owner.id, LEASE), lambda: NOON)
    kim = text_of("kim")
    await owner.store(kim)
    one = intent(kim.id)
    leaving = asyncio.create_task(desk.arm(one))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaving.cancel()
    await desk.drain()
    assert (await scene.attempt(one), await scene.reply(one)) == ("open", "sending")


async def _lost_arm_is_undone(desk: Desk, scene: Scene, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """The database does one of the two, and is lost before it says so; it comes back a moment later."""
    kim = text_of("kim")
    await desk.store(kim)
    one = intent(kim.id)
    with monkeypatch.context() as patch:
        call = getattr(Ledger, lost)

        async def lose(*given: Any) -> None:
            await call(*given)
            raise DatabaseAwayError("lost")

        async def away(*_given: object) -> None:
            raise DatabaseAwayError("away")

        patch.setattr(Ledger, "settle", away)
        patch.setattr(Ledger, lost, lose)
        with suppress(DatabaseAwayError):
            await desk.arm(one)
            await desk.settle(proof(one, "accepted"))
        assert desk._orphans
    await asyncio.wait_for(asyncio.gather(*desk._orphans.values()), 5)
    found = (await scene.attempt(one), await scene.reply(one))
    assert found == (("refused", "queued") if lost == "arm" else ("accepted", "accepted"))


@pytest.mark.parametrize("lost", ["arm", "settle"])
async def test_what_was_lost_with_the_database_is_settled_when_it_is_back(
    desk: Desk, scene: Scene, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(desks, "_PAUSE", 0.05)
    await _lost_arm_is_undone(desk, scene, monkeypatch, lost)


async def test_without_insisting_a_lost_arm_is_in_doubt(
    desk: Desk, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "_insist", lambda *_: None)
    with pytest.raises(AssertionError):
        await _lost_arm_is_undone(desk, scene, monkeypatch, "arm")


async def test_whatever_settling_an_orphan_raises_stays_here(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def settle(_proof: Proof) -> str:
        raise RuntimeError("a flush of 1 was answered by 2")

    armed: Intent = intent(text_of("kim").id)
    with monkeypatch.context() as patch:
        patch.setattr(desk, "settle", settle)
        desk._unsent(armed, "armed")
        await asyncio.wait_for(asyncio.gather(*desk._orphans.values()), 5)
    assert desk._orphans == {}


@pytest.mark.parametrize(
    "statement", ["SET statement_timeout = 20; SELECT pg_sleep(5)", "SET LOCAL lock_timeout = 20; LOCK reply"]
)
async def test_a_statement_that_the_database_gives_up_is_no_fault_of_the_texts(
    scene: Scene, owner: Owner, statement: str
) -> None:
    async with scene.look.transaction():
        await scene.look.execute("LOCK reply")
        with pytest.raises(DatabaseAwayError):
            async with owner.line.connection() as connection:
                await connection.execute(statement)
    assert await owner.store(text_of("kim")) == [True]

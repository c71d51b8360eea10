"""Texts as rows: stored once, claimed best first and by one, let go, joined from pieces."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from router.postgres.inbox import Arrival
from router.postgres.upkeep import Upkeep
from router.rules.consent import Consent
from tests.postgres.scene import NOON, PERIOD, Scene, pseudonym
from tests.postgres.scene import text as text_of


def waiting(name: str, **different: Any) -> Arrival:
    return text_of(name, **({"claim": False} | different))


def piece(index: int, total: int = 3, **different: Any) -> Arrival:
    """One piece of a long text of Kim's, which waits for the others."""
    said: dict[str, Any] = {
        "texter": pseudonym("kim"),
        "part": ("ref", index, total),
        "join_key": "kim ref",
        "not_before": NOON + timedelta(seconds=60),
        "letter": f"piece {index}".encode(),
    }
    return waiting(f"piece {index}", **(said | different))


async def test_a_text_is_stored_with_its_reply_and_all_it_said(scene: Scene) -> None:
    owner = scene.owner()
    arrival = waiting(
        "kim", part=None, provider_at=NOON, score=0.5, tier="raid", priority=2, verified=False, source="log",
        cost=(12_000, Decimal("0.012"), "EUR", Decimal(1)),
    )  # fmt: skip
    assert await owner.store(arrival) == [True]
    row = await scene.look.fetchrow("SELECT * FROM inbound")
    assert row is not None
    for name in ("id", "account", "provider_id", "number", "texter", "letter", "raw", "provider_at",
                 "received_at", "verified", "source", "score", "tier"):  # fmt: skip
        assert row[name] == getattr(arrival, name), name
    assert (row["cost"], row["cost_amount"], row["cost_unit"], row["cost_due"]) == (
        12_000, Decimal("0.012"), "EUR", True,
    )  # fmt: skip
    reply = await scene.look.fetchrow("SELECT * FROM reply")
    assert reply is not None
    assert (reply["state"], reply["priority"], reply["fence"]) == ("queued", 2, 0)


@pytest.mark.parametrize(
    ("different", "state"),
    [
        ({"claim": True}, "claimed"),
        ({"claim": False}, "queued"),
        ({"claim": False, "not_before": NOON + timedelta(seconds=5)}, "delayed"),
    ],
)
async def test_a_reply_begins_where_it_has_to(scene: Scene, different: dict[str, Any], state: str) -> None:
    one = text_of("kim", **different)
    await scene.owner().store(one)
    assert await scene.reply(one) == state


async def test_the_same_text_is_stored_once_in_a_batch_and_across_batches(scene: Scene) -> None:
    owner = scene.owner()
    kim, ada = text_of("kim"), text_of("ada")
    assert await owner.store(kim, replace(kim), ada, kim) == [True, False, True, False]
    assert await owner.store(replace(ada), text_of("eve")) == [False, True]
    assert await scene.look.fetchval("SELECT count(*) FROM reply") == 3


async def test_whoever_stores_a_text_again_does_not_get_it_claimed(scene: Scene) -> None:
    owner, other = scene.owner(), scene.owner()
    kim = text_of("kim")
    (stored,) = await owner.inbox.store(owner.line, [kim])
    (again,) = await other.inbox.store(other.line, [replace(kim)])
    assert (stored.fresh, stored.claimed) == (True, True)
    assert (again.fresh, again.claimed) == (False, False)


async def test_the_same_texts_through_many_doors_at_once_are_stored_once(scene: Scene) -> None:
    texts = [text_of(str(n)) for n in range(40)]
    owners = [scene.owner() for _ in range(6)]
    orders = [texts, texts[::-1], texts[20:] + texts[:20]] * 2
    found = await asyncio.gather(
        *(one.store(*map(replace, order)) for one, order in zip(owners, orders, strict=True))
    )
    assert sum(map(sum, found)) == 40


async def test_storing_tells_the_texters_history_to_who_claims(scene: Scene) -> None:
    owner = scene.owner()
    await owner.armed("kim")
    await owner.inbox.consent(owner.line, [(pseudonym("kim"), Consent.OPT_OUT, NOON)])
    again, queued = (text_of(f"again {n}", texter=pseudonym("kim"), claim=not n) for n in range(2))
    first, second = await owner.inbox.store(owner.line, [again, queued])
    history = first.history
    assert (history.answered, history.next_allowed_at, history.opted_out_at) == (1, NOON + PERIOD, NOON)
    assert second.history.answered == 0
    (claim,) = await owner.claim()
    assert claim.history == history


async def test_claims_are_best_first_from_open_lanes_only(scene: Scene) -> None:
    owner = scene.owner()
    await owner.store(
        waiting("late", priority=2, received_at=NOON + timedelta(hours=1)),
        waiting("old", received_at=NOON - timedelta(hours=1)),
        waiting("new", lane="side"),
        waiting("first", priority=0),
        waiting("elsewhere", lane="closed", priority=0),
    )
    names = {text_of(name).id: name for name in ("late", "old", "new", "first")}
    claims = await owner.claim(3, ["side", "front"])
    assert [names[claim.id] for claim in claims] == ["first", "new", "old"]
    assert [claim.fence for claim in claims] == [1, 1, 1]
    assert [names[claim.id] for claim in await owner.claim(3, ["side", "front"])] == ["late"]
    assert await owner.claim(3, ["side", "front"]) == []
    assert await owner.claim(3, []) == []


async def test_a_text_is_claimed_by_one_whoever_asks(scene: Scene) -> None:
    owners = [scene.owner() for _ in range(6)]
    await owners[0].store(*(waiting(str(n)) for n in range(100)))
    claimed: list[Any] = []

    async def work(place: int) -> None:
        while claims := await owners[place].claim(7):
            claimed.extend(claim.id for claim in claims)

    await asyncio.gather(*map(work, range(6)))
    assert sorted(claimed) == sorted({text_of(str(n)).id for n in range(100)})


async def test_what_waits_is_not_claimed_before_it_is_due(scene: Scene) -> None:
    owner = scene.owner()
    await owner.store(waiting("kim", not_before=NOON))
    assert await owner.claim() == []
    upkeep = Upkeep(scene.pool)
    assert await upkeep.due(NOON - timedelta(microseconds=1)) == 0
    assert await upkeep.due(NOON) == 1
    assert len(await owner.claim()) == 1


async def test_a_claim_is_let_go_once_by_who_has_it(scene: Scene) -> None:
    owner, other = scene.owner(), scene.owner()
    kim, ada = text_of("kim"), text_of("ada")
    await owner.store(kim, ada)
    assert not await other.finish(kim.id, 1, "failed")
    assert not await owner.finish(kim.id, 2, "failed")
    assert await owner.finish(kim.id, 1, "suppressed")
    assert not await owner.finish(kim.id, 1, "failed")
    assert await owner.finish(ada.id, 1, "delayed", NOON)
    assert (await scene.reply(kim), await scene.reply(ada)) == ("suppressed", "delayed")


async def test_what_is_sending_is_not_let_go(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    assert not await owner.finish(sent.reply, 1, "queued")
    assert not await owner.finish(sent.reply, 2, "queued")
    assert await scene.reply(sent) == "sending"


async def test_the_last_wish_counts_and_the_first_opt_out_is_dated(scene: Scene) -> None:
    owner = scene.owner()
    who = pseudonym("kim")
    later = NOON + timedelta(hours=1)

    async def says(*wishes: tuple[Consent, Any]) -> Any:
        await owner.inbox.consent(owner.line, [(who, wish, at) for wish, at in wishes])
        return (await scene.texter("kim"))["opted_out_at"]

    assert await says((Consent.OPT_OUT, NOON)) == NOON
    assert await says((Consent.OPT_OUT, later)) == NOON
    assert await says((Consent.OPT_OUT, NOON), (Consent.RESUME, NOON)) is None
    assert await says((Consent.RESUME, NOON), (Consent.OPT_OUT, later)) == later


async def test_pieces_are_one_reply_ready_when_the_last_has_come(scene: Scene) -> None:
    owner = scene.owner()
    assert await owner.store(piece(2)) == [True]
    assert await owner.claim() == []
    assert await owner.store(piece(1), piece(1)) == [True, False]
    assert await owner.claim() == []
    assert await owner.store(piece(3)) == [True]
    (claim,) = await owner.claim()
    assert claim.id == piece(2).id
    assert [letter for _, letter in claim.letters] == [b"piece 1", b"piece 2", b"piece 3"]
    assert await scene.look.fetchval("SELECT count(*) FROM reply") == 1


async def test_pieces_in_one_batch_are_one_reply(scene: Scene) -> None:
    owner = scene.owner()
    assert await owner.store(piece(3), piece(1), piece(2)) == [True] * 3
    (claim,) = await owner.claim()
    assert len(claim.letters) == 3


async def test_a_long_text_that_never_becomes_whole_is_answered_by_what_came(scene: Scene) -> None:
    owner = scene.owner()
    await owner.store(piece(3), piece(1))
    assert await Upkeep(scene.pool).due(NOON + timedelta(seconds=60)) == 1
    (claim,) = await owner.claim()
    assert [letter for _, letter in claim.letters] == [b"piece 1", b"piece 3"]
    await owner.store(piece(2))
    assert await owner.claim() == []


@pytest.mark.parametrize("turn", range(5))
async def test_pieces_through_many_doors_at_once_are_one_reply_and_ready(scene: Scene, turn: int) -> None:
    owners = [scene.owner() for _ in range(6)]
    for one in owners:
        await one.claim()  # connected, so that they are at once
    pieces = [piece(index, 6) for index in range(1, 7)]
    await asyncio.gather(*(one.store(part) for one, part in zip(owners, pieces, strict=True)))
    (claim,) = await owners[turn].claim()
    assert len(claim.letters) == 6


async def test_pieces_of_others_and_of_another_time_are_not_mixed_in(scene: Scene) -> None:
    owner = scene.owner()
    hour = timedelta(hours=1)
    await owner.store(
        piece(1, 2),
        piece(2, 2, texter=pseudonym("ada"), join_key="ada ref"),
        replace(piece(2, 2), id=text_of("other").id, received_at=NOON + hour, join_key="kim ref later"),
        replace(piece(2, 2), id=text_of("beta").id, account="beta", join_key="beta kim ref"),
    )
    assert await owner.claim() == []
    await Upkeep(scene.pool).due(NOON + hour)
    claims = await owner.claim()
    assert [len(claim.letters) for claim in claims] == [1] * 4

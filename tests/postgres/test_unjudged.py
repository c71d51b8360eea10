"""Texts that wait unclaimed in a raid: which are judged, and what a judgement that comes late may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.lookout import Lookout
from router.postgres.held import HeldBooks, Verdict
from router.postgres.inbox import Claimed
from router.postgres.raid import RaidBooks
from router.rules.campaign import Raids
from router.vault import Vault
from tests.postgres.scene import NOON, Owner, Scene, scene_in, text


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with scene_in(database) as scene:
        yield scene


@pytest.fixture
def lookout(scene: Scene, tmp_path: Path) -> Lookout:
    return Lookout(Vault.in_folder(tmp_path), RaidBooks(scene.pool), Raids())


def verdict(waits: Claimed, *, held: bool = True, version: int = 0) -> Verdict:
    """What is written down of it; rank and line do not matter here."""
    return Verdict(waits.id, waits.fence, version, 2.0, 1.0, held, grave=False, cluster="c", at=NOON)


async def raided(scene: Scene, lookout: Lookout) -> tuple[Owner, HeldBooks, Claimed]:
    """A raid, and one text that waits in it, as it was read."""
    owner, books = scene.owner(), HeldBooks(scene.pool)
    await owner.store(text("one", claim=False))
    assert await lookout.declare(NOON, "kim")
    (waits,) = await books.unjudged(0, [], 10)
    return owner, books, waits


async def state(scene: Scene) -> str:
    return str(await scene.look.fetchval("SELECT state FROM reply"))


async def test_in_a_raid_those_that_wait_are_read_until_they_are_judged(
    scene: Scene, lookout: Lookout
) -> None:
    owner, books = scene.owner(), HeldBooks(scene.pool)
    later = text("later", claim=False, not_before=NOON)
    piece = text("piece", claim=False, not_before=NOON, part=("r", 1, 2), join_key="j")
    await owner.store(text("claimed"), text("queued", claim=False), later, piece)
    assert await books.unjudged(0, [], 10) == []
    assert await lookout.declare(NOON, "kim")
    found = {each.id: each for each in await books.unjudged(0, [], 10)}
    assert set(found) == {text("queued").id, later.id}
    assert await books.unjudged(-1, [], 10) == []
    assert [each.id for each in await books.unjudged(0, [later.id], 10)] == [text("queued").id]
    assert (
        await books.judge([verdict(each, held=each.id == later.id) for each in found.values()]) == [True] * 2
    )
    assert await books.unjudged(0, [], 10) == []
    held = "SELECT id, reason, owner, reserved FROM reply WHERE state = 'held'"
    assert [tuple(row) for row in await scene.look.fetch(held)] == [(later.id, "raid", None, 0)]
    due = "SELECT item FROM evidence_due WHERE kind = 'judgement'"
    assert [row["item"] for row in await scene.look.fetch(due)] == [later.id]


async def test_pieces_that_are_all_there_are_read(scene: Scene, lookout: Lookout) -> None:
    owner, books = scene.owner(), HeldBooks(scene.pool)
    assert await lookout.declare(NOON, "kim")
    for place in (1, 2):
        said = {"texter": text("first").texter, "part": ("r", place, 2), "join_key": "j"}
        assert await books.unjudged(0, [], 10) == []
        await owner.store(text(f"piece {place}", claim=False, not_before=NOON, **said))
    (whole,) = await books.unjudged(0, [], 10)
    assert len(whole.letters) == 2


async def test_what_was_claimed_since_it_was_read_is_not_held(scene: Scene, lookout: Lookout) -> None:
    owner, books, waits = await raided(scene, lookout)
    (claim,) = await owner.claim()
    assert await books.judge([verdict(waits)]) == [False]
    assert await owner.finish(claim.id, claim.fence, "queued")
    assert await books.judge([verdict(waits)]) == [False]
    assert await state(scene) == "queued"


async def test_what_the_operator_let_go_is_neither_read_nor_held(scene: Scene, lookout: Lookout) -> None:
    _, books, waits = await raided(scene, lookout)
    assert await books.judge([verdict(waits)]) == [True]
    assert await books.release(NOON, None, "kim") == 1
    assert await books.unjudged(0, [], 10) == []
    assert await books.judge([verdict(waits)]) == [False]
    assert await state(scene) == "queued"


async def test_what_calm_let_go_is_judged_by_the_next_raid(scene: Scene, lookout: Lookout) -> None:
    _, books, waits = await raided(scene, lookout)
    assert await books.judge([verdict(waits)]) == [True]
    assert await lookout.end(NOON, "kim")
    assert await books.calm(NOON, ["front"], 10) == 1
    assert await books.unjudged(9, [], 10) == []
    await scene.look.execute("UPDATE raid_state SET version = 5")
    assert await lookout.declare(NOON, "kim")
    assert [each.id for each in await books.unjudged(5, [], 10)] == [waits.id]
    assert await books.judge([verdict(waits, version=5)]) == [True]
    assert (await state(scene), await books.unjudged(5, [], 10)) == ("held", [])

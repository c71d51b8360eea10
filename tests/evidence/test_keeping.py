"""What is due is erased and what is held is not; whatever goes, the chain stays whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from router.evidence.audit import audit
from router.postgres.review import Reviews, UnknownTextError
from router.rules.campaign import SPAN, Mode
from router.sweep.forgetting import Forgetting
from tests.evidence.handed import handed, stranger
from tests.evidence.scene import NOON, Scene, scene_in

DAY = timedelta(days=1)
SENDER = "+33639980001"
_LEFT = "SELECT count(*) FROM inbound WHERE letter <> '' AND raw <> ''"


async def _forget(scene: Scene, after: timedelta, keep: tuple[int, int] = (30, 365)) -> None:
    """What is due then; ordinary and suspicious texts are kept for so many days."""
    ordinary, suspicious = keep
    forgetting = Forgetting(scene.keeping, ordinary * DAY, suspicious * DAY, lambda: NOON + after)
    while await forgetting():
        pass


async def _is_whole(scene: Scene) -> bool:
    await scene.seal()
    return (await audit(scene.pool, scene.seals)).findings == []


async def test_ordinary_texts_go_first_and_suspicious_ones_later(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("ordinary", scene.text("suspicious", tier="model"))
        await _forget(scene, 29 * DAY)
        assert await scene.value(_LEFT) == 2
        await _forget(scene, 31 * DAY)
        assert await scene.value(_LEFT) == 1
        assert await _is_whole(scene)
        await _forget(scene, 366 * DAY)
        assert await scene.value(_LEFT) == 0
        assert await scene.value("SELECT count(*) FROM evidence WHERE kind = 'text' AND words IS NULL") == 2
        assert await _is_whole(scene)


async def _held_for_a_year(scene: Scene) -> int:
    """How many of two texts are left after two years, of which one is held."""
    await scene.sealed("held", scene.text("not held", received_at=NOON + 2 * DAY))
    await scene.keeping.hold("raid", NOON - DAY, NOON + DAY, by="kim", why="complaint")
    await _forget(scene, 700 * DAY)
    return int(await scene.value(_LEFT))


async def test_what_is_held_stays_until_it_is_released(database: str) -> None:
    async with scene_in(database) as scene:
        assert await _held_for_a_year(scene) == 1
        assert await _is_whole(scene)
        assert await scene.keeping.lift("raid", by="kim", why="closed")
        await _forget(scene, 700 * DAY)
        assert await scene.value(_LEFT) == 0
        assert await _is_whole(scene)


async def test_control_without_the_hold_it_goes(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_words: object, **_more: object) -> bool:
        return True

    monkeypatch.setattr("router.postgres.keeping.Keeping.hold", nothing)
    async with scene_in(database) as scene:
        assert await _held_for_a_year(scene) == 0


async def test_what_a_texter_wrote_is_erased_and_a_folder_made_then_says_so(
    database: str, tmp_path: Path
) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one", "two", scene.text("somebody else's", "+33639980002"))
        done = await scene.keeping.erase_texter(scene.vault.pseudonym(SENDER), by="kim", why="asked")
        assert done == (2, 0, 0)
        assert await scene.value(_LEFT) == 1
        assert await _is_whole(scene)
        await handed(scene, tmp_path / "folder", full=True)
    code, said = stranger(tmp_path / "folder")
    assert (code, "texts whose words are erased 2" in said) == (0, True)


async def test_control_without_the_act_an_erasure_is_a_deletion(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silently(*_words: object) -> None: ...

    monkeypatch.setattr("router.postgres.keeping._erased", silently)
    async with scene_in(database) as scene:
        await scene.sealed("one")
        await scene.keeping.erase_texter(scene.vault.pseudonym(SENDER), by="kim", why="asked")
        assert not await _is_whole(scene)
        await handed(scene, tmp_path / "folder", full=True)
    assert stranger(tmp_path / "folder")[0] == 3


async def test_what_is_still_to_be_answered_or_sealed_is_not_erased_and_is_counted(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.store("waits", decided=False)
        await scene.seal()
        await scene.store("not sealed")
        done = await scene.keeping.erase_texter(scene.vault.pseudonym(SENDER), by="kim", why="asked")
        assert done == (0, 0, 2)


async def _buckets(scene: Scene) -> None:
    """Three of calm, of which the second has the newest count of all words, and one of a raid."""
    for place, (mode, words) in enumerate((("calm", b"w"), ("calm", b"w"), ("calm", None), ("raid", None))):
        await scene.look.execute(
            "INSERT INTO raid_bucket (at, texts, flagged, sightings, version, mode, words)"
            " VALUES ($1, 1, 0, ARRAY['s'::bytea], $2, $3, $4)",
            NOON + place * timedelta(minutes=1), place + 1, mode, words,
        )  # fmt: skip


_SHORT = (1, 3)
"""Days; buckets go six hours at a time."""
_REMEMBERED = "SELECT array_agg(version ORDER BY version) FROM raid_bucket WHERE {}"


async def test_what_raids_are_counted_by_goes_with_age_and_the_newest_count_stays(database: str) -> None:
    async with scene_in(database) as scene:
        await _buckets(scene)
        await _forget(scene, 2 * DAY, _SHORT)
        assert await scene.value(_REMEMBERED.format("sightings <> '{}'")) == [4]
        assert await scene.value(_REMEMBERED.format("words IS NOT NULL")) == [2]
        await _forget(scene, 4 * DAY, _SHORT)
        assert await scene.value(_REMEMBERED.format("sightings <> '{}'")) is None


async def test_what_a_raid_was_counted_by_is_held_too(database: str) -> None:
    async with scene_in(database) as scene:
        await _buckets(scene)
        await scene.keeping.hold("raid", NOON - DAY, NOON + DAY, by="kim", why="complaint")
        await _forget(scene, 4 * DAY, _SHORT)
        assert await scene.value(_REMEMBERED.format("sightings <> '{}'")) == [1, 2, 3, 4]
        await scene.keeping.hold("its start", NOON - DAY, NOON - SPAN / 2, by="kim", why="complaint")
        await scene.keeping.lift("raid", by="kim", why="closed")
        await _forget(scene, 4 * DAY, _SHORT)
        assert await scene.value(_REMEMBERED.format("sightings <> '{}'")) == [1]
        await scene.keeping.lift("its start", by="kim", why="closed")
        await _forget(scene, 4 * DAY, _SHORT)
        assert await scene.value(_REMEMBERED.format("sightings <> '{}'")) is None
        assert not await scene.keeping.forget_buckets(Mode.CALM, NOON)


async def test_who_opens_a_text_for_review_is_sealed_and_one_that_was_erased_is_not_there(
    database: str,
) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        which, reviews = scene.text("one").id, Reviews(scene.pool)
        await reviews.open(which, by="kim")
        assert await scene.look.fetchrow("SELECT what, by, why FROM evidence_act") == (
            "opened",
            "kim",
            "review",
        )
        await scene.seal()
        assert await scene.value("SELECT count(*) FROM evidence WHERE kind = 'act'") == 1
        await scene.keeping.erase_texter(scene.vault.pseudonym(SENDER), by="kim", why="asked")
        for erased in (which, uuid4()):
            with pytest.raises(UnknownTextError):
                await reviews.open(erased, by="kim")
        assert await reviews.drawn(NOON + timedelta(hours=1), 10) == []


_Act = Callable[[Scene], Awaitable[object]]


async def _opens(scene: Scene) -> None:
    await scene.keeping.opened("kim", "review", {})


async def _holds(scene: Scene) -> None:
    await scene.keeping.hold("raid", NOON, NOON + DAY, by="kim", why="complaint")
    await scene.keeping.lift("raid", by="kim", why="closed")


@pytest.mark.parametrize(("act", "what"), [(_opens, ["opened"]), (_holds, ["held", "lifted"])])
async def test_what_is_done_to_evidence_is_sealed_as_texts_are(
    database: str, act: _Act, what: list[str]
) -> None:
    async with scene_in(database) as scene:
        await act(scene)
        await scene.seal()
        rows = await scene.look.fetch(
            "SELECT a.what FROM evidence e JOIN evidence_act a ON a.id = e.item ORDER BY a.at"
        )
        assert [row["what"] for row in rows] == what
        assert await _is_whole(scene)


async def test_holds_are_listed_among_what_operators_did(database: str) -> None:
    async with scene_in(database) as scene:
        assert await scene.keeping.hold("raid", NOON, NOON + DAY, by="kim", why="complaint")
        assert not await scene.keeping.hold("raid", NOON, NOON + DAY, by="lou", why="complaint")
        assert await scene.keeping.lift("raid", by="kim", why="closed")
        assert not await scene.keeping.lift("raid", by="lou", why="closed")
        orders = await scene.look.fetch("SELECT what, by FROM operator_action ORDER BY id")
        assert [tuple(order) for order in orders] == [("evidence held", "kim"), ("evidence lifted", "kim")]
        assert await _is_whole(scene)

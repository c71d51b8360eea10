"""A few random texts of the day are looked at; what was said of them is kept with what the detector said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from router.postgres.review import Reviews, UnknownTextError
from router.rules.campaign import Mode
from router.rules.estimate import Label, Labels
from tests.postgres.scene import NOON, Scene, scene_in, text

DAY = timedelta(days=1)
FLAGGED = {"score": 0.9, "tier": "model"}


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with scene_in(database) as scene:
        yield scene


async def came(scene: Scene, *names: str, **different: object) -> list[UUID]:
    texts = [text(name, claim=False, **different) for name in names]
    await scene.owner().store(*texts)
    return [each.id for each in texts]


async def raid_since(scene: Scene, at: object) -> None:
    """As the evaluator writes it down."""
    async with scene.pool.connection() as connection:
        await connection.execute("UPDATE raid_state SET mode = 'raid', since = $1", at)
        await connection.execute(
            'INSERT INTO raid_change (at, mode, cause, version, statistic, "limit", baseline, raided, began,'
            " texts, flagged, policy, explanation)"
            " VALUES ($1, 'raid', 'statistic', 1, 18, 18, 0, 0, $1, 0, 0, '{}', '{}')",
            at,
        )


async def test_the_same_few_are_drawn_for_whoever_asks_and_the_labelled_stay(scene: Scene) -> None:
    ids = await came(scene, *(f"text {number}" for number in range(40)))
    reviews = Reviews(scene.pool)
    drawn = await reviews.drawn(NOON, 10)
    assert [each.id for each in drawn] == [each.id for each in await Reviews(scene.pool).drawn(NOON, 10)]
    assert len({each.id for each in drawn}) == 10
    assert {each.id for each in drawn} != set(ids[:10])
    await reviews.label(drawn[3].id, Label.FINE, by="kim")
    assert [each.label for each in await reviews.drawn(NOON, 10)].count(Label.FINE) == 1
    assert await reviews.drawn(NOON + 2 * DAY, 10) == []


async def test_which_are_drawn_has_nothing_to_do_with_what_they_say(scene: Scene) -> None:
    await came(scene, *(f"kind {number}" for number in range(300)))
    bad = set(await came(scene, *(f"bad {number}" for number in range(300)), **FLAGGED))
    drawn = await Reviews(scene.pool).drawn(NOON, 200)
    assert 70 < sum(each.id in bad for each in drawn) < 130


async def test_labels_are_counted_beside_what_the_detector_said(scene: Scene) -> None:
    flagged, plain = await came(scene, "a", "b", **FLAGGED), await came(scene, "c", "d", "e")
    reviews = Reviews(scene.pool)
    for text_id, label in zip(
        [*flagged, *plain],
        (Label.ABUSIVE, Label.FINE, Label.ABUSIVE, Label.FINE, Label.UNSURE),
        strict=True,
    ):
        await reviews.label(text_id, label, by="kim")
    sample = await reviews.sample(NOON)
    assert (sample.texts, sample.flagged) == (5, 2)
    assert sample.here == Labels(caught=1, wronged=1, missed=1, passed=1)
    assert sample.elsewhere == Labels()
    later = await reviews.sample(NOON + DAY)
    assert (later.texts, later.here, later.elsewhere) == (0, Labels(), sample.here)


async def test_the_last_word_counts(scene: Scene) -> None:
    (text_id,) = await came(scene, "a")
    reviews = Reviews(scene.pool)
    await reviews.label(text_id, Label.ABUSIVE, by="kim")
    await reviews.label(text_id, Label.FINE, by="lou")
    assert (await reviews.sample(NOON)).here == Labels(passed=1)


async def test_calm_and_raid_have_labels_of_their_own(scene: Scene) -> None:
    hour = timedelta(hours=1)
    (before,) = await came(scene, "before", received_at=NOON - 2 * hour)
    await raid_since(scene, NOON - hour)
    (within,) = await came(scene, "within", **FLAGGED)
    reviews = Reviews(scene.pool)
    await reviews.label(before, Label.FINE, by="kim")
    await reviews.label(within, Label.ABUSIVE, by="kim")
    sample = await reviews.sample(NOON)
    assert (sample.mode, sample.texts, sample.here) == (Mode.RAID, 1, Labels(caught=1))
    assert (sample.elsewhere, sample.other) == (Labels(), Labels(passed=1))
    assert (sample.count(Mode.CALM), sample.count(Mode.RAID)) == (1, 1)
    assert sample.share is None


async def test_an_opening_is_written_down(scene: Scene) -> None:
    (text_id,) = await came(scene, "a")
    opened = await Reviews(scene.pool).open(text_id, by="kim")
    assert opened.letters == ((text_id, b"sealed"),)
    async with scene.pool.connection() as connection:
        row = await connection.fetchrow("SELECT what, detail, by FROM operator_action")
    assert row is not None
    assert (row["what"], row["by"]) == ("review opened", "kim")
    assert str(text_id) in row["detail"]


async def test_what_is_not_there_is_neither_opened_nor_labelled(scene: Scene) -> None:
    reviews = Reviews(scene.pool)
    with pytest.raises(UnknownTextError):
        await reviews.open(uuid4(), by="kim")
    with pytest.raises(UnknownTextError):
        await reviews.label(uuid4(), Label.FINE, by="kim")


async def test_what_was_erased_is_not_labelled(scene: Scene) -> None:
    (text_id,) = await came(scene, "kim")
    reviews = Reviews(scene.pool)
    await reviews.label(text_id, Label.FINE, by="kim")
    await scene.look.execute("UPDATE inbound SET letter = ''")
    with pytest.raises(UnknownTextError):
        await reviews.label(text_id, Label.ABUSIVE, by="kim")
    assert await scene.look.fetchval("SELECT label FROM review") == "fine"

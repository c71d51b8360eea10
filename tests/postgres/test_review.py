"""A few random texts of the day are looked at; what was said of them is kept with what the detector said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import md5
from random import Random
from uuid import UUID, uuid4

import pytest

from router.postgres.review import NotDrawnError, Reviews, Sample, UnknownTextError
from router.rules.campaign import Mode
from router.rules.estimate import Label, Labels
from tests.postgres.scene import NOON, Scene, text

DAY = timedelta(days=1)
FLAGGED = {"score": 0.9, "tier": "model"}


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
    await reviews.label(drawn[3].id, Label.FINE, NOON, 40, by="kim")
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
        await reviews.label(text_id, label, NOON, 40, by="kim")
    sample = await reviews.sample(NOON)
    assert (sample.texts, sample.flagged) == (5, 2)
    assert sample.here == Labels(caught=1, wronged=1, missed=1, passed=1)
    assert sample.elsewhere == Labels()
    later = await reviews.sample(NOON + DAY)
    assert (later.texts, later.here, later.elsewhere) == (0, Labels(), sample.here)


async def test_the_last_word_counts(scene: Scene) -> None:
    (text_id,) = await came(scene, "a")
    reviews = Reviews(scene.pool)
    await reviews.label(text_id, Label.ABUSIVE, NOON, 40, by="kim")
    await reviews.label(text_id, Label.FINE, NOON, 40, by="lou")
    assert (await reviews.sample(NOON)).here == Labels(passed=1)


async def test_calm_and_raid_have_labels_of_their_own(scene: Scene) -> None:
    hour = timedelta(hours=1)
    (before,) = await came(scene, "before", received_at=NOON - 2 * hour)
    await raid_since(scene, NOON - hour)
    (within,) = await came(scene, "within", **FLAGGED)
    reviews = Reviews(scene.pool)
    await reviews.label(before, Label.FINE, NOON, 40, by="kim")
    await reviews.label(within, Label.ABUSIVE, NOON, 40, by="kim")
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


async def test_a_held_text_that_is_opened_is_no_review(scene: Scene) -> None:
    (text_id,) = await came(scene, "a")
    await scene.look.execute("UPDATE reply SET state = 'held', reason = 'raid' WHERE id = $1", text_id)
    await Reviews(scene.pool).open(text_id, by="kim")
    assert await scene.look.fetchval("SELECT what FROM operator_action") == "raid held opened"


async def test_what_is_not_there_is_neither_opened_nor_labelled(scene: Scene) -> None:
    reviews = Reviews(scene.pool)
    with pytest.raises(UnknownTextError):
        await reviews.open(uuid4(), by="kim")
    with pytest.raises(UnknownTextError):
        await reviews.label(uuid4(), Label.FINE, NOON, 40, by="kim")


async def test_what_was_erased_is_not_labelled(scene: Scene) -> None:
    (text_id,) = await came(scene, "kim")
    reviews = Reviews(scene.pool)
    await reviews.label(text_id, Label.FINE, NOON, 40, by="kim")
    await scene.look.execute("UPDATE inbound SET letter = ''")
    with pytest.raises(UnknownTextError):
        await reviews.label(text_id, Label.ABUSIVE, NOON, 40, by="kim")
    assert await scene.look.fetchval("SELECT label FROM review") == "fine"


def ever_drawn(came: dict[UUID, datetime], now: datetime, most: int) -> set[UUID]:
    """Those that were drawn at any moment until now, moment by moment."""
    moments = sorted({at for first in came.values() for at in (first, first + DAY) if at <= now})
    drawn: set[UUID] = set()
    for moment in moments:
        there = [text for text, at in came.items() if moment - DAY < at <= moment]
        drawn |= set(
            sorted(there, key=lambda text: md5(str(text).encode(), usedforsecurity=False).digest())[:most]
        )
    return drawn


async def labelled(scene: Scene, ids: Iterable[UUID], now: datetime, most: int) -> set[UUID]:
    """Those of these texts that can be labelled."""
    kept = set()
    for text_id in ids:
        with suppress(NotDrawnError):
            await Reviews(scene.pool).label(text_id, Label.ABUSIVE, now, most, by="kim")
            kept.add(text_id)
    return kept


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_drawn_at_any_moment_can_be_labelled_and_nothing_else(scene: Scene, seed: int) -> None:
    random = Random(seed)
    minutes = [random.choice([0, 0, 1440, *range(3_000)]) for _ in range(60)]
    at = {minute: NOON + timedelta(minutes=minute) for minute in minutes}
    texts = [text(f"{seed} {n}", claim=False, received_at=at[minute]) for n, minute in enumerate(minutes)]
    await scene.owner().store(*texts)
    came, now, most = {each.id: each.received_at for each in texts}, NOON + 2 * DAY, 4
    wanted = ever_drawn(came, now, most)
    assert 5 < len(wanted) < 50
    assert await labelled(scene, [each for each in came if came[each] <= now], now, most) == wanted
    assert {each.id for each in await Reviews(scene.pool).drawn(now, most)} <= wanted


async def one_sided(scene: Scene) -> Sample:
    """Of 400 texts a tenth is flagged; somebody labels these, and only then those that were drawn."""
    ids = await came(scene, *(f"text {number}" for number in range(360)))
    flagged = await came(scene, *(f"bad {number}" for number in range(40)), **FLAGGED)
    await labelled(scene, flagged, NOON, 30)
    reviews = Reviews(scene.pool)
    for drawn in await reviews.drawn(NOON, 30):
        label = Label.ABUSIVE if drawn.id in flagged or drawn.id in ids[:100] else Label.FINE
        await reviews.label(drawn.id, label, NOON, 30, by="kim")
    return await reviews.sample(NOON)


async def test_texts_that_somebody_chose_say_nothing_of_the_others(scene: Scene) -> None:
    assert (await one_sided(scene)).here.count == 30


async def test_without_that_each_of_them_would_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    anything = "SELECT ($1::uuid, $2::timestamptz, $3::bigint, $4::interval) IS NOT NULL"
    monkeypatch.setattr("router.postgres.review._WAS_DRAWN", anything)
    assert (await one_sided(scene)).here.count > 60


async def test_two_who_label_at_once_leave_one_label_each_and_the_last_word(scene: Scene) -> None:
    ids, reviews = await came(scene, *(f"text {number}" for number in range(10))), Reviews(scene.pool)
    said = [(each, word) for each in ids for word in (Label.ABUSIVE, Label.FINE)]
    await asyncio.gather(*(reviews.label(each, word, NOON, 10, by=word.value) for each, word in said))
    rows = await scene.look.fetch("SELECT label, by FROM review")
    assert len(rows) == 10
    assert all(row["label"] == row["by"] for row in rows)


async def test_a_label_outlives_its_text_and_still_counts(scene: Scene) -> None:
    one, other = await came(scene, "a", "b", **FLAGGED)
    reviews = Reviews(scene.pool)
    await reviews.label(one, Label.ABUSIVE, NOON, 10, by="kim")
    await scene.look.execute("UPDATE inbound SET letter = '', raw = '' WHERE id = $1", one)
    assert [each.id for each in await reviews.drawn(NOON, 10)] == [other]
    sample = await reviews.sample(NOON)
    assert (sample.texts, sample.flagged, sample.here) == (2, 2, Labels(caught=1))

"""Raiders who hide behind a victim's or a supporter's phrase: the raid is found, and its texts wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random

import pytest

from router.rules import abuse, lexicon
from router.rules.lexicon import Sense
from router.rules.lexicon import sense as shipped
from tests.abuse import night
from tests.abuse.night import Night
from tests.abuse.traffic import MONDAY, Sent, Writer, raid, weekend

pytestmark = pytest.mark.xdist_group("abuse")

SEED = 424_242
GENUINE, RAIDERS = 3_600, 2_000
MOST = 0.4 * RAIDERS
"""Of the raiders' texts that may be paid in the end."""
PHRASES = (
    "que faire ",
    "plainte ",
    "témoin ",
    "aidez-moi ",
    "on m'a dit ",
    "il me dit ",
    "j'ai peur ",
    "bravo ",
    "soutien à ces ",
    "courage face aux ",
    "il m'a traitée de ",
)
NAMING = PHRASES[-1:]


@cache
def raided() -> tuple[list[Sent], list[Sent]]:
    """Genuine texts and raiders, each of them from a number of its own."""
    writer = Writer(SEED)
    genuine = weekend(writer, GENUINE, length=MONDAY + timedelta(hours=24))
    return genuine, raid(writer, RAIDERS, 7)


def hidden(phrases: tuple[str, ...]) -> Night:
    """The night in which every raider begins with one of the phrases."""
    genuine, raiders = raided()
    random = Random(SEED)
    return Night().spend(
        sorted(genuine + [replace(text, body=random.choice(phrases) + text.body) for text in raiders])
    )


@pytest.mark.parametrize("phrases", [PHRASES[:1], NAMING, PHRASES], ids=["one", "naming", "all"])
def test_a_raid_behind_a_phrase_is_found_and_held(phrases: tuple[str, ...]) -> None:
    spent = hidden(phrases)
    assert spent.raiders is not None
    assert spent.raiders <= 250
    assert spent.alarms == 1
    assert spent.paid + spent.later <= MOST
    assert spent.inside_answered >= 0.9 * spent.inside


def test_if_the_phrase_were_a_pass_the_raid_would_be_paid_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def sense(spelt: str) -> Sense:
        return Sense.KIND if lexicon._REPORT.search(spelt) else shipped(spelt)

    monkeypatch.setattr(abuse, "sense", sense)
    monkeypatch.setattr(night, "judged", night.judged.__wrapped__)
    spent = hidden(PHRASES[:1])
    assert spent.raiders is None
    assert spent.paid == RAIDERS


def test_if_what_someone_was_called_did_not_count_a_raid_would_be_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sense(spelt: str) -> Sense:
        meant = shipped(spelt)
        return Sense.KIND if meant is Sense.NAMED else meant

    monkeypatch.setattr(abuse, "sense", sense)
    monkeypatch.setattr(night, "judged", night.judged.__wrapped__)
    spent = hidden(NAMING)
    assert spent.paid + spent.later > MOST


def test_if_only_insults_counted_a_phrase_would_still_hide_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def sense(spelt: str) -> Sense:
        meant = shipped(spelt)
        return Sense.KIND if meant is Sense.PHRASE else meant

    monkeypatch.setattr(abuse, "sense", sense)
    monkeypatch.setattr(night, "judged", night.judged.__wrapped__)
    spent = hidden(PHRASES[:1])
    assert spent.raiders is not None
    assert spent.paid > 0.55 * RAIDERS

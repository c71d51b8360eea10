"""Where what came before does not say what is ordinary, the score alone says who waits."""

from __future__ import annotations

from math import inf

import pytest

from router.rules.abuse import FLAGGED, logit, score
from router.rules.campaign import Mode
from router.rules.contrast import rank
from router.rules.memory import ENOUGH, Memory, Seen, seen

LINE = logit(FLAGGED)


def texts(count: int, words: str = "Salut c'est Kevin") -> list[Seen]:
    return [
        seen(f"{words} {place}", score(words).value, "+33639980000", b"k" * 16, "front")
        for place in range(count)
    ]


def insults(count: int) -> list[Seen]:
    return texts(count, "ta gueule sale pute")


FEW = texts(ENOUGH - 1)
ITS_OWN = texts(ENOUGH) + insults(ENOUGH)


@pytest.mark.parametrize("before", [FEW, ITS_OWN], ids=["few", "a raid's own"])
def test_untaught_it_holds_the_flagged_whatever_words_came_lately(before: list[Seen]) -> None:
    memory = Memory().after(before, Mode.CALM).after(texts(200), Mode.RAID)
    assert memory.untaught
    assert memory.words.table().any()
    assert not memory.table().any()
    assert [memory.line(Mode.RAID, share) for share in (0.0, 0.01, 1.0)] == [inf, LINE, LINE]
    assert memory.line(Mode.CALM, 0.05) == inf


def test_control_by_a_raids_own_texts_insults_would_be_ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.rules.memory.RAIDED", 1.0)
    memory = Memory().after(ITS_OWN, Mode.CALM).after(insults(200), Mode.RAID)
    [insult] = insults(1)
    assert rank(insult.odds, insult.sighting.terms, memory.table()) < memory.line(Mode.RAID, 0.05)


@pytest.mark.parametrize("before", [texts(ENOUGH), texts(3 * ENOUGH) + insults(ENOUGH)])
def test_with_enough_texts_it_is_the_share_of_these(before: list[Seen]) -> None:
    grown = Memory().after(before, Mode.CALM).after(texts(200), Mode.RAID)
    assert not grown.untaught
    assert grown.table().any()
    assert grown.line(Mode.RAID, 0.05) == pytest.approx(grown.reference.line(grown.words.table(), 0.05))
    assert grown.line(Mode.RAID, 0.05) != LINE

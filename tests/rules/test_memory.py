"""Where what came before does not say what is ordinary, the score alone says who waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import pytest

from router.rules.abuse import FLAGGED, logit, score
from router.rules.campaign import Campaign, Mode, Raids, declare
from router.rules.contrast import rank
from router.rules.memory import ENOUGH, FLOOR, Memory, Seen, seen

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


MIXED = texts(3 * ENOUGH) + insults(ENOUGH)


def test_with_enough_texts_it_is_the_share_of_these() -> None:
    grown = Memory().after(MIXED, Mode.CALM).after(texts(200), Mode.RAID)
    assert not grown.untaught
    assert grown.table().any()
    assert grown.line(Mode.RAID, 0.05) == pytest.approx(grown.reference.line(grown.words.table(), 0.05))
    assert grown.line(Mode.RAID, 0.05) != LINE


def _polite_and_raided() -> tuple[Memory, list[float]]:
    """A memory of polite texts alone, in a raid, and how others like them rank in it."""
    openers = [
        text for place in range(ENOUGH) for text in texts(1, f"{OPENERS[place % len(OPENERS)]} {place}")
    ]
    memory = Memory().after(openers, Mode.CALM).after(insults(200), Mode.RAID)
    return memory, [rank(text.odds, text.sighting.terms, memory.table()) for text in openers]


OPENERS = ("Salut c'est Kevin", "Coucou, on s'est vus au bar", "Bonjour, c'est bien ton numero ?", "Test")


def test_where_all_was_polite_the_polite_are_not_held() -> None:
    memory, ranks = _polite_and_raided()
    assert not memory.untaught
    assert max(ranks) < memory.line(Mode.RAID, 0.05) == logit(FLOOR)
    [insult] = insults(1)
    assert rank(insult.odds, insult.sighting.terms, memory.table()) > logit(FLOOR)


def test_control_without_a_floor_a_share_of_them_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.rules.memory.FLOOR", 0.0)
    memory, ranks = _polite_and_raided()
    assert max(ranks) > memory.line(Mode.RAID, 0.05)


def _seen_by(raiders: int) -> Memory:
    """A memory whose last calm texts are those that the raid was then seen by."""
    known = replace(Campaign(), texts=raiders + 20)
    change = declare(known, datetime(2017, 11, 27, 16, tzinfo=UTC), Raids())[1]
    calm = Memory().after(texts(2 * ENOUGH), Mode.CALM).after(insults(60), Mode.CALM)
    return calm.after(insults(20), Mode.RAID, change)


def _let_through(memory: Memory) -> int:
    """How many of 60 insults are not held."""
    line, table = memory.line(Mode.RAID, 0.05), memory.table()
    return sum(rank(each.odds, each.sighting.terms, table) <= line for each in insults(60))


def test_the_texts_that_a_raid_was_seen_by_are_not_what_is_ordinary() -> None:
    memory = _seen_by(60)
    assert not memory.untaught
    assert len(memory.reference.logits) == 2 * ENOUGH
    assert memory.words.before_texts == pytest.approx(2 * ENOUGH, abs=10)
    assert _let_through(memory) == 0
    assert Memory.unpacked(memory.packed()).line(Mode.RAID, 0.05) == memory.line(Mode.RAID, 0.05)


def test_control_counted_as_ordinary_they_would_go_free() -> None:
    memory = _seen_by(0)
    assert _let_through(memory) > 30

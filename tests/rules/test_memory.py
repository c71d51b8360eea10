"""Where few texts came before, the score alone says who waits."""

from __future__ import annotations

from math import inf

import pytest

from router.rules.abuse import FLAGGED, logit, score
from router.rules.campaign import Mode
from router.rules.memory import Memory, Seen, seen

LINE = logit(FLAGGED)


def texts(count: int) -> list[Seen]:
    return [
        seen(f"Salut c'est Kevin {place}", score("Salut").value, "+33639980000", b"k" * 16, "front")
        for place in range(count)
    ]


def test_young_it_holds_the_flagged_whatever_words_came_lately() -> None:
    young = Memory().after(texts(19), Mode.CALM).after(texts(200), Mode.RAID)
    assert young.young
    assert young.words.table().any()
    assert not young.table().any()
    assert [young.line(Mode.RAID, share) for share in (0.0, 0.01, 1.0)] == [inf, LINE, LINE]
    assert young.line(Mode.CALM, 0.05) == inf


def test_with_twenty_texts_it_is_the_share_of_these() -> None:
    grown = Memory().after(texts(20), Mode.CALM).after(texts(200), Mode.RAID)
    assert not grown.young
    assert grown.table().any()
    assert grown.line(Mode.RAID, 0.05) == pytest.approx(grown.reference.line(grown.words.table(), 0.05))
    assert grown.line(Mode.RAID, 0.05) != LINE

"""The page of an export shows what happened in two languages, and needs nothing from anywhere else."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import pytest

from router.evidence.page import LANGUAGES, page, words
from router.evidence.picture import Picture
from router.postgres.evidence import OVER
from router.postgres.held import HELD
from router.rules.answer import Reason
from tests.evidence.scene import MINUTE, NOON

RAID: dict[str, Any] = {
    "at": (NOON + 20 * MINUTE).isoformat(), "mode": "raid", "cause": "statistic", "by": "", "version": 7,
    "statistic": 14.2, "limit": 14.0, "baseline": 0.08, "raided": 0.58, "texts": 60, "flagged": 41,
    "began": (NOON + 15 * MINUTE).isoformat(),
    "explanation": {
        "texts": 60, "senders": 55, "clusters": [{"id": "c0ffee", "texts": 31, "senders": 30}],
        "numbers": {"poster": 60}, "prefixes": {"+336": 50, "+337": 10},
    },
}  # fmt: skip


def filled(*, sample: str = "") -> Picture:
    """An hour: quiet, then a raid in one wording."""
    picture = Picture(NOON, NOON + timedelta(hours=1), changes=[RAID])
    for number in range(90):
        raid = number >= 30
        row = {
            "texter": f"t{number}", "number": "poster", "prefix": "+336", "text": sample,
            "wording": "c0ffee" if raid else f"w{number}",
        }  # fmt: skip
        attempts = [] if raid else [{"spent_micros": 80_000}]
        decided = {"state": "suppressed", "reason": "raid"} if raid else {"state": "accepted", "reason": ""}
        judged = {"attempts": attempts, "judgement": {"held": True} if raid else None}
        picture.add(NOON + number * MINUTE / 2, row, flagged=raid, decided=decided | judged)
    return picture


class _Reader(HTMLParser):
    """What is linked, and whether every tag is closed."""

    VOID = frozenset({"meta", "rect", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing() -> None:
    reader = _Reader()
    reader.feed(page(filled(), "EUR", stamped=2))
    assert reader.open == []
    assert reader.links == ["#fr", "#en"]


@pytest.mark.parametrize(
    "said",
    [
        "90 SMS sont venus de 90 expéditeurs", "90 texts came from 90 senders", "2,40 EUR", "2.40 EUR",
        "41 des 60 SMS depuis", "41 of 60 texts since", "68,3 %", "68.3 %", "31 texts by 30 senders (c0ffee)",
        "+336 (50), +337 (10)", "<code>c0ffee</code>", "python3 verify.py --roots FILE", "29 min 30 s",
    ],
)  # fmt: skip
def test_it_says_what_happened_in_both_languages(said: str) -> None:
    assert said in page(filled(), "EUR", stamped=0)


def test_the_raid_is_shaded_from_its_change_on_and_every_bar_is_drawn() -> None:
    shown = page(filled(), "EUR", stamped=0)
    (x, width), _ = re.findall(r'class="raid" x="([\d.]+)" y="10" width="([\d.]+)"', shown)
    assert [float(x), float(width)] == pytest.approx([50 + 850 / 3, 850 * 2 / 3], abs=0.1)
    assert shown.count('class="texts"') == 2 * 60


def test_words_of_texters_are_folded_away_and_never_markup() -> None:
    shown = page(filled(sample="<script>alert(1)</script>"), "EUR", stamped=0)
    assert "<script>" not in shown
    assert re.search(r"<details><summary>[^<]*</summary>&lt;script&gt;", shown)
    assert "<details>" not in page(filled(), "EUR", stamped=0)


def test_a_quiet_hour_has_a_page_too() -> None:
    shown = page(Picture(NOON, NOON + timedelta(hours=1)), "EUR", stamped=0)
    assert "No raid began or ended in this time." in shown
    assert "No two texts had the same wording." in shown


@pytest.mark.parametrize("end", [*(reason.value for reason in Reason), HELD, *OVER[1:], "waiting"])
def test_every_end_of_a_text_has_its_words(end: str) -> None:
    assert all(f"end_{end}" in words(language) for language in LANGUAGES)


def test_both_languages_say_the_same_things() -> None:
    french, english = (words(language) for language in LANGUAGES)
    assert french.keys() == english.keys()
    for name, said in english.items():
        holes = [{hole for _, hole, _, _ in Formatter().parse(each) if hole} for each in (said, french[name])]
        assert holes[0] == holes[1], name
        assert french[name] != said

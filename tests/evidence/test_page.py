"""The page of an export shows what happened in two languages, and needs nothing from anywhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from itertools import pairwise
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.evidence.page import LANGUAGES, Proof, page, words
from router.evidence.picture import Picture
from router.postgres.evidence import OVER
from router.postgres.held import HELD
from router.rules.answer import Reason
from router.rules.campaign import SPAN
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


LEFT = Proof(roots=9, left=9)


def filled(*, sample: str = "") -> Picture:
    """An hour: quiet, then a raid in one wording."""
    picture = Picture(NOON, NOON + timedelta(hours=1), changes=[RAID])
    for number in range(90):
        raid = number >= 30
        row = {
            "texter": f"t{number}", "number": "poster", "prefix": "+336", "text": sample,
            "wording": "c0ffee" if raid else f"w{number}", "held": raid, "tier": "model" if raid else "none",
            "received_at": (NOON + number * MINUTE / 2).isoformat(),
        }  # fmt: skip
        attempts = [] if raid else [{"spent_micros": 80_000}]
        decided = {"state": "suppressed", "reason": "raid"} if raid else {"state": "accepted", "reason": ""}
        picture.add(row | decided, decided | {"attempts": attempts})
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
    reader.feed(page(filled(), "EUR", Proof(roots=9, left=9, stamped=2)))
    assert reader.open == []
    assert reader.links == ["#fr", "#en"]


@pytest.mark.parametrize(
    "said",
    [
        "90 SMS sont venus de 90 expéditeurs", "90 texts came from 90 senders", "2,40 EUR", "2.40 EUR",
        "60 SMS reçus du 27/11/2017", "Of 60 texts from 27/11/2017", "68,3 %", "68.3 %",
        "31 texts by 30 senders (c0ffee)",
        "+336 (50), +337 (10)", "<code>c0ffee</code>", "python3 verify.py --roots FILE", "29 min 30 s",
    ],
)  # fmt: skip
def test_it_says_what_happened_in_both_languages(said: str) -> None:
    assert said in page(filled(), "EUR", LEFT)


def test_the_raid_is_shaded_from_its_change_on_and_every_bar_is_drawn() -> None:
    shown = page(filled(), "EUR", LEFT)
    (x, width), _ = re.findall(r'class="raid" x="([\d.]+)" y="10" width="([\d.]+)"', shown)
    assert [float(x), float(width)] == pytest.approx([50 + 850 / 3, 850 * 2 / 3], abs=0.1)
    assert shown.count('class="texts"') == 2 * 60


@pytest.mark.parametrize(
    ("proof", "said", "command"),
    [
        (Proof(roots=9, left=9), "All roots that this folder goes by (9 roots) had left", " --roots FILE"),
        (Proof(roots=9, left=7), "7 of the 9 roots that it goes by had left the machine, and 2", " --roots"),
        (Proof(roots=9, left=0), "(9 roots), none had left the machine when it was made", "</pre>"),
        (Proof(roots=9, left=9), "Toutes les racines de ce dossier (9 racines)", " --roots FILE"),
        (Proof(roots=9, left=7), "7 sur 9 racines avaient quitté la machine ; 2 y", " --roots FILE"),
        (Proof(roots=1, left=0), "(1 racine), aucune n’avait quitté la machine", "</pre>"),
    ],
)  # fmt: skip
def test_whether_the_roots_left_the_machine_is_said_as_it_is(proof: Proof, said: str, command: str) -> None:
    shown = page(filled(), "EUR", proof)
    assert said in shown
    assert shown.replace(" --lang fr</pre>", "</pre>").count(f"python3 verify.py{command}") == len(LANGUAGES)
    assert shown.count(" --lang fr</pre>") == 1


def test_one_of_something_is_not_many_and_in_french_nor_is_nought() -> None:
    change = {
        **RAID, "texts": 1, "flagged": 0,
        "explanation": {**RAID["explanation"], "texts": 1, "senders": 1},
    }  # fmt: skip
    picture = Picture(NOON, NOON + timedelta(hours=1), changes=[change])
    row = {
        "texter": "t", "number": "poster", "prefix": "", "wording": "", "held": False, "tier": "none",
        "received_at": NOON.isoformat(), "state": None, "reason": None,
    }  # fmt: skip
    picture.add(row, {})
    shown = page(picture, "EUR", LEFT)
    for said in (
        "1 SMS est venu de 1 expéditeur.", "1 text came from 1 sender.", "1 SMS reçu du", "Of 1 text from",
        "1 SMS est venu de 1 expéditeur, vers", "1 text came from 1 sender, to",
    ):  # fmt: skip
        assert said in shown
    assert "0 SMS est venu de 0 expéditeur." in page(Picture(NOON, NOON + MINUTE), "EUR", LEFT)


def test_a_zone_without_a_name_is_said_once() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=1)))
    assert "Times are UTC+01:00. Made" in page(Picture(east, east + timedelta(hours=1)), "EUR", LEFT)


def test_moments_are_of_the_zone_of_the_period() -> None:
    paris = ZoneInfo("Europe/Paris")
    shown = page(Picture(NOON.astimezone(paris), NOON + timedelta(hours=1), changes=[RAID]), "EUR", LEFT)
    for said in (
        "27/11/2017 13:00:00 to 27/11/2017 14:00:00",
        "A raid began, 27/11/2017 13:20:00",
        "from 27/11/2017 13:14:55",
        ">27/11 13:00<",
        "Times are CET (UTC+0100)",
    ):
        assert said in shown


def test_an_operators_word_without_a_text_speaks_of_no_texts() -> None:
    nothing = {"texts": 0, "senders": 0, "clusters": [], "numbers": {}, "prefixes": {}}
    change = {**RAID, "cause": "operator", "by": "kim", "texts": 0, "flagged": 0, "explanation": nothing}
    shown = page(Picture(NOON, NOON + MINUTE, changes=[change]), "EUR", LEFT)
    assert "<p>L’équipe l’a dit (kim).</p>" in shown
    assert "<p>An operator said so (kim).</p>" in shown


def test_a_raid_that_is_declared_while_it_is_on_does_not_begin_again() -> None:
    nothing = {"texts": 0, "senders": 0, "clusters": [], "numbers": {}, "prefixes": {}}
    said = {"cause": "operator", "by": "command line", "texts": 0, "flagged": 0, "explanation": nothing}
    changes: list[Mapping[str, Any]] = [RAID, {**RAID, **said}, {**RAID, **said, "mode": "calm"}, RAID]
    shown = page(Picture(NOON, NOON + MINUTE, changes=changes), "EUR", LEFT)
    heads = re.findall(r"<h3>(.*?),", shown)
    assert heads == [
        "Un raid a commencé", "Le raid a été déclaré", "Le raid était fini", "Un raid a commencé",
        "A raid began", "The raid was declared", "The raid was over", "A raid began",
    ]  # fmt: skip
    assert "L’équipe l’a dit (ligne de commande)." in shown
    assert "An operator said so (command line)." in shown


def test_the_team_and_the_carriers_are_two_words_each() -> None:
    for name, said in words("fr").items():
        assert "prestataire" not in said, name
        assert not re.search("par un opérateur|Un opérateur l’a", said), name
    assert words("fr")["end_operator"] == "écarté par l’équipe"


def test_the_texts_of_a_change_came_from_the_start_of_the_first_bucket_on() -> None:
    first, last = (f"{NOON + at:%H:%M:%S}" for at in (15 * MINUTE - SPAN, 20 * MINUTE))
    moments = re.search(r"Of 60 texts from \S+ (\S+) to \S+ (\S+),", page(filled(), "EUR", LEFT))
    assert moments is not None
    assert moments.groups() == (first, last)


def test_what_is_wider_than_a_telephone_scrolls_by_itself() -> None:
    shown = page(filled(), "EUR", LEFT)
    assert shown.count("<table>") == shown.count('<div class="wide"><table>') > 0
    assert shown.count("<svg") == shown.count('<div class="wide"><svg') > 0
    assert ".wide { overflow-x: auto; }" in shown


@pytest.mark.parametrize("minutes", [1, 9, 15, 17, 60, 100, 119, 600])
def test_no_two_moments_under_the_chart_touch(minutes: int) -> None:
    shown = page(Picture(NOON, NOON + minutes * MINUTE), "EUR", LEFT)
    section = shown[: shown.index("</svg>")]
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="214"', section)]
    assert places
    assert all(after - before >= 72 for before, after in pairwise([*places, 900.0]))


@pytest.mark.parametrize("days", [1, 121, 1_000])
def test_a_chart_of_all_there_is_shows_the_days_with_texts(days: int) -> None:
    from_at, to_at = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    picture = Picture(from_at, to_at)
    row = {"held": False, "state": "accepted", "tier": "none", "number": "poster"}
    row |= {"texter": "", "prefix": "", "wording": ""}
    for at in (NOON, NOON + timedelta(days=days - 1)):
        picture.add({**row, "received_at": at.isoformat()}, {})
    step, shown = picture.bars()
    assert (len(shown), sum(bar.texts for bar in shown)) == (-(-timedelta(days=days) // step), 2)
    assert shown[0].at <= NOON < shown[0].at + timedelta(days=1)
    assert len(shown) <= 120
    assert len(page(picture, "EUR", LEFT)) < 200_000


def test_words_of_texters_are_folded_away_and_never_markup() -> None:
    shown = page(filled(sample="<script>alert(1)</script>"), "EUR", LEFT)
    assert "<script>" not in shown
    assert re.search(r"<details><summary>[^<]*</summary>&lt;script&gt;", shown)
    assert "<details>" not in page(filled(), "EUR", LEFT)


def test_a_quiet_hour_has_a_page_too() -> None:
    shown = page(Picture(NOON, NOON + timedelta(hours=1)), "EUR", LEFT)
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

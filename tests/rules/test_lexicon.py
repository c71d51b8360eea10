"""Supporters who swear and victims who quote are not flagged, though what they write counts."""

from __future__ import annotations

import re

import pytest

from router.rules import abuse, lexicon
from router.rules.abuse import FLAGGED, SUSPICIOUS, score
from router.rules.lexicon import Sense, sense
from router.rules.spelling import spell
from tests.abuse.strange import SWEARING as SWEARERS
from tests.abuse.strange import strange

SWEARING = [
    "Ces connards de trolls ne gagneront pas, force à vous !",
    "Ces salopards ne vous feront pas taire",
    "J'en ai marre des connards qui vous spamment, courage",
    "je vs soutien les meufs, c des batards",
    "Gros respect, continuez malgré ces fils de putes",
    "We support you from Belgium, ignore the assholes",
    "Keep fighting, these bitches won't win",
    "Bien joué, laissez pisser les connards",
    "j'emmerde ces connards, courage à vous",
    "Nique les haters, vous êtes au top",
    "Ce sont eux les connards, tenez bon",
    "quelle bande d'enculés ces types. Gros soutien",
]
"""Supporters who swear at raiders."""
TELLING = [
    "Des types m'ont sifflée et crié « salope » au feu rouge",
    "Son ex lui a envoyé « je vais te buter », elle dort chez moi ce soir",
    "ils ont écrit pute sur mon casier",
    "il m'écrit t'es morte tous les matins",
    "Some man at the station called us whores",
    "My manager says I'm a slut if I wear skirts",
    "I get texts like kill yourself every single day",
]
"""Victims, and who speaks for them."""


@pytest.mark.parametrize("text", [*SWEARING, *TELLING])
def test_who_swears_at_raiders_or_tells_what_was_said_is_not_flagged(text: str) -> None:
    assert sense(spell(text)) in {Sense.TOLD, Sense.NAMED}
    assert SUSPICIOUS <= score(text).value < FLAGGED


def test_without_the_phrases_of_either_they_would_be_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_REPORT", re.compile("(?!)"))
    monkeypatch.setattr(lexicon, "_SUPPORT", re.compile("(?!)"))
    monkeypatch.setattr(lexicon, "_RAIDERS", re.compile("(?!)"))
    assert [text for text in [*SWEARING, *TELLING] if score(text).tier != "lexicon"] == []


@pytest.mark.parametrize(
    "text", ["on vous soutient mon cul salopes", "mon ex vous encule", "my ex is a slut like you"]
)
def test_who_only_begins_like_them_is_flagged(text: str) -> None:
    assert score(text).tier == "lexicon"


def test_without_the_names_of_raiders_who_swears_at_them_in_few_words_would_be_flagged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = "j'espère que ces connards auront une facture bien salée"
    assert sense(spell(kind)) is Sense.TOLD
    assert sense(spell(kind.replace("ces connards", "ces putes"))) is Sense.ABUSE
    monkeypatch.setattr(lexicon, "_RAIDERS", re.compile("(?!)"))
    assert score(kind).tier == "lexicon"


@pytest.mark.parametrize(
    "text",
    [
        "putain bravo, continuez",
        "vous déchirez, c'est de la merde ce qu'ils vous font",
        "Putain, courage à vous",
        "vous gérez bordel",
        "holy shit, great idea",
    ],
)
def test_a_supporter_who_swears_at_nobody_is_not_flagged(text: str) -> None:
    assert score(text).tier == "none"


AIMED = [
    "bravo connasse",
    "Bravo les salopes",
    "soutien à ces salopes de féministes",
    "Soutien à toutes les putes comme vous",
    "tenez bon les putes",
    "courage à ces putes",
    "ces connards ont raison, vous êtes des putes. courage",
    "vous déchirez bande d'enculées",
    "fuck you, bravo",
    "great idea, kill yourself",
    "bravo, rentre à la cuisine et ferme ta bouche",
]
"""Insults for who reads them, with a supporter's words."""


@pytest.mark.parametrize("text", AIMED)
def test_who_insults_the_reader_with_a_cheer_beside_it_is_flagged(text: str) -> None:
    assert score(text).value >= FLAGGED


def _flagged(before: str = "", behind: str = "") -> float:
    """Share of the abusive texts written apart that is flagged between such words."""
    bad = [each.text for blind in (False, True) for each in strange(blind=blind) if each.abusive]
    assert len(bad) > 450
    return sum(score(before + text + behind).value >= FLAGGED for text in bad) / len(bad)


@pytest.mark.parametrize(
    ("before", "behind"),
    [("bravo ", ""), ("", " bravo"), ("", " courage"), ("vous déchirez ", ""), ("", " keep going")],
)
def test_a_cheer_beside_it_lets_no_insult_pass(before: str, behind: str) -> None:
    assert _flagged(before, behind) > _flagged() - 0.01


def test_if_a_cheer_were_a_pass_it_would_hide_most_insults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abuse, "_sided", lambda _spelt, _model, said: (Sense.PHRASE, said))
    assert _flagged(behind=" bravo") < _flagged() - 0.2


def test_of_supporters_who_swear_few_are_flagged_of_insults_with_a_cheer_most() -> None:
    said = [
        (each, score(each.text)) for blind in (False, True) for each in strange(blind=blind, room=SWEARERS)
    ]
    kind = [found.value >= FLAGGED for each, found in said if each.kind == "supporter"]
    bad = [found.value >= FLAGGED for each, found in said if each.abusive]
    assert sum(kind) <= len(kind) / 12
    assert sum(bad) >= 0.85 * len(bad)


def test_without_whom_an_insult_is_for_more_of_them_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_aside", lambda _spelt, _at: False)
    kind = [
        each.text
        for blind in (False, True)
        for each in strange(blind=blind, room=SWEARERS)
        if each.kind == "supporter"
    ]
    assert sum(score(text).value >= FLAGGED for text in kind) > len(kind) / 6

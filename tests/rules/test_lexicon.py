"""Supporters who swear and victims who quote are not flagged, though what they write counts."""

from __future__ import annotations

import re

import pytest

from router.rules import lexicon
from router.rules.abuse import FLAGGED, SUSPICIOUS, score
from router.rules.lexicon import Sense, sense
from router.rules.spelling import spell

SWEARING = [
    "Ces connards de trolls ne gagneront pas, force à vous !",
    "Ces salopards ne vous feront pas taire",
    "J'en ai marre des connards qui vous spamment, courage",
    "je vs soutien les meufs, c des batards",
    "Gros respect, continuez malgré ces fils de putes",
    "We support you from Belgium, ignore the assholes",
    "Keep fighting, these bitches won't win",
    "Bien joué, laissez pisser les connards",
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

"""What the page says: the same keys in both languages, and a word for everything the router may tell."""

from __future__ import annotations

import json
import re

import pytest

from router.postgres.figures import WAITING
from router.postgres.orders import VERBS
from router.rules.answer import Reason as Silence
from router.rules.budget import Period
from router.rules.estimate import Label
from router.rules.failover import Why
from router.rules.health import WORDS, Reason
from router.rules.story import Ending
from router.stage.levers import LEVERS
from router.web.console import FILES, read

LANGUAGES = {
    name.split(".")[1]: json.loads(read(name))
    for name in FILES
    if name.startswith("words.") and name.endswith(".json")
}
DEEDS = {
    "budget set",
    "budget unset",
    "budget top-up",
    "raid declared",
    "raid ended",
    "raid calm",
    "raid held released",
    "raid held dropped",
    "raid held opened",
    "review opened",
    "review labelled",
}
SETS = {
    "badge": {*WORDS, "pinned"},
    "state": {*WORDS, "pinned", "purse"} - {"open"},
    "reason": {*map(str, Reason)} - {""},
    "silence": {*map(str, Silence)},
    "why": {*map(str, Why), "unreachable", "throttled", "cut_off", "refused", "in_doubt"},
    "decision": {*map(str, Ending)},
    "queue": {*WAITING, "receipts", "spool"},
    "period": {*map(str, Period)},
    "order": {*VERBS, "top-up", "set", "unset", "declare", "end", "calm", "watch", "release", "drop"},
    "lever": {*LEVERS},
    "deed": {f"account {verb}" for verb in VERBS} | DEEDS,
    "label": {*map(str, Label)},
    "error": {"401", "403", "404", "409", "422", "429", "503", "other", "gone"},
}
SOURCES = [
    read(name).decode() for name in ("index.html", *FILES) if "/" not in name and not name.endswith("json")
]


def missing(words: dict[str, str]) -> set[str]:
    """Words of closed sets that are not said."""
    return {f"{name}.{word}" for name, each in SETS.items() for word in each} - words.keys()


def used() -> set[str]:
    """Keys that the page names whole."""
    found = (re.findall(r"(?:say\(|data-(?:word|label)=)\"([a-z.-]+)\"", source) for source in SOURCES)
    return {key for each in found for key in each}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_everything_the_router_may_tell_has_a_word(language: str) -> None:
    assert missing(LANGUAGES[language]) == set()
    assert used() - LANGUAGES[language].keys() == set()
    assert all(words.strip() for words in LANGUAGES[language].values())


def test_a_word_that_is_not_said_would_be_found() -> None:
    said = dict(LANGUAGES["fr"])
    del said["silence.cooldown"]
    assert missing(said) == {"silence.cooldown"}


def test_french_has_a_space_before_what_english_sets_close() -> None:
    stuck = re.compile(r"[^\u00a0\u202f][;:?!](?= |$)")
    assert [key for key, words in LANGUAGES["fr"].items() if stuck.search(words)] == []
    assert stuck.search("poster: réponse")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_line_ends_between_a_number_and_its_unit(language: str) -> None:
    loose = re.compile(r"(\d|\{(n|seconds)\}) (s|min|h|d|j)\b")
    assert [key for key, words in LANGUAGES[language].items() if loose.search(words)] == []
    assert loose.search("en {seconds} s")


def test_both_languages_say_the_same_with_the_same_gaps() -> None:
    assert set(LANGUAGES) == {"en", "fr"}
    english, french = LANGUAGES["en"], LANGUAGES["fr"]
    assert english.keys() == french.keys()
    gaps = {key: sorted(re.findall(r"\{\w+\}", words)) for key, words in english.items()}
    assert gaps == {key: sorted(re.findall(r"\{\w+\}", words)) for key, words in french.items()}

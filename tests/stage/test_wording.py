"""A drill's report in two languages: each has a word for everything, and its own way to write figures."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from string import Formatter

import pytest

from router.postgres.night import QUERIES
from router.rules.campaign import Mode
from router.rules.failover import Why
from router.rules.health import WORDS, Reason
from router.stage.drill.scenes import SCENARIOS, Fault
from router.stage.drill.wording import ENGLISH, FRENCH, Wording

TABLES = {"people.from", "raid.from", "carriers.from", "evidence.from"}
"""Names of tables of the database."""

ALIKE = {"texts.one", "of", "mode.raid", "money.account", "mark", "rows.raids"}
"""What is written alike in both languages, apart from a space before a colon."""

SETS = {
    "word": set(WORDS),
    "reason": {*map(str, Reason)} - {""},
    "why": set(map(str, Why)),
    "mode": set(map(str, Mode)),
    "story": {*SCENARIOS},
    "rows": {*QUERIES},
    "promise": {"lost", "twice", "often", "purse", "books"},
    "mark": {
        event.name for each in SCENARIOS.values() for event in each.events if isinstance(event, Fault)
    } - {""},
}  # fmt: skip


def gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


def missing(say: Wording) -> set[str]:
    return {f"{name}.{word}" for name, each in SETS.items() for word in each} - say.words.keys()


def same() -> set[str]:
    """Keys whose French is the English."""
    return {key for key, words in ENGLISH.words.items() if FRENCH.words[key].replace("\u00a0", " ") == words}


@pytest.mark.parametrize("say", [ENGLISH, FRENCH], ids=lambda say: say.language)
def test_everything_that_may_happen_has_a_word(say: Wording) -> None:
    assert missing(say) == set()
    assert all(words.strip() for words in say.words.values())


def test_both_languages_say_the_same_with_the_same_gaps() -> None:
    assert ENGLISH.words.keys() == FRENCH.words.keys()
    assert {key: gaps(words) for key, words in ENGLISH.words.items()} == {
        key: gaps(words) for key, words in FRENCH.words.items()
    }


def test_nothing_in_french_is_left_in_english() -> None:
    assert same() - TABLES - ALIKE == set()
    assert not re.search(
        r"\b(the|of|with|was|were|texts)\b", re.sub(r"\{\w+\}", "", " ".join(FRENCH.words.values()))
    )


def test_french_has_a_space_before_what_english_sets_close() -> None:
    stuck = re.compile(r"[^\u00a0\u202f][;:?!](?= |$)")
    assert [key for key, words in FRENCH.words.items() if stuck.search(words)] == []
    assert stuck.search("le 25: un raid")


def test_the_operators_words_are_those_of_other_pages() -> None:
    assert {why: ENGLISH.say(f"why.{why}") for why in Why} == {why: why.said for why in Why}


def test_each_language_writes_numbers_and_moments_its_way() -> None:
    at = datetime(2017, 12, 1, 15, 5, tzinfo=UTC)
    assert [ENGLISH.moment(at), FRENCH.moment(at)] == ["Fri 01 Dec 16:05", "ven. 1er déc. 16:05"]
    assert [ENGLISH.hour(at), FRENCH.hour(at)] == ["Fri 16h", "ven. 16\u00a0h"]
    assert [say.money(-1_234_567_890) for say in (ENGLISH, FRENCH)] == ["-1,234.57", "-1\u202f234,57"]
    assert [say.share(1, 8) for say in (ENGLISH, FRENCH)] == ["12.5 %", "12,5\u00a0%"]
    assert [say.lasted(54_720) for say in (ENGLISH, FRENCH)] == ["15.2 h", "15,2\u00a0h"]
    over = [say.say("promise.purse.said", over=Decimal("1234.5")) for say in (ENGLISH, FRENCH)]
    assert over == ["1,234.50 EUR over", "1\u202f234,50\u00a0€ en trop"]
    assert [ENGLISH.many("answers", 0), FRENCH.many("answers", 0)] == ["0 answers", "0\u00a0réponse"]

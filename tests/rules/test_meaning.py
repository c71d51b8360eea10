"""The second opinion: the lists still count, meaning counts beside letters, and nothing in a text raises."""

from __future__ import annotations

import pytest

from router.rules import abuse, meaning
from router.rules.lexicon import Sense


def test_what_the_lists_know_stays_flagged_by_them() -> None:
    found = meaning.score("espèce de sale pute")
    assert found.tier == "lexicon"
    assert found.value >= abuse.FLAGGED


@pytest.mark.parametrize("text", ["Salut c'est Kevin du bar", "Bravo pour votre numéro !", "test", "Hello?"])
def test_polite_texts_are_not_flagged(text: str) -> None:
    assert meaning.score(text).tier == "none"


def test_both_opinions_weigh_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "On se voit demain"
    weights = meaning.shipped()
    second = float(weights[:-1] @ meaning.vector(text)) + float(weights[-1])
    both = (abuse.logit(abuse.score(text).value) + second) / 2
    assert abuse.logit(meaning.score(text).value) == pytest.approx(both, abs=1e-3)


def test_who_may_be_telling_of_an_insult_is_not_flagged_by_its_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = "plainte sale pute"
    assert meaning.score(told) == abuse.score(told)
    assert meaning.score(told).tier == "none"
    monkeypatch.setattr(meaning, "sense", lambda _spelt: Sense.UNKNOWN)
    assert meaning.score(told).tier == "encoder"


def test_who_tells_what_she_was_called_counts_towards_a_raid_whatever_it_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = "il m'appelle sale pute"
    assert meaning.score(named) == abuse.score(named)
    assert meaning.score(named).value >= abuse.SUSPICIOUS
    monkeypatch.setattr(meaning, "sense", lambda _spelt: Sense.UNKNOWN)
    assert meaning.score(named).value < abuse.SUSPICIOUS


def test_the_encoder_knows_a_threat_without_swear_words_from_a_greeting() -> None:
    threat, greeting = "je vais te retrouver et tu vas souffrir", "je vais te retrouver au café demain"
    assert meaning.score(threat).value > meaning.score(greeting).value


@pytest.mark.parametrize("text", ["", " ", "\ud83d", "\0", "a" * 10_000, "שלום", "😂" * 200])
def test_nothing_in_a_text_raises(text: str) -> None:
    assert 0.0 <= meaning.score(text).value <= 1.0


def test_it_is_asked_for_only_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert meaning.installed()
    monkeypatch.setattr(meaning, "_PACKAGE", "no_such_package")
    assert not meaning.installed()

"""Which language a text is answered in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.language import guess

OFFERED = ("fr", "en", "es")


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("Salut c\u2019est Kevin de hier soir", "fr"),
        ("SLT TU FAIS QUOI", "fr"),
        ("Hey, it's Kevin from the bar, what are you doing?", "en"),
        ("hola que tal, quién eres", "es"),
        ("ok", "fr"),
        ("", "fr"),
        ("42 😡", "fr"),
        ("no", "fr"),
        ("ich bin der Kevin", "fr"),
    ],
)
def test_the_words_tell_and_without_evidence_the_default_stands(body: str, language: str) -> None:
    assert guess(body, OFFERED, "fr") == language


def test_only_languages_there_are_answers_in_are_chosen() -> None:
    assert guess("Hey what are you doing", ("fr",), "fr") == "fr"
    assert guess("Hey what are you doing", ("fr", "eo"), "eo") == "eo"


@given(st.text(), st.sets(st.sampled_from(["fr", "en", "es", "de", "it", "xx"])))
def test_whatever_is_texted_an_offered_language_or_the_default_comes_out(
    body: str, offered: set[str]
) -> None:
    assert guess(body, offered, "fr") in offered | {"fr"}

"""STOP, ARRET, START and friends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.consent import START_WORDS, STOP_WORDS, Consent, read_consent

AROUND = st.text(alphabet=" \n\t.!?,;:\"'«»…-*()\u00a0\u202f\u200b😡", max_size=6)


@given(word=st.sampled_from(sorted(STOP_WORDS)), before=AROUND, after=AROUND, shout=st.booleans())
def test_a_stop_word_alone_opts_out_whatever_stands_round_it(
    word: str, before: str, after: str, shout: bool
) -> None:
    assert read_consent(before + (word.upper() if shout else word) + after) is Consent.OPT_OUT


@pytest.mark.parametrize(
    "body", ["ARRÊT", "arrêt.", "ArreTer", "Désabonner", "\uff33\uff34\uff2f\uff30", "STOP SMS"]
)
def test_accents_and_wide_letters_do_not_hide_a_stop(body: str) -> None:
    assert read_consent(body) is Consent.OPT_OUT


@given(word=st.sampled_from(sorted(START_WORDS)), before=AROUND, after=AROUND)
def test_a_start_word_alone_resumes(word: str, before: str, after: str) -> None:
    assert read_consent(before + word + after) is Consent.RESUME


@pytest.mark.parametrize(
    "body",
    [
        "stop, tu fais quoi ?",
        "arrête",
        "stop stop stop",
        "non stop",
        "don't stop",
        "the end",
        "s t o p",
        "yes",
        "oui",
        "",
        "!!!",
        "stop" + " " * 80,
        "\ud800",
        "\x00",
    ],
)
def test_the_word_inside_a_sentence_is_a_text_like_any_other(body: str) -> None:
    assert read_consent(body) is None


@given(st.text())
def test_nothing_that_can_be_texted_breaks_it(body: str) -> None:
    assert read_consent(body) in {None, *Consent}

"""A text's encoding, units and parts, judged by smsutil and by hand."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from providers import Size, count, foreign, transliterate

ALPHABET = [char for char in GSM_BASIC_CHARSET + GSM_EXT_CHARSET if char != "\x1b"]
gsm_texts = st.text(st.sampled_from(ALPHABET), min_size=1, max_size=700)
boundary_texts = st.builds(
    lambda head, pair, tail: "a" * head + pair + "b" * tail,
    st.integers(60, 320),
    st.sampled_from(["€", "[", "😀", "ê😀"]),
    st.integers(0, 320),
)
any_texts = st.text(st.characters(exclude_characters="\x1b", exclude_categories=["Cs"]), min_size=1)


@given(st.one_of(gsm_texts, boundary_texts, any_texts))
@example("a" * 152 + "€" + "a" * 7)
@example("ê" * 66 + "😀" + "ê" * 66)
def test_encoding_and_parts_agree_with_smsutil(text: str) -> None:
    theirs = smsutil.split(text)
    size = count(text)
    assert size.parts == len(theirs.parts)
    assert size.encoding == ("gsm7" if theirs.encoding == "gsm0338" else "ucs2")
    assert size.units == (theirs.total_bytes if size.encoding == "gsm7" else theirs.total_bytes // 2)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size("gsm7", 0, 1)),
        ("a" * 160, Size("gsm7", 160, 1)),
        ("a" * 161, Size("gsm7", 161, 2)),
        ("a" * 306, Size("gsm7", 306, 2)),
        ("a" * 307, Size("gsm7", 307, 3)),
        ("€" * 80, Size("gsm7", 160, 1)),
        ("a" * 152 + "€" + "a" * 152, Size("gsm7", 306, 3)),
        ("ê" * 70, Size("ucs2", 70, 1)),
        ("ê" + "a" * 70, Size("ucs2", 71, 2)),
        ("ê" * 66 + "😀" + "ê" * 66, Size("ucs2", 134, 3)),
        ("\ud83d\ude00" * 35, Size("ucs2", 70, 1)),
        ("ê" * 66 + "\ud83d" + "\ude00" + "ê" * 66, Size("ucs2", 134, 3)),
        ("\ud800", Size("ucs2", 1, 1)),
        ("\x1b", Size("ucs2", 1, 1)),
    ],
)
def test_sizes_at_the_boundaries(text: str, size: Size) -> None:
    assert count(text) == size


def test_one_foreign_letter_triples_the_price_of_a_reply() -> None:
    assert count("e" * 150).parts == 1
    assert count("ê" + "e" * 149).parts == 3


def test_every_character_of_the_alphabet_is_at_home() -> None:
    assert foreign("".join(ALPHABET)) == ""


def test_french_letters_outside_the_alphabet_are_named_once_in_order() -> None:
    assert foreign("ça être même ’ àéèùÇÉ") == "çê’"
    assert foreign("âçêëîïôœûÿÀÂÈÊËÎÏÔŒÙÛŸ’‘“”«»…–—•°\u00a0\u202f") == (
        "âçêëîïôœûÿÀÂÈÊËÎÏÔŒÙÛŸ’‘“”«»…–—•°\u00a0\u202f"
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ça être même âgé", "ca etre meme agé"),
        ("l’œuvre « vraie »…", 'l\'oeuvre " vraie "...'),
        ("Non\u202f! Oui\u00a0?", "Non ! Oui ?"),
        ("À — Ÿ", "A - Y"),
        ("e\u0301", "é"),
        ("œ\u0301", "oe"),
        ("½ ㎏ ™", "1/2 kg TM"),
        ("ok 👍", "ok 👍"),
        ("мир", "мир"),
    ],
)
def test_transliteration_swaps_look_alikes_and_leaves_the_rest(text: str, plain: str) -> None:
    assert transliterate(text) == plain


@given(st.text())
def test_transliterating_twice_changes_nothing_more(text: str) -> None:
    once = transliterate(text)
    assert transliterate(once) == once


@given(gsm_texts)
def test_a_text_inside_the_alphabet_is_left_alone(text: str) -> None:
    assert foreign(text) == ""
    assert transliterate(text) == text


@given(st.text())
def test_transliteration_never_adds_a_foreign_character(text: str) -> None:
    composed = set(foreign(text)) | set(foreign(transliterate(text)))
    assert set(foreign(transliterate(text))) <= composed

"""A text as its words sound: one spelling for what people write in many, so that disguises fall off.

House rule: nothing here raises, whatever the characters, and the work is bounded however long the text is.
"""

from __future__ import annotations

import re
import unicodedata
from operator import itemgetter

LONGEST = 3_200
"""Characters that are looked at, as many as carriers take: of a longer text both ends, half of this each."""

_UNSEEN = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]+")
_CYRILLIC_AND_GREEK = zip(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7",
    "abekmhopctyxijsabenikvoptux",
    strict=True,
)
_SMALL_CAPITALS = {
    unicodedata.lookup(f"LATIN LETTER SMALL CAPITAL {letter}"): letter.lower()
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWYZ"
}
_BOXED = {chr(start + at): chr(ord("a") + at) for start in (0x1F150, 0x1F170) for at in range(26)}
_LOOKALIKES = str.maketrans(
    dict(_CYRILLIC_AND_GREEK)
    | _SMALL_CAPITALS
    | _BOXED
    | {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "€": "e"}
)
_LONG_WINDED = re.compile("[\ufdfa\ufdfb]+")
_LEET = re.compile(
    r"(?<=[a-z])[013457@$!|*._]{1,3}(?=[a-z])|(?<![a-z0-9])[013457@$](?=[a-z]{2})|(?<=[a-z]{2})[01345@$](?![a-z0-9])"
)
_LEET_SIGN = re.compile("[013457@$!|*._]")
_LETTERS = str.maketrans("013457@$!|", "oieastasii", "*._")
_SPACED = re.compile(r"(?<![a-z0-9])[a-z](?:(?: {1,3}[a-z]){3,16}|(?:[.\-_*/][a-z]){2,16})(?![a-z0-9])")
_GLUE = str.maketrans("", "", " .-_*/")
_REPEATS = re.compile(r"(.)\1+")
_first = itemgetter(1)
_NOISE = re.compile(r"[^a-z0-9?!\u2190-\uffff\U00010000-\U0010ffff\u0370-\u1fff]+")


def spell(text: str) -> str:
    """The text in small letters without accents, disguises or repeats, its words one space apart.

    NUL, lone surrogates and marks of direction are let through or fall off; emoji and foreign letters stay.

    Args:
        text: As received, of any length.
    """
    text = ends(text, LONGEST).lower()
    if not text.isascii():
        # one of these is as long as a sentence when it is decomposed; no other is longer than a word
        text = ends(unicodedata.normalize("NFKD", _LONG_WINDED.sub(" ", text)), LONGEST)
        text = _UNSEEN.sub("", text).translate(_LOOKALIKES)
    text = _SPACED.sub(_joined, text)
    if _LEET_SIGN.search(text):  # most texts have none, and to look for one costs a tenth
        text = _LEET.sub(_letters, text)
    return _REPEATS.sub(_first, _NOISE.sub(" ", text))


def ends(text: str, most: int) -> str:
    """The text if it has so many characters at most, else its beginning and its end, half of them each."""
    return text if len(text) <= most else f"{text[: most // 2]} {text[-(most // 2) :]}"


def _joined(found: re.Match[str]) -> str:
    return found[0].translate(_GLUE)


def _letters(found: re.Match[str]) -> str:
    return found[0].translate(_LETTERS)

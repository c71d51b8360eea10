"""Which language a text is answered in: cheap, by a few words that only one language uses.

House rule: no guess without evidence. A tie, a short text or an unknown language gives the default.
"""

from __future__ import annotations

import re
from collections.abc import Collection


def _words(spelled: str) -> frozenset[str]:
    return frozenset(spelled.split())


WORDS = {
    "fr": _words(
        "je tu il elle nous vous c'est suis es êtes est et le la les un une des du moi toi ça ca"
        " salut bonjour bonsoir coucou cc slt pas quoi pourquoi qui avec pour dans sur mais merci"
        " ton ta tes mon mes ma te veux peux ai as quand hier soir numéro numero"
    ),
    "en": _words(
        "i you he she we they i'm it's you're is are am was the a an and my your me it this that"
        " hi hello hey hiya what why who with for not don't but thanks thank do did have had when"
        " yesterday tonight night how want can number"
    ),
    "es": _words(
        "yo tú eres soy es el los las una unos y que qué hola buenas gracias por para con mi tu"
        " quién cómo está estás ayer noche número"
    ),
    "de": _words(
        "ich du er sie wir ihr bin bist ist und der die das ein eine nicht hallo guten danke mit"
        " für wer was wie warum gestern abend nummer mein dein"
    ),
    "it": _words(
        "io tu lui lei sono sei è e il lo gli una che ciao buongiorno buonasera grazie per con mio"
        " tuo non chi come perché ieri sera numero"
    ),
}
"""Common words by language."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def guess(body: str, offered: Collection[str], default: str) -> str:
    """Return the offered language with most of its own words in the body, else the default.

    Args:
        body: The text; only its first 500 characters are read.
        offered: Languages there are answers in.
        default: The language where nothing else decides.
    """
    words = set(_WORD.findall(body[:500].replace("\u2019", "'").casefold()))
    hits = sorted(((len(words & WORDS.get(tongue, frozenset())), tongue) for tongue in offered), reverse=True)
    if not hits or hits[0][0] == 0 or (len(hits) > 1 and hits[0][0] == hits[1][0]):
        return default
    return hits[0][1]

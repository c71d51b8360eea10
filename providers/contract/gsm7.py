"""How long a text is on the air: its encoding, its parts, and what could make it cheaper.

Source: 3GPP TS 23.038 section 6.2.1 (the alphabet) and TS 23.040 section 9.2.3.24 (joined parts).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_ALPHABET = _BASIC | _EXTENDED
_LAST_IN_BMP = 0xFFFF

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ′´`", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−•·", "-"),
        **dict.fromkeys("\u200b\ufeff\u00ad", ""),
        "‹": "<",
        "›": ">",
        "⁄": "/",
        "\t": " ",
        "°": "o",
        "œ": "oe",
        "Œ": "OE",
        "©": "(c)",
        "®": "(R)",
        "ð": "d",
        "đ": "d",
        "Đ": "D",
        "ł": "l",
        "Ł": "L",
        "ı": "i",
        "þ": "th",
        "Þ": "Th",
    }
)


@dataclass(frozen=True, slots=True)
class Size:
    """How long a text is.

    Args:
        encoding: ``gsm7`` if every character is in the GSM alphabet, else ``ucs2``.
        units: Septets (an extended character takes two) or 16-bit units (an emoji takes two).
        parts: What it is billed as; an empty text counts as one.
    """

    encoding: Literal["gsm7", "ucs2"]
    units: int
    parts: int


def count(text: str) -> Size:
    """Measure a text. Joined parts are packed one by one: a pair never straddles two of them."""
    if foreign(text):
        # A high and a low surrogate that came in singly are one character on the air.
        joined = text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
        widths = [2 if ord(char) > _LAST_IN_BMP else 1 for char in joined]
        return Size("ucs2", sum(widths), _parts(widths, alone=70, joined=67))
    widths = [2 if char in _EXTENDED else 1 for char in text]
    return Size("gsm7", sum(widths), _parts(widths, alone=160, joined=153))


def foreign(text: str) -> str:
    """The characters that force UCS-2 upon the whole text, each once, in order of appearance."""
    return "".join(dict.fromkeys(char for char in text if char not in _ALPHABET))


def transliterate(text: str) -> str:
    """Swap characters outside the GSM alphabet for look-alikes: ê for e, ’ for ', œ for oe.

    What has no look-alike, such as an emoji, stays. A text inside the alphabet comes back unchanged.
    """
    return "".join(char if char in _ALPHABET else _alike(char) for char in unicodedata.normalize("NFC", text))


def _alike(char: str) -> str:
    plain = unicodedata.normalize("NFKD", char.translate(_ALIKE)).translate(_ALIKE)
    plain = "".join(piece for piece in plain if not "\u0300" <= piece <= "\u036f")
    return plain if not foreign(plain) else char


def _parts(widths: Iterable[int], *, alone: int, joined: int) -> int:
    widths = list(widths)
    if sum(widths) <= alone:
        return 1
    parts, room = 1, joined
    for width in widths:
        if width > room:
            parts, room = parts + 1, joined
        room -= width
    return parts

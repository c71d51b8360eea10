"""How many parts a text is billed as, counted apart from the contract so that the two can disagree."""

from __future__ import annotations

from itertools import repeat

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def count_parts(text: str) -> int:
    """Return how many parts carriers bill for `text`: at least 1.

    A text of basic letters takes 160 a part, or 153 where it needs several; any other letter
    makes it 70 and 67. No letter is torn in two between parts.
    """
    if _BASIC.issuperset(text):
        return _pack(repeat(1, len(text)), len(text), 160, 153)
    if (_BASIC | _EXTENDED).issuperset(text):
        widths = [2 if letter in _EXTENDED else 1 for letter in text]
        return _pack(widths, sum(widths), 160, 153)
    widths = [2 if ord(letter) > 0xFFFF else 1 for letter in text]  # noqa: PLR2004 - end of the plane
    return _pack(widths, sum(widths), 70, 67)


def damaged(text: str) -> str:
    """Return `text` as it is when sent with basic letters alone: any other letter becomes ``?``."""
    return "".join(letter if letter in _BASIC | _EXTENDED else "?" for letter in text)


def _pack(widths: list[int] | repeat[int], total: int, alone: int, each: int) -> int:
    if total <= alone:
        return 1
    parts, filled = 1, 0
    for width in widths:
        if filled + width > each:
            parts, filled = parts + 1, 0
        filled += width
    return parts

"""How many of what, in English words.

House rule: a number that may be one is written with its word by `counted`, never with a plural behind it.
"""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """``1 text`` or ``2,000 texts``.

    Args:
        number: How many.
        one: The word for one.
        many: The word for none and for many; empty: the same with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"

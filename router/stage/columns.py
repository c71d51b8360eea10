"""Settings side by side on a terminal: a column each, and blocks one below the other where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_WIDTH = 78
_GAP = 2
_NAME = 12
"""So much of a name is shown wherever it may, for others begin alike."""


def side_by_side(
    heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], label: int
) -> Iterator[str]:
    """Lines of at most 78 columns. Each block begins with the first column, which the others differ from.

    Args:
        heads: Names of the columns; one that is too long is cut.
        rows: The name of each figure, and its value in every column.
        label: Columns that names of figures take.
    """
    longest = max((len(value) for _, values in rows for value in values), default=0)
    width = _GAP + max(longest, min(_NAME, max(map(len, heads))))
    most = max(2, (_WIDTH - label) // width)
    room = (_WIDTH - label) // min(most, len(heads))
    for first in range(1, max(2, len(heads)), most - 1):
        if first > 1:
            yield ""
        shown = [0, *range(first, min(first + most - 1, len(heads)))]
        yield " " * label + "".join(f"{heads[each]:>{room}.{room - 1}}" for each in shown)
        for name, values in rows:
            yield f"{name:<{label}}" + "".join(f"{values[each]:>{room}}" for each in shown)

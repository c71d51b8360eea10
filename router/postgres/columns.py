"""Rows as the columns that `unnest` takes: many rows in one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any


def columns(*names: str) -> Callable[[Sequence[object]], list[Sequence[Any]]]:
    """Turn rows into one array an attribute, in the order of the names; two at least."""
    values = attrgetter(*names)
    none: list[Sequence[Any]] = [()] * len(names)

    def spelled(rows: Sequence[object]) -> list[Sequence[Any]]:
        return lean(list(map(values, rows))) or none

    return spelled


def lean(rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Tuples as arrays. One that holds nothing but nulls stays empty: `unnest` fills shorter ones with nulls.

    Each value that is encoded costs, and most rows have neither parts nor a price.
    """
    return [() if column.count(None) == len(column) else column for column in zip(*rows, strict=True)]

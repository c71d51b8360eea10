"""Spans of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.span import read_span, write_span


@given(st.integers(0, 999_999_999))
def test_what_is_written_is_read_back(millis: int) -> None:
    span = timedelta(milliseconds=millis)
    assert read_span(write_span(span)) == span


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30), ("1h30m", 5_400), ("24h", 86_400), ("1.5h", 5_400), ("500ms", 0.5), ("7d", 604_800)],
)
def test_spans_are_read_with_their_units(written: str, seconds: float) -> None:
    assert read_span(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", "30", 30, 1.5, None, "h", "-1s", "1 h", "1w", "1s\n", "9999999999s", True]
)
def test_a_number_without_a_unit_and_nonsense_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match="must be a span of time"):
        read_span(written)

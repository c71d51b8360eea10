"""When a text is taken at the word of its secret path."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from providers import CutOff, CutReason, Failure, InDoubt, Refused, RefusedReason, Throttled, Unreachable
from router.rules.proof import believed

SOON, JUST, LONG = timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=2)
REVOKED = CutOff(CutReason.REVOKED, "x")


@pytest.mark.parametrize(
    ("failure", "known", "expected"),
    [
        (REVOKED, {}, True),
        (Unreachable("x"), {}, False),
        (Unreachable("x"), {"again": True}, True),
        (InDoubt("x"), {"closed": True}, True),
        (InDoubt("x"), {"waited": LONG}, True),
        (Throttled(1, "x"), {"again": True, "closed": True}, False),
        (Unreachable("x"), {"waited": JUST}, True),
        (Throttled(1, "x"), {"waited": LONG}, True),
        (Throttled(1, "x"), {"waited": JUST}, True),
        (Refused(RefusedReason.FILTERED, "x"), {}, False),
    ],
)
def test_believed(failure: Failure, known: dict[str, Any], expected: bool) -> None:
    said: dict[str, Any] = {"again": False, "closed": False, "waited": SOON} | known
    assert believed(failure, patience=JUST, **said) is expected


def test_what_is_no_failure_is_no_question() -> None:
    with pytest.raises(AssertionError, match="'an answer'"):
        believed("an answer", again=True, closed=True, waited=LONG, patience=JUST)  # type: ignore[arg-type]

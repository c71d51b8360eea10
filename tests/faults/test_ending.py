"""Graceful stop, the short form of `python -m tests.faults.ending`."""

from __future__ import annotations

import pytest

from tests.faults.ending import endings

pytestmark = pytest.mark.xdist_group("own-database")
TIMES = 3


async def test_told_to_stop_under_load_it_leaves_no_doubt() -> None:
    found = await endings(TIMES, 2017)
    assert found.wrong == []
    assert len(found.seconds) == TIMES
    assert found.texts > 20


async def test_without_patience_it_leaves_doubts() -> None:
    found = await endings(1, 2017, without=True)
    assert [said for said in found.wrong if "left open or in doubt" in said]

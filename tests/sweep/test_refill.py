"""After a refill what is stale has expired, and the rest leaves newest first, slowly and then faster."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from router.postgres.purses import Purses
from router.rules.budget import TOTAL
from tests.sweep.test_probes import alone
from tests.sweep.town import Town, town

_TEXTS, _STALE = 40, 5
_SLOWLY = """
[workers]
poll_every = "1h"
ramp_first = 4
ramp_doubles = "1s"
"""
_AT_ONCE = _SLOWLY.replace("ramp_first = 4", "ramp_first = 1000000")


def broke(written: str) -> str:
    """Nobody stands in for anybody, and there is no money."""
    return alone(written).replace('limit = "20.00"', 'limit = "0.00"')


async def _waiting(place: Town) -> int:
    return len(await place.rows("SELECT id FROM reply WHERE state = 'queued'"))


async def refilled(place: Town) -> list[str]:
    """Texts that waited for money, oldest first; the first of them have expired since."""
    texters = []
    for count in range(1, _TEXTS + 1):
        texters.append(await place.text("twilio"))
        await place.eventually(lambda: _waiting(place), count.__eq__)
    await place.database.execute(
        "UPDATE reply SET expires_at = received_at WHERE id IN"
        " (SELECT id FROM reply ORDER BY received_at LIMIT $1)",
        _STALE,
    )
    await place.eventually(lambda: _waiting(place), (_TEXTS - _STALE).__eq__)
    now = place.house.office.now()
    window = place.house.office.purses.window(TOTAL, now)
    await Purses(place.house.pool).top_up(TOTAL, 20_000_000, window, "EUR", now, by="operator")
    return texters


async def _leaves(database: str, folder: Path, more: str) -> None:
    async with town(database, folder, more=more, change=broke) as place:
        texters = await refilled(place)
        for texter in texters[_STALE:]:
            await place.attempted(texter, "accepted")
        sent = {texter: place.sends(texter) for texter in texters}
        assert [len(sent[texter]) for texter in texters] == [0] * _STALE + [1] * (_TEXTS - _STALE)
        newest_first = [sent[texter][0].at for texter in reversed(texters[_STALE:])]
        assert set(sorted(newest_first)[:10]) <= set(newest_first[:15])
        assert _within_a_second(newest_first) <= _TEXTS // 2
        await place.audit()


async def test_what_waited_leaves_newest_first_and_slowly_at_first(database: str, tmp_path: Path) -> None:
    await _leaves(database, tmp_path, _SLOWLY)


async def test_control_without_a_ramp_all_that_waited_leaves_at_once(database: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"<= \(40 // 2\)"):
        await _leaves(database, tmp_path, _AT_ONCE)


def _within_a_second(at: list[datetime]) -> int:
    first = min(at)
    return sum((each - first).total_seconds() < 1 for each in at)

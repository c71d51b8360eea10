"""The clock jumps by ten minutes and back, in calm and in a raid: texts are folded all the same, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from router.rules import buckets
from router.rules.campaign import Mode
from tests.nightwatch import NIGHT, House, house_in, ticks

JUMP = timedelta(minutes=10)


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with house_in(database) as found:
        yield found


async def _night(house: House, jumps: dict[int, timedelta]) -> list[tuple[str, int]]:
    """The night by a clock that is wrong in these ticks: each change, and at which tick it was known."""
    lookout, known = house.lookout(), list[tuple[str, int]]()
    for place, (now, texts) in enumerate(ticks()):
        wrong = jumps.get(place, timedelta())
        await house.inbox.store(house.line, [house.row(text, text.at + wrong) for text in texts])
        assert await lookout.step(now + wrong)
        known += [(each[0], place) for each in (await house.changes())[len(known) :]]
    return known


async def _folded(house: House) -> tuple[int, int]:
    rows = await house.rows("SELECT texts, version, at FROM raid_bucket ORDER BY version")
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    return sum(row["texts"] for row in rows if row["version"] is not None), len(rows)


_RAID = next(place for place, (_, texts) in enumerate(ticks()) if any(text.raid for text in texts))


@pytest.mark.parametrize("jump", [JUMP, -JUMP], ids=["ahead", "back"])
@pytest.mark.parametrize(
    "place", [20, _RAID - 1, _RAID + 2, _RAID + 20], ids=["calm", "before", "in", "late"]
)
async def test_a_clock_that_jumps_and_comes_back_hides_no_raid(
    house: House, jump: timedelta, place: int
) -> None:
    known = await _night(house, {place: jump, place + 1: jump})
    assert known[0][0] == Mode.RAID.value
    assert _RAID <= known[0][1] <= _RAID + 12
    assert (await _folded(house))[0] >= len(NIGHT) - 5


async def test_control_where_only_the_clock_ends_a_bucket_the_raid_is_seen_ten_minutes_late(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "open_until", lambda _closed, now: now)
    known = await _night(house, {_RAID - 1: JUMP, _RAID: JUMP})
    assert known[0][1] > _RAID + 12


async def test_two_whose_clocks_differ_count_every_text_once(house: House) -> None:
    fast, slow = house.lookout(), house.lookout()
    for now, texts in ticks():
        await house.store(texts)
        assert await fast.step(now + JUMP)
        assert await slow.step(now)
    assert (await _folded(house))[0] == len(NIGHT)
    assert [each[0] for each in await house.changes()][:1] == [Mode.RAID.value]

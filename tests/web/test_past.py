"""The last hour as the console draws it: answers by the minute, and signs of a raid as they were counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.web.house import House
from tests.web.test_public import answered


async def counted(house: House, ago: str, statistic: float) -> None:
    """A raid's statistic of so long ago."""
    await house.rows(
        "INSERT INTO raid_bucket (at, texts, flagged, sightings, version, mode, statistic, baseline, line)"
        " SELECT now() - $1::text::interval, 1, 0, '{}', count(*), 'calm', $2, 0, 0 FROM raid_bucket"
        " RETURNING 1",
        ago,
        statistic,
    )


async def past(house: House) -> dict[str, list[dict[str, Any]]]:
    status, said = await house.get("/api/v1/past")
    assert status == 200
    found: dict[str, list[dict[str, Any]]] = json.loads(said)
    return found


async def test_where_nothing_was_there_is_no_past(house: House) -> None:
    assert await past(house) == {"answers": [], "signs": []}


async def test_answers_are_counted_by_the_minute_from_the_first_that_had_any(house: House) -> None:
    for ago in ("10 s", "90 s", "95 s", "630 s", "61 min"):
        await answered(house, ago)
    await answered(house, "5 min 30 s", state="refused")
    said = (await past(house))["answers"]
    assert [each["value"] for each in said] == [1, *[0] * 8, 2, 1]
    moments = [datetime.fromisoformat(each["at"]) for each in said]
    assert {later - one for one, later in pairwise(moments)} == {timedelta(minutes=1)}
    assert abs(moments[-1] - datetime.now(UTC)) < timedelta(minutes=1)


async def test_signs_are_those_of_the_last_hour_in_order(house: House) -> None:
    for ago, statistic in (("61 min", 9.0), ("2 min", 2.5), ("40 min", 0.5)):
        await counted(house, ago, statistic)
    assert [each["value"] for each in (await past(house))["signs"]] == [0.5, 2.5]

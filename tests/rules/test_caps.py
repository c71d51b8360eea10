"""Caps: what an answer counts against, and when one that is put off is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.rules.budget import Period
from router.rules.caps import Cap, Caps, again_at

NOON = datetime(2017, 11, 25, 12, tzinfo=UTC)
MOBILE = "+33639980001"
CAPS = Caps(
    {
        "france": Cap(country="FR", answers=9, period=Period.DAY),
        "range": Cap(prefix="+3363998", answers=3, period=Period.HOUR),
        "poster": Cap(number="poster", answers=5, period=Period.FIXED),
    },
    ZoneInfo("Europe/Paris"),
)


@pytest.mark.parametrize(
    ("number", "to", "caps"),
    [
        ("poster", MOBILE, ["france", "range", "poster"]),
        ("flyer", MOBILE, ["france", "range"]),
        ("flyer", "+33639970001", ["france"]),
        ("poster", "+32470000001", ["poster"]),
        ("flyer", "+32470000001", []),
    ],
)
def test_an_answer_counts_against_its_country_its_range_and_its_number(
    number: str, to: str, caps: list[str]
) -> None:
    assert [slot.cap for slot in CAPS.over(number, to, NOON)] == caps


def test_windows_are_those_of_purses() -> None:
    france, hour, poster = CAPS.slots(NOON)
    assert (france.starts_at, france.ends_at) == (NOON - timedelta(hours=13), NOON + timedelta(hours=11))
    assert (hour.starts_at, hour.ends_at, hour.answers) == (NOON, NOON + timedelta(hours=1), 3)
    assert poster.ends_at is None


def test_what_is_put_off_is_tried_again_in_the_next_window_while_it_is_worth_it() -> None:
    over, soon = CAPS.over("poster", MOBILE, NOON), NOON + timedelta(minutes=5)
    assert again_at(over, NOON + timedelta(hours=6)) == NOON + timedelta(hours=1)
    assert again_at(over, soon) == soon
    assert again_at(over[2:], soon) == soon


@pytest.mark.parametrize("said", [{}, {"country": "FR", "number": "poster"}])
def test_a_cap_is_of_one_thing(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one of country, prefix and number"):
        Cap.model_validate({"answers": 1, "period": "day", **said})

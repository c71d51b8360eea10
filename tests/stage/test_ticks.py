"""Business time in a drill: moved the same way whatever the machine does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from router.stage.drill.scenes import SCENARIOS, Scenario
from router.stage.drill.ticks import LONGEST, Tick, ticks
from router.stage.drill.traffic import Sent, traffic

BEGIN = datetime(2017, 11, 24, 17, tzinfo=UTC)


def sent(seconds: float, sender: str) -> Sent:
    return Sent(BEGIN + timedelta(seconds=seconds), sender, "test", raid=False)


def moved(texts: list[Sent], hours: float = 1, stops: tuple[datetime, ...] = ()) -> list[Tick]:
    return list(ticks(texts, BEGIN, BEGIN + timedelta(hours=hours), stops))


def of(scenario: Scenario, seed: int = 1, scale: float = 0.02) -> list[Sent]:
    return traffic(scenario.launch, scenario.crowd, scenario.raid, seed, scale)


def test_every_text_is_in_one_tick_and_none_before_it_was_written() -> None:
    texts = of(SCENARIOS["weekend"])
    found = list(ticks(texts, SCENARIOS["weekend"].launch, SCENARIOS["weekend"].ends, ()))
    assert sorted(text for tick in found for text in tick.texts) == texts
    assert all(text.at <= tick.at for tick in found for text in tick.texts)


def test_the_clock_never_stands_longer_than_it_may_nor_goes_back() -> None:
    found = moved([sent(10, "a")])
    assert all(timedelta(0) < later.at - before.at <= LONGEST for before, later in pairwise(found))


def test_a_phone_writes_once_a_tick() -> None:
    found = moved([sent(1, "a"), sent(2, "a"), sent(3, "a"), sent(4, "b")])
    assert [[text.sender for text in tick.texts] for tick in found[:3]] == [["a", "b"], ["a"], ["a"]]


def test_many_texts_make_short_ticks() -> None:
    found = moved([sent(place, str(place)) for place in range(600)])
    assert found[0].at - BEGIN <= timedelta(seconds=90)


def test_it_halts_where_something_else_happens() -> None:
    stop = BEGIN + timedelta(minutes=7, seconds=1)
    assert stop in [tick.at for tick in moved([], stops=(stop,))]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_night_follows_from_its_seed(name: str) -> None:
    scenario = SCENARIOS[name]
    assert of(scenario) == of(scenario)
    assert of(scenario) != of(scenario, seed=2)
    assert {text.raid for text in of(scenario)} == ({True, False} if scenario.raid else {False})


@pytest.mark.parametrize("name", SCENARIOS)
def test_nobody_who_could_exist_texts(name: str) -> None:
    fiction = ("+3363998", "+3319900", "+3346571", "+3353649", "+3335301", "+3326191")
    assert all(text.sender.startswith(fiction) for text in of(SCENARIOS[name]))


def test_the_weekend_is_that_of_2017() -> None:
    scenario = SCENARIOS["weekend"]
    texts = of(scenario, scale=1)
    monday = scenario.launch + timedelta(hours=70)
    assert sum(text.at < monday for text in texts) == pytest.approx(30_000, rel=0.02)
    raid = [text for text in texts if text.raid]
    assert (len(raid), min(text.at for text in raid) >= monday) == (20_000, True)
    assert 1_400 <= len({text.sender for text in raid}) <= 1_500

"""A spread purse: what comes faster than its window passes waits, whoever sends; it is dropped by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from router.postgres.accounts import Accounts
from router.postgres.purses import Purses
from router.rules.budget import HEAD_START, Period, Purse, due_share, window
from tests.postgres.scene import ACME, DAY, MONTH, NOON, TOTAL, Scene, intent, scene_in
from tests.postgres.scene import text as text_of

ZONE = ZoneInfo("UTC")


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with scene_in(database) as scene:
        yield scene


async def spread(scene: Scene, *, on: bool = True) -> None:
    """Spread the purse of acme, 1 a day, and say so to its windows as of noon."""
    said = {
        ACME: Purse.model_validate({"limit": "1", "period": "day", "spread": on}),
        TOTAL: Purse.model_validate({"limit": "10", "period": "month"}),
    }
    await Purses(scene.pool).sync(said, {ACME: DAY, TOTAL: MONTH})


async def armed(scene: Scene, owners: int) -> int:
    """Have so many processes arm 100 sends of a hundredth each, at once; how many were."""

    async def some(place: int) -> int:
        owner = scene.owner()
        texts = [text_of(f"{place} {n}") for n in range(100)]
        await owner.store(*texts)
        said = await owner.arm(*(intent(one.id, estimate=10_000, in_flight=1_000) for one in texts))
        assert set(said) <= {"armed", "account_purse"}
        return said.count("armed")

    return sum(await asyncio.gather(*map(some, range(owners))))


async def test_a_window_begins_with_a_head_start_whoever_makes_it(scene: Scene) -> None:
    await spread(scene)
    assert (await Accounts(scene.pool).facts()).caps[ACME] == 1_000_000 // 24
    assert await armed(scene, 3) == 4


async def begun_before(scene: Scene) -> int:
    """How many are armed in the first moment of a spread purse whose window was there before."""
    await spread(scene, on=False)
    await scene.look.execute(
        "INSERT INTO purse_window (purse, starts_at, cap, high_cap, unlimited)"
        " VALUES ($1, $2, 1000000, 1000000, false)",
        ACME,
        DAY,
    )
    await spread(scene)
    return await armed(scene, 3)


async def test_a_window_that_was_there_is_spread_from_the_first_moment(scene: Scene) -> None:
    assert await begun_before(scene) == 4


async def test_control_without_that_its_first_moment_would_take_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.purses._BEGIN", "SELECT $1::text, $2::timestamptz, $3::float8")
    assert await begun_before(scene) == 100


async def test_a_limit_set_by_hand_is_spread_from_the_first_moment(scene: Scene) -> None:
    said = {ACME: Purse.model_validate({"limit": "unlimited", "period": "day", "spread": True})}
    await Purses(scene.pool).sync(said, {ACME: DAY})
    await scene.look.execute(
        "INSERT INTO purse_window (purse, starts_at, unlimited) VALUES ($1, $2, true)", ACME, DAY
    )
    await Purses(scene.pool).set(ACME, 1_000_000, DAY)
    assert await armed(scene, 2) == 4


async def test_at_half_of_the_window_half_of_the_purse_may_be_used_by_all_processes_together(
    scene: Scene,
) -> None:
    await spread(scene)
    share = due_share(window(Period.DAY, NOON, ZONE), NOON)
    await Purses(scene.pool).spread({ACME: (DAY, share)})
    assert 0.5 < share < 0.53
    assert await armed(scene, 3) == int(share * 100)
    facts = await Accounts(scene.pool).facts()
    assert facts.rooms[ACME, DAY].left == int(share * 1_000_000) - int(share * 100) * 10_000


async def test_control_a_purse_that_is_not_spread_is_used_at_once(scene: Scene) -> None:
    await spread(scene, on=False)
    await Purses(scene.pool).spread({})
    assert await armed(scene, 3) == 100


async def test_what_is_no_longer_spread_may_be_used_at_once(scene: Scene) -> None:
    await spread(scene)
    await Purses(scene.pool).spread({ACME: (DAY, 0.1)})
    await spread(scene, on=False)
    await Purses(scene.pool).spread({})
    assert await armed(scene, 1) == 100


def test_the_share_grows_from_the_head_start_to_all() -> None:
    here = window(Period.DAY, NOON, ZONE)
    assert here.end is not None
    moments = [here.start + n * timedelta(hours=1) for n in range(24)]
    shares = [due_share(here, moment) for moment in moments]
    assert shares[0] == HEAD_START
    assert shares == sorted(shares)
    assert due_share(here, here.end) == 1.0
    assert due_share(window(Period.FIXED, NOON, ZONE), NOON) == 1.0


def test_a_purse_without_an_end_cannot_be_spread() -> None:
    with pytest.raises(ValueError, match="no end"):
        Purse.model_validate({"limit": "1", "period": "fixed", "spread": True})

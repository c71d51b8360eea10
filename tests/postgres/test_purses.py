"""Purses: what the file says, what the operator says, and the present window that follows at once."""

from __future__ import annotations

from router.postgres.purses import Purses
from router.rules.budget import Purse
from tests.postgres.scene import ACME, DAY, Scene, proof


async def said(scene: Scene, name: str = ACME) -> tuple[object, ...]:
    row = await scene.look.fetchrow("SELECT cap, unlimited, origin FROM purse WHERE name = $1", name)
    return tuple(row or ())


async def window(scene: Scene, name: str = ACME) -> tuple[object, ...]:
    query = "SELECT cap, high_cap, unlimited FROM purse_window WHERE purse = $1"
    return tuple(await scene.look.fetchrow(query, name) or ())


async def test_what_the_operator_says_outranks_the_file_until_that_line_changes(scene: Scene) -> None:
    assert await said(scene) == (1_000_000, False, "file")
    await scene.cap(ACME, 7)
    assert await said(scene) == (7, False, "operator")
    await scene.purses(acme="1")
    assert await said(scene) == (7, False, "operator")
    await scene.purses(acme="2")
    assert await said(scene) == (2_000_000, False, "file")


async def test_another_period_is_another_line(scene: Scene) -> None:
    await scene.cap(ACME, 7)
    purse = Purse.model_validate({"limit": "1", "period": "hour"})
    assert await Purses(scene.pool).sync({ACME: purse}, {ACME: DAY}) == [ACME]
    assert await said(scene) == (1_000_000, False, "file")


async def test_the_names_that_changed_are_told(scene: Scene) -> None:
    purses = {
        name: Purse.model_validate({"limit": limit, "period": "day"})
        for name, limit in {"acme": "1", "beta": "3", "new": "unlimited"}.items()
    }
    assert await Purses(scene.pool).sync(purses, dict.fromkeys(purses, DAY)) == ["beta", "new"]
    assert await said(scene, "new") == (None, True, "file")


async def test_a_purse_that_is_not_there_is_not_set(scene: Scene) -> None:
    assert not await Purses(scene.pool).set("nobody", 5, DAY)


async def test_the_present_window_follows_and_remembers_its_highest_cap(scene: Scene) -> None:
    sent = await scene.owner().armed("kim")
    for cap, high in (
        (50, 1_000_000),
        (2_000_000, 2_000_000),
        (None, 2_000_000),
        (10, 2_000_000),
        (0, 2_000_000),
    ):
        await scene.cap(ACME, cap)
        assert await window(scene) == (cap, high, cap is None)
    assert await scene.owner().settle(proof(sent, "accepted")) == ["accepted"]


async def test_a_cap_over_what_an_unlimited_purse_has_spent_counts_from_there(scene: Scene) -> None:
    await scene.cap(ACME, None)
    owner = scene.owner()
    sent = await owner.armed("kim", estimate=3_000_000)
    await scene.cap(ACME, 5)
    assert await window(scene) == (5, 3_000_000, False)
    await owner.settle(proof(sent, "accepted", price=3_000_002))
    assert await scene.window() == (0, 3_000_002, 2)

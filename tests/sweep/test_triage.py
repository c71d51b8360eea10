"""Nobody carries anything, a raid comes, and calm, and then money: the raid is not paid for all that."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from router.postgres import held
from router.postgres.held import HeldBooks
from router.postgres.inbox import Claimed
from router.postgres.orders import order
from router.postgres.purses import Purses
from router.rules.budget import TOTAL
from router.rules.campaign import Mode
from router.sweep.ears import Ears
from router.sweep.raid import Triage
from tests.abuse.traffic import GENUINE, RAID
from tests.sweep.test_raid import _GRAVE, Scene, place

_PLAIN = {("opener", False): 1.0, ("test", False): 1.0, ("supporter", False): 1.0}
_RAIDERS, _OTHERS = 120, 40
_RICH = 2_000_000_000
_UNJUDGED = """
SELECT r.id FROM reply r WHERE r.state IN ('queued', 'delayed')
    AND NOT EXISTS (SELECT FROM judgement j WHERE j.reply = r.id)
"""


async def lanes(scene: Scene, *, wide: bool) -> None:
    """Wait until the process knows that somebody carries texts, or that nobody does."""
    office = scene.town.house.office

    async def look() -> list[str]:
        return office.open_lanes(office.now())

    await scene.town.eventually(look, lambda found: bool(found) == wide)


async def money(scene: Scene, micros: int) -> None:
    """Set the purse of all, as `paravent budget set total` does."""
    office = scene.town.house.office
    window = office.purses.window(TOTAL, office.now())
    assert await Purses(scene.town.house.pool).set(TOTAL, micros, window)
    await lanes(scene, wide=micros > 0)


async def carriers(scene: Scene, what: str) -> None:
    """Cut every account, or restore each."""
    for name in scene.town.house.office.accounts:
        await order(scene.town.house.pool, what, name, by="operator")
    await lanes(scene, wide=what == "restore")


def idle(scene: Scene) -> None:
    """Nobody judges what waits."""

    async def nothing() -> bool:
        return False

    scene.town.house.sweep.duties["triage"].act = nothing


async def waiting(scene: Scene) -> tuple[list[str], list[str]]:
    """A raid that is seen while nobody carries texts, and genuine texts in it: all of them wait."""
    raiders = [each for _ in range(2) for each in await scene.crowd(_RAIDERS // 2, RAID, answered=False)]
    others = await scene.crowd(_OTHERS, _PLAIN, answered=False)
    assert scene.mode is Mode.RAID
    return raiders, others


async def judged(scene: Scene) -> None:
    await scene.town.eventually(lambda: scene.town.rows(_UNJUDGED), lambda rows: not rows)


async def held_and_answered(scene: Scene, raiders: list[str], others: list[str]) -> None:
    """The raid waits for the operator, unpaid; the others have their answer."""
    await scene.settled()
    assert (await scene.states(raiders)).count("held") > _RAIDERS / 3
    assert (await scene.states(others)).count("accepted") > _OTHERS / 2
    paid = "SELECT a.reference FROM attempt a JOIN reply r ON r.id = a.reply WHERE r.state = 'held'"
    assert await scene.town.rows(paid) == []
    told = "SELECT version, rank, line, released_at FROM judgement j JOIN reply r ON r.id = j.reply"
    rows = await scene.town.rows(f"{told} WHERE r.state = 'held' AND j.held")
    assert len(rows) == len(await scene.town.rows("SELECT id FROM reply WHERE state = 'held'"))
    assert all(row["rank"] > row["line"] and row["version"] and not row["released_at"] for row in rows)


async def test_a_raid_that_comes_while_the_purse_is_empty_is_not_paid_after_the_top_up(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        await scene.crowd(150, GENUINE)
        await money(scene, 0)
        raiders, others = await waiting(scene)
        await judged(scene)
        assert (await scene.ask("/end"))["mode"] == "calm"
        await money(scene, _RICH)
        await held_and_answered(scene, raiders, others)


async def test_control_where_nobody_judges_what_waits_all_of_it_is_paid(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        idle(scene)
        await scene.crowd(150, GENUINE)
        await money(scene, 0)
        raiders, _ = await waiting(scene)
        assert (await scene.ask("/end"))["mode"] == "calm"
        await money(scene, _RICH)
        await scene.settled()
        assert await scene.states(raiders) == ["accepted"] * _RAIDERS


async def test_a_raid_that_comes_while_every_carrier_is_cut_is_not_paid_once_they_are_back(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        await scene.crowd(150, GENUINE)
        await carriers(scene, "cut")
        raiders, others = await waiting(scene)
        await judged(scene)
        assert (await scene.ask("/end"))["mode"] == "calm"
        await carriers(scene, "restore")
        await held_and_answered(scene, raiders, others)


@dataclass
class AtOnce(HeldBooks):
    """Books of two processes, neither of which writes before both have read."""

    both: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(2))

    async def unjudged(self, version: int, but: Collection[UUID], most: int) -> list[Claimed]:
        found = await super().unjudged(version, but, most)
        await self.both.wait()
        return found


async def twice(scene: Scene) -> tuple[int, int, list[int]]:
    """Two judge the same texts: how many they say they held, how many are, and how often each is evidence."""
    idle(scene)
    await scene.crowd(150, GENUINE)
    await money(scene, 0)
    await waiting(scene)
    said: list[int] = []
    books, office = AtOnce(scene.town.house.pool), scene.town.house.office
    await asyncio.gather(*(Triage(office, books, Ears(held=said.append))() for _ in range(2)))
    due = (
        "SELECT count(*) AS times FROM (SELECT kind, item FROM evidence_due UNION ALL"
        " SELECT kind, item FROM evidence) e WHERE kind = 'judgement' GROUP BY item"
    )
    times = [row["times"] for row in await scene.town.rows(due)]
    return sum(said), len(await scene.town.rows("SELECT id FROM reply WHERE state = 'held'")), times


async def test_two_that_judge_at_once_hold_each_text_once(database: str, tmp_path: Path) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        said, there, times = await twice(scene)
        assert said == there > _RAIDERS / 3
        assert times == [1] * there


async def test_control_where_it_does_not_matter_how_a_text_stands_it_is_held_twice(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = "r.state IN ('claimed', 'queued', 'delayed')"
    assert written in held._JUDGE
    monkeypatch.setattr(held, "_JUDGE", held._JUDGE.replace(written, "true"))
    async with place(database, tmp_path, more=_GRAVE) as scene:
        said, there, _ = await twice(scene)
        assert said == 2 * there > 0


async def test_what_gets_no_judgement_is_opened_once(database: str, tmp_path: Path) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        idle(scene)
        await scene.crowd(150, GENUINE)
        await money(scene, 0)
        await waiting(scene)
        await scene.town.text("twilio", "STOP")
        triage = Triage(scene.town.house.office, HeldBooks(scene.town.house.pool), Ears())
        while await triage():
            pass
        assert len(await scene.town.rows(_UNJUDGED)) == 1
        assert await scene.town.replies(await scene.town.text("twilio", "STOP")) != []
        assert await triage()
        assert not await triage()


async def test_in_calm_nothing_is_asked_of_the_database(database: str, tmp_path: Path) -> None:
    async with place(database, tmp_path) as scene:
        books = AtOnce(scene.town.house.pool)  # whoever asks it alone never returns
        triage = Triage(scene.town.house.office, books, Ears())
        async with asyncio.timeout(10):
            assert not await triage()

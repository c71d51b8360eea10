"""The operator says that it is no raid: every process heeds it, also one that was just waiting to look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from router.postgres import raid
from router.postgres.raid import RaidBooks
from router.rules import campaign
from tests.nightwatch import NIGHT, POLICY, House, house_in, spend

LATER = NIGHT[-1].at + timedelta(hours=1)


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with house_in(database) as found:
        yield found


async def denied(house: House) -> list[str]:
    """The causes of all changes, where one lookout is told at the start that it is no raid all night."""
    told, *others = [house.lookout() for _ in range(3)]
    await told.calm(NIGHT[0].at, LATER, "kim")
    await spend(house, others)
    return [cause for _, cause, _, _ in await house.changes()]


async def test_what_one_was_told_is_no_raid_no_other_sees_as_one(house: House) -> None:
    assert await denied(house) == ["operator"]
    assert await house.lookout().end(NIGHT[-1].at, "kim")
    assert not await house.lookout().end(NIGHT[-1].at, "kim")
    orders = await house.rows("SELECT what, detail ->> 'until' AS until FROM operator_action ORDER BY id")
    assert [row["what"] for row in orders] == ["raid calm", "raid ended"]
    assert datetime.fromisoformat(orders[0]["until"]) == LATER


async def test_control_where_the_order_is_not_shared_the_others_see_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.raid._FENCE", "SELECT pg_current_xact_id() AS fence, NULL AS until")
    assert "statistic" in await denied(house)


async def _until(turns: RaidBooks) -> datetime | None:
    """Until when it is no raid, as whoever has the state row now reads it."""
    async with turns.turn(patient=True) as turn:
        assert turn is not None
        return turn.state.campaign.calm_until


async def _somebody_waits(house: House) -> None:
    for _ in range(1_000):
        if await house.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for the state row")


async def _ordered_while_another_waits(house: House) -> datetime | None:
    """What one reads who waited for the row while it was ordered that it is no raid."""
    async with house.lookout().books.turn(patient=True) as turn:
        assert turn is not None
        waiting = asyncio.create_task(_until(RaidBooks(house.pool)))
        await _somebody_waits(house)
        known, change = campaign.calm(turn.state.campaign, NIGHT[0].at, LATER, POLICY)
        await turn.changed(change, 0, "kim", ({}, {"until": LATER.isoformat()}))
        await turn.save(replace(turn.state, campaign=known), POLICY.alarm)
    return await waiting


async def test_who_waited_while_it_was_ordered_heeds_it(house: House) -> None:
    assert await _ordered_while_another_waits(house) == LATER


async def test_control_what_is_read_together_with_the_row_is_older_than_the_lock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = raid._STATE.replace("line\n", f"line, {raid.UNTIL} AS until\n")
    monkeypatch.setattr(raid, "_STATE", together)
    state = raid._state
    monkeypatch.setattr(raid, "_state", lambda row, _until: state(row, row["until"]))
    assert await _ordered_while_another_waits(house) is None

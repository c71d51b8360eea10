"""Two evaluators and two consoles at once, one broken off in the middle: each text and order counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest

from router.postgres.raid import RaidBooks
from tests.nightwatch import NIGHT, House, forget, house_in, spend, ticks


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with house_in(database) as found:
        yield found


async def _broken_off(step: asyncio.Task[bool], turns: int) -> None:
    """Cancelled after so many turns of the loop, wherever it is then."""
    for _ in range(turns):
        await asyncio.sleep(0)
    step.cancel()
    with suppress(asyncio.CancelledError):
        await step


async def _watched(house: House) -> None:
    """Each tick by two who step at once and one who is killed on the way."""
    random, two = Random(3), [house.lookout(), house.lookout()]
    for now, texts in ticks():
        await house.store(texts)
        dying = asyncio.create_task(house.lookout().step(now, patient=True))
        await asyncio.gather(
            _broken_off(dying, random.randrange(60)), *(each.step(now, patient=True) for each in two)
        )
        assert await two[0].step(now, patient=True)


async def test_two_who_watch_at_once_and_one_who_dies_see_what_one_sees(house: House) -> None:
    await spend(house, [house.lookout()])
    alone, changes = await house.told(), await house.changes()
    await forget(house)
    await _watched(house)
    assert await house.told() == alone
    assert await house.changes() == changes
    assert sum(row["texts"] for row in alone) >= len(NIGHT) - 5


async def _ordered_at_once(house: House, watchers: int = 2) -> list[str]:
    """Two consoles declare and end, over and over, while others watch; the modes that it changed to."""
    consoles, watching = [house.lookout(), house.lookout()], [house.lookout() for _ in range(watchers)]
    for now, texts in ticks()[:12]:
        await house.store(texts)
        await asyncio.gather(
            *(each.declare(now, "kim") for each in consoles),
            *(each.end(now, "lou") for each in consoles),
            *(each.step(now) for each in watching),
        )
    rows = await house.rows("SELECT mode FROM raid_change ORDER BY id")
    orders = await house.rows("SELECT what FROM operator_action ORDER BY id")
    assert [row["what"].split()[1] for row in orders] == [
        "declared" if row["mode"] == "raid" else "ended" for row in rows
    ]
    return [row["mode"] for row in rows]


async def test_two_consoles_that_declare_and_end_at_once_take_turns(house: House) -> None:
    modes = await _ordered_at_once(house)
    assert len(modes) >= 12
    assert (await RaidBooks(house.pool).state()).campaign.mode.value == modes[-1]
    assert all(one != other for one, other in pairwise(modes))


async def test_control_without_the_lock_on_the_state_they_do_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.raid._STATE", _unlocked())
    modes = await _ordered_at_once(house, watchers=0)
    assert any(one == other for one, other in pairwise(modes))


def _unlocked() -> str:
    """The state read past its lock: what follows locks a row that says nothing."""
    from router.postgres.raid import _STATE

    return f"WITH free AS ({_STATE}) SELECT free.* FROM free "

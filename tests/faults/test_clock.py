"""Wall clocks that are set, forwards and back, while routers run: by libfaketime."""

from __future__ import annotations

import pytest

from tests.faults import clock
from tests.faults.chaos import Order, run
from tests.faults.controls import CONTROLS, show
from tests.faults.routers import Plan

pytestmark = [pytest.mark.xdist_group("own-database"), pytest.mark.require("faketime")]
ORDER = Order(texts=150, pace=20.0, kills=1, jumps=3, faults=15)


async def test_clocks_that_jump_lose_nothing_and_send_nothing_twice() -> None:
    assert clock.library() is not None
    plan = Plan(processes=(2, 1), environment=[clock.environment(wanted=True)])
    one, said = await run(ORDER, plan)
    assert said == []
    assert one.done["jump"] == ORDER.jumps
    assert len(one.carriers.journal["accepted"]) > ORDER.texts / 2


async def late(*, without: bool) -> list[str]:
    said = await show("clock", without=without)
    return [one for one in said if one.startswith(CONTROLS["clock"].harm)]


async def test_a_clock_that_is_set_back_gives_no_lease_more_time() -> None:
    assert await late(without=False) == []


async def test_control_leases_by_the_wall_clock_let_bytes_leave_late() -> None:
    with pytest.raises(AssertionError):
        assert await late(without=True) == []

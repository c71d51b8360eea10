"""A cap in the whole flow: what is above it waits, unpaid, for the next window; nothing of it is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from router.office import Office
from router.postgres.upkeep import Upkeep
from router.sweep.ears import Ears
from router.sweep.upkeep import TimeBrings
from tests.sweep.town import Town, town

_CAP = """
[caps.france]
country = "FR"
answers = 2
period = "day"

[workers]
poll_every = "1h"
"""
OVER = {"queued", "claimed", "sending"}


async def three(here: Town) -> list[dict[str, Any]]:
    """Three texters text, one after the other; what became of their replies."""
    return [await _ended(here, await here.text("twilio")) for _ in range(3)]


async def _ended(here: Town, texter: str) -> dict[str, Any]:
    (reply,) = await here.eventually(
        lambda: here.replies(texter), lambda rows: rows and rows[0]["state"] not in OVER
    )
    return {**reply, "sends": len(here.sends(texter))}


async def test_what_is_above_a_cap_waits_for_the_next_window(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more=_CAP) as here:
        first, second, third = await three(here)
        assert [first["state"], second["state"], third["state"]] == ["accepted", "accepted", "delayed"]
        assert (third["reason"], third["sends"]) == ("cap", 0)
        assert await _page(here) == {
            'paravent_cap_used_answers{cap="france"}': 2.0,
            'paravent_cap_limit_answers{cap="france"}': 2.0,
        }
        (slot,) = here.house.office.policy.caps.slots(here.house.office.now())
        assert third["not_before"] == min(slot.ends_at or third["expires_at"], third["expires_at"])
        await here.database.execute("UPDATE cap_window SET starts_at = starts_at - interval '1 day'")
        await here.database.execute("UPDATE reply SET not_before = $1 WHERE state = 'delayed'", _now(here))
        await here.round("time")
        await here.eventually(
            lambda: here.rows("SELECT 1 FROM reply WHERE state = 'accepted' AND reason = ''"),
            lambda rows: len(rows) == 3,
        )
        await here.eventually(
            lambda: _page(here), lambda page: page['paravent_cap_used_answers{cap="france"}'] == 1
        )
        await here.audit()


async def test_control_without_the_cap_all_are_answered(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as here:
        assert [reply["state"] for reply in await three(here)] == ["accepted"] * 3
        assert await _page(here) == {}


async def waiting(here: Town) -> list[str]:
    """How the replies stand, once nobody's is under way."""
    rows = await here.eventually(
        lambda: here.rows("SELECT state FROM reply ORDER BY state"),
        lambda rows: all(row["state"] not in OVER for row in rows),
    )
    return [row["state"] for row in rows]


def capped(answers: int) -> str:
    return _CAP.replace("answers = 2", f"answers = {answers}")


async def test_texts_that_wait_for_a_cap_go_by_the_settings_of_today(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more=capped(1)) as here:
        await three(here)
        assert await waiting(here) == ["accepted", "delayed", "delayed"]
    async with town(database, tmp_path, more=capped(0)) as here:  # lowered: nobody goes, nobody is lost
        await here.round("time")
        assert await waiting(here) == ["accepted", "delayed", "delayed"]
        assert (await _page(here))['paravent_cap_limit_answers{cap="france"}'] == 0
    async with town(database, tmp_path, more=capped(2)) as here:  # raised by one: one goes
        assert await here.eventually(lambda: waiting(here), lambda found: found.count("accepted") == 2)
        assert await waiting(here) == ["accepted", "accepted", "delayed"]
    async with town(database, tmp_path) as here:  # gone
        assert await here.eventually(lambda: waiting(here), lambda found: found == ["accepted"] * 3)
        await here.audit()


async def test_control_what_is_not_tried_again_waits_although_the_cap_is_gone(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(database, tmp_path, more=capped(1)) as here:
        await three(here)
    monkeypatch.setattr("router.postgres.upkeep._UNCAP", "SELECT $1::timestamptz")
    async with town(database, tmp_path) as here:
        await here.round("time")
        assert await waiting(here) == ["accepted", "delayed", "delayed"]


class Tried(Upkeep):
    """Nothing is due; it counts how often what caps put off is tried again."""

    def __init__(self) -> None:
        self.times = 0

    async def uncap(self, now: datetime) -> None:
        self.times += 1

    async def reap(self) -> tuple[int, int]:
        return 0, 0

    async def expire(self, now: datetime) -> list[str]:
        return []

    async def due(self, now: datetime) -> int:
        return 0


async def test_while_a_fleet_restarts_it_is_tried_again_a_minute_two_and_four_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upkeep, clock = Tried(), SimpleNamespace(seconds=7_000.0)
    office = SimpleNamespace(now=lambda: datetime.now(UTC))
    monkeypatch.setattr("router.sweep.upkeep.boottime", lambda: clock.seconds)
    duty = TimeBrings(cast("Office", office), upkeep, cast("Ears", SimpleNamespace()))
    tried = []
    for later in (0, 1, 59, 61, 120, 182, 300, 500):
        clock.seconds = 7_000.0 + later
        await duty()
        tried.append(upkeep.times)
    assert tried == [1, 1, 1, 2, 2, 3, 3, 4]


async def _page(here: Town) -> dict[str, float]:
    """What /metrics/state says of caps."""
    async with aiohttp.ClientSession() as session:
        page = await (await session.get(f"{here.house.settings.base_url}/metrics/state")).text()
    lines = (line.rpartition(" ") for line in page.splitlines() if line.startswith("paravent_cap_"))
    return {name: float(value) for name, _, value in lines}


def _now(here: Town) -> datetime:
    return here.house.office.now() - timedelta(seconds=1)

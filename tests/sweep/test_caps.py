"""A cap in the whole flow: what is above it waits, unpaid, for the next window; nothing of it is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

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


async def _page(here: Town) -> dict[str, float]:
    """What /metrics/state says of caps."""
    async with aiohttp.ClientSession() as session:
        page = await (await session.get(f"{here.house.settings.base_url}/metrics/state")).text()
    lines = (line.rpartition(" ") for line in page.splitlines() if line.startswith("paravent_cap_"))
    return {name: float(value) for name, _, value in lines}


def _now(here: Town) -> datetime:
    return here.house.office.now() - timedelta(seconds=1)

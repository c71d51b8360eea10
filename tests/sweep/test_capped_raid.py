"""A cap and a raid at once: what one puts off the other may hold; nothing is lost, what expires is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.postgres import upkeep
from router.postgres.held import HeldBooks
from router.rules.campaign import Mode
from tests.sweep.town import Town, town

_CAP = """
[caps.france]
country = "FR"
answers = 1
period = "day"

[workers]
poll_every = "1h"
"""
_INSULT = "ta gueule sale pute"
_LATE = "UPDATE reply SET expires_at = now() - interval '1 s' WHERE state = 'delayed'"


async def _stands(here: Town, texter: str, *states: tuple[str, str]) -> None:
    """Wait until the only reply to a texter stands so: state and reason."""
    rows = await here.eventually(
        lambda: here.replies(texter),
        lambda rows: rows and (rows[0]["state"], rows[0]["reason"]) in states,
    )
    assert len(rows) == 1


async def _capped_in_a_raid(database: str, folder: Path) -> list[str]:
    """An insult and an opener that a cap puts off, a raid, its end, a release: why each is silent."""
    async with town(database, folder, more=_CAP) as here:
        office, lookout = here.house.office, here.house.sweep.raid.lookout
        await _stands(here, await here.text("twilio"), ("accepted", ""))
        insult, opener = await here.text("twilio", _INSULT), await here.text("twilio")
        for texter in (insult, opener):
            await _stands(here, texter, ("delayed", "cap"))
        assert await lookout.declare(office.now(), "kim")
        await here.round("raid")
        assert office.stance.mode is Mode.RAID
        await here.round("triage")
        await _stands(here, insult, ("held", "grave"))
        await _stands(here, opener, ("delayed", "cap"))
        assert await lookout.end(office.now(), "kim")
        assert await here.house.sweep.duties["held"].act() is False
        await _stands(here, insult, ("held", "grave"))
        assert await HeldBooks(here.house.pool).release(office.now(), None, "kim") == 1
        await _stands(here, insult, ("delayed", "cap"))
        await here.database.execute(_LATE)
        await here.round("time")
        await here.audit()
        assert here.sends(insult) == here.sends(opener) == []
        return [(await here.replies(texter))[0]["reason"] for texter in (insult, opener)]


async def test_what_a_cap_put_off_is_held_let_go_put_off_again_and_told_as_capped(
    database: str, tmp_path: Path
) -> None:
    assert await _capped_in_a_raid(database, tmp_path) == ["capped", "capped"]


async def test_control_that_forgets_the_cap_tells_another_reason(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgets = upkeep._EXPIRE.replace("CASE reason WHEN 'cap' THEN 'capped' ELSE 'expired' END", "'expired'")
    assert forgets != upkeep._EXPIRE
    monkeypatch.setattr(upkeep, "_EXPIRE", forgets)
    assert await _capped_in_a_raid(database, tmp_path) == ["expired", "expired"]

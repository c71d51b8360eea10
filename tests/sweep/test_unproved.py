"""A carrier that signs nothing and cannot be asked keeps nobody waiting: its texts are answered unproved."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from providers import Failure
from router.rules import proof
from tests.sweep.town import Town, town

_MORE = """
[health]
probe_first = "10m"

[workers]
poll_every = "1h"
"""


async def _kept_waiting(database: str, folder: Path, trouble: str, seconds: float) -> None:
    async with town(database, folder, more=_MORE) as place:
        everything: dict[str, Any] = {} if trouble == "unreachable" else {"on": "all"}
        await place.network.fault("ovh", trouble, **everything)
        began = asyncio.get_running_loop().time()
        texters = [await place.text("ovh") for _ in range(4)]
        for texter in texters:
            await place.eventually(partial(_carriers, place, texter), lambda sent: sent)
        assert asyncio.get_running_loop().time() - began < seconds
        assert {carrier for texter in texters for carrier in await _carriers(place, texter)} <= {
            "twilio",
            "vonage",
        }
        stored = await place.rows("SELECT verified FROM inbound")
        assert [row["verified"] for row in stored] == [False] * 4
        (told,) = await place.rows("SELECT DISTINCT account FROM health_history WHERE status = 'cut_off'")
        assert told == {"account": "ovh"}
        await place.network.clear("ovh")
        await place.round("inbound_logs")
        stored = await place.rows("SELECT verified FROM inbound")
        assert [row["verified"] for row in stored] == [True] * 4
        assert all(len(place.sends(texter)) == 1 for texter in texters)
        await place.audit()


async def _carriers(place: Town, texter: str) -> list[str]:
    return [sent.carrier for sent in place.sends(texter)]


@pytest.mark.parametrize(
    ("trouble", "seconds"), [("revoke", 4), ("suspend", 4), ("unreachable", 8), ("hang_before", 25)]
)
async def test_texts_to_a_carrier_that_cannot_be_asked_are_answered_by_others(
    database: str, tmp_path: Path, trouble: str, seconds: float
) -> None:
    await _kept_waiting(database, tmp_path, trouble, seconds)


async def test_control_where_nothing_is_believed_they_wait(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 3.0)
    monkeypatch.setattr(proof, "believed", _never)
    with pytest.raises(AssertionError, match="it never held"):
        await _kept_waiting(database, tmp_path, "revoke", 4)


def _never(failure: Failure, *, again: bool, closed: bool, waited: timedelta, patience: timedelta) -> bool:
    return False


async def test_past_the_allowance_many_texts_are_proved_in_bulk_from_the_export(
    database: str, tmp_path: Path
) -> None:
    """Eighty texts, ten calls a minute: listed, ordered, fetched, and every one of them is answered."""

    def few(written: str) -> str:
        written = written.replace("calls_per_minute = 55", "calls_per_minute = 10")
        return written.replace("[accounts.ovh.settings]", "[accounts.ovh.settings]\nbulk_export = true")

    async with town(database, tmp_path, change=few) as place:
        await place.round("inbound_logs")
        texters = [await place.text("ovh") for _ in range(80)]
        await place.eventually(
            lambda: place.rows("SELECT count(*) AS n FROM inbound WHERE reread_after > clock_timestamp()"),
            lambda rows: rows[0]["n"] > 10,
        )
        # Left to the log, so that what is counted is the log's.
        await place.database.execute("UPDATE inbound SET reread_after = 'infinity' WHERE NOT verified")
        asked = place.network.carrier("ovh").calls
        before = asked.total()
        while await place.rows("SELECT 1 FROM inbound WHERE NOT verified"):
            await place.database.execute("DELETE FROM allowance")  # a minute later
            await place.round("inbound_logs")
        assert asked.total() - before < len(texters)
        for texter in texters:
            await place.eventually(partial(_carriers, place, texter), lambda sent: len(sent) == 1)
        await place.audit()


async def test_with_no_call_left_for_long_texts_are_answered_unproved(database: str, tmp_path: Path) -> None:
    def few(written: str) -> str:
        return written.replace("calls_per_minute = 55", "calls_per_minute = 1")

    async with town(database, tmp_path, more=_MORE + 'prove_within = "100ms"\n', change=few) as place:
        await place.database.execute(
            "INSERT INTO allowance SELECT 'ovh', date_trunc('minute', now()) + n * interval '1 min', 9"
            " FROM generate_series(0, 2) n ON CONFLICT (account, minute) DO UPDATE SET used = 9"
        )
        texter = await place.text("ovh")
        await place.database.execute("UPDATE inbound SET reread_after = now() + interval '1 s'")
        await place.eventually(lambda: _carriers(place, texter), lambda sent: sent)
        assert await _carriers(place, texter) == ["twilio"]
        shown = await _shown(place, "/metrics/state")
        assert 'paravent_texts_unproved{account="ovh"} 1.0' in shown
        assert 'paravent_texts_unproved{account="twilio"} 0.0' in shown
        assert json.loads(await _shown(place, "/api/v1/health"))["texts_unproved"] == {"ovh": 1}


async def _shown(place: Town, path: str) -> str:
    url = place.house.settings.base_url + path
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()

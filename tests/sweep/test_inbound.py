"""Texts whose webhook was lost, and texts that a webhook alone does not prove."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from providers.ovh import Ovh, inbox
from router.postgres.incoming import Incoming
from router.stage.cast import NUMBERS
from router.sweep import log, rereads
from router.sweep.log import InboundLogs
from router.sweep.rereads import Rereads
from tests.sweep.town import Town, fresh_texter, town

CARRIERS = ("twilio", "vonage", "ovh")


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_lost_webhook_loses_no_text(database: str, tmp_path: Path, carrier: str) -> None:
    async with town(database, tmp_path) as place:
        await place.round("inbound_logs")
        await place.network.fault(carrier, "lost_inbound", times=1)
        texter = await place.text(carrier)
        assert await place.replies(texter) == []
        await place.round("inbound_logs")
        await place.attempted(texter, "accepted")
        (stored,) = await place.rows("SELECT source, verified, account FROM inbound")
        assert stored == {"source": "log", "verified": True, "account": carrier}
        await place.round("inbound_logs")
        assert len(place.sends(texter)) == 1
        await place.audit()


async def test_control_where_nobody_reads_the_log_it_does(
    database: str, tmp_path: Path, no_log: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 2.0)
    with pytest.raises(AssertionError, match="it never held"):
        await test_a_lost_webhook_loses_no_text(database, tmp_path, "twilio")


async def test_what_the_door_has_taken_is_not_taken_again_from_the_log(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        texters = [await place.text(carrier) for carrier in CARRIERS]
        for texter in texters:
            await place.attempted(texter, "accepted")
        await asyncio.gather(*(place.round("inbound_logs") for _ in range(3)))
        assert len(await place.rows("SELECT id FROM inbound")) == 3
        assert all(len(place.sends(texter)) == 1 for texter in texters)


async def _found_by_a_process_that_has_read_nothing(
    database: str, folder: Path, behind: timedelta = timedelta()
) -> None:
    async with town(database, folder) as place:
        for texter in [await place.text("ovh") for _ in range(3)]:
            await place.attempted(texter, "accepted")
        await place.database.execute("UPDATE inbound SET received_at = received_at - $1::interval", behind)
        ovh = place.house.office.accounts["ovh"].provider
        assert isinstance(ovh, Ovh)
        ovh._inbox._read.clear()
        await place.network.fault("ovh", "lost_inbound", times=1)
        texter = await place.text("ovh")
        await place.round("inbound_logs")
        assert [row["state"] for row in await place.replies(texter)], (
            "the call went for a text that is stored"
        )


async def test_a_poll_spends_no_call_on_what_is_stored(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "CALLS", 1)
    await _found_by_a_process_that_has_read_nothing(database, tmp_path)


async def test_control_unless_it_is_told_what_that_is(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: Incoming, account: str, since: datetime) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr(inbox, "CALLS", 1)
    monkeypatch.setattr(Incoming, "held", nothing)
    with pytest.raises(AssertionError, match="for a text that is stored"):
        await _found_by_a_process_that_has_read_nothing(database, tmp_path)


async def test_what_a_clock_stored_that_was_behind_is_known_too(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "CALLS", 1)
    await _found_by_a_process_that_has_read_nothing(database, tmp_path, timedelta(minutes=12))


async def test_control_without_a_margin_for_clocks_it_is_read_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "CLOCKS_DIFFER", timedelta())
    with pytest.raises(AssertionError, match="for a text that is stored"):
        await test_what_a_clock_stored_that_was_behind_is_known_too(database, tmp_path, monkeypatch)


async def test_the_mark_moves_on_and_never_back(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        marks = []
        for _ in range(3):
            await place.text("twilio")
            await place.round("inbound_logs")
            (row,) = await place.rows("SELECT at FROM watermark WHERE account = 'twilio'")
            marks.append(row["at"])
        assert marks == sorted(marks)


async def _found_after_the_clock_was_an_hour_fast(database: str, folder: Path) -> None:
    async with town(database, folder) as place:
        await place.round("inbound_logs")
        await place.database.execute("UPDATE watermark SET at = at + interval '1 hour'")
        await place.network.fault("twilio", "lost_inbound", times=1)
        texter = await place.text("twilio")
        await place.round("inbound_logs")
        assert [row["source"] for row in await place.rows("SELECT source FROM inbound")] == ["log"]
        await place.attempted(texter, "accepted")


async def test_a_mark_that_a_wrong_clock_set_hides_no_text(database: str, tmp_path: Path) -> None:
    await _found_after_the_clock_was_an_hour_fast(database, tmp_path)


async def test_control_read_from_such_a_mark_it_would(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_since", lambda mark, now: (mark or now) - log.OVERLAP)
    with pytest.raises(AssertionError, match="log"):
        await _found_after_the_clock_was_an_hour_fast(database, tmp_path)


async def _push(place: Town, **fields: str) -> int:
    settings = place.house.settings
    token = settings.accounts["ovh"].hook_token
    assert token is not None
    url = f"{settings.base_url}/hooks/ovh/{token.get_secret_value()}/inbound"
    async with aiohttp.ClientSession() as session, session.get(url, params=fields) as answer:
        return answer.status


async def _a_pushed_text_nobody_recorded_is_not_answered(place: Town) -> None:
    texter = fresh_texter()
    number = NUMBERS["ovh"].replace("+", "00")
    status = await _push(place, id="987654", senderid=texter, message="Salut", shortcode=number)
    assert status == 200
    for _ in range(2):
        await place.round("rereads")
        await place.round("inbound_logs")
    (reply,) = await place.eventually(
        lambda: place.replies(texter),
        lambda rows: rows and rows[0]["state"] not in {"queued", "claimed", "sending"},
    )
    assert reply["state"] == "delayed"
    assert place.sends(texter) == []


async def test_a_pushed_text_nobody_recorded_is_not_answered(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await _a_pushed_text_nobody_recorded_is_not_answered(place)
        await place.audit()


async def test_control_a_provider_without_rereading_would_be_believed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.arrivals.waits_for_proof", lambda provider: False)
    async with town(database, tmp_path) as place:
        with pytest.raises(AssertionError, match="== 'delayed'"):
            await _a_pushed_text_nobody_recorded_is_not_answered(place)


async def test_the_provider_s_word_takes_the_place_of_what_was_pushed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push with a real id but another sender answers the real sender, never the one that was pushed."""
    async with town(database, tmp_path) as place:
        await place.network.fault("ovh", "lost_inbound", times=1)
        texter = await place.text("ovh")
        victim = fresh_texter()
        real = place.network.journal.about(texter)[0].provider_id
        number = NUMBERS["ovh"].replace("+", "00")
        assert await _push(place, id=real, senderid=victim, message="x", shortcode=number) == 200
        await place.attempted(texter, "accepted")
        assert place.sends(victim) == []
        assert len(place.sends(texter)) == 1
        await place.audit()


async def test_the_log_proves_in_bulk_what_could_not_be_read_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: Rereads) -> bool:
        return False

    monkeypatch.setattr(Rereads, "__call__", nothing)
    async with town(database, tmp_path) as place:
        texters = [await place.text("ovh") for _ in range(3)]
        await place.round("inbound_logs")
        for texter in texters:
            await place.attempted(texter, "accepted")
        await place.audit()


async def _used(database: str, calls: int) -> None:
    """So many of OVH's calls are used up in this minute and the next, before anybody asks for one."""
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO allowance SELECT 'ovh', date_trunc('minute', now()) + n * interval '1 min', $1::integer"
        " FROM generate_series(0, 2) n",
        calls,
    )
    await connection.close()


async def test_past_the_allowance_a_text_is_kept_and_waits(database: str, tmp_path: Path) -> None:
    def few(written: str) -> str:
        return written.replace("calls_per_minute = 55", "calls_per_minute = 1")

    await _used(database, 9)
    async with town(database, tmp_path, change=few) as place:
        asked = sum(place.network.carrier("ovh").calls.values())
        texter = await place.text("ovh")
        await place.eventually(
            lambda: place.rows("SELECT 1 FROM inbound WHERE reread_after > clock_timestamp()"),
            lambda rows: rows,
        )
        (reply,) = await place.replies(texter)
        assert reply["state"] == "delayed"
        assert sum(place.network.carrier("ovh").calls.values()) == asked


@pytest.fixture
def no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log proves texts too, and has calls of its own for that."""

    async def nothing(self: InboundLogs) -> bool:
        return False

    monkeypatch.setattr(InboundLogs, "__call__", nothing)


async def test_calls_that_ask_after_answers_leave_some_to_prove_texts_with(
    database: str, tmp_path: Path, no_log: None
) -> None:
    def hundred(written: str) -> str:
        return written.replace("calls_per_minute = 55", "calls_per_minute = 100")

    await _used(database, 50)
    async with town(database, tmp_path, change=hundred) as place:
        texter = await place.text("ovh")
        await place.eventually(lambda: place.rows("SELECT 1 FROM inbound WHERE verified"), bool)
        await place.attempted(texter, "accepted")


async def test_control_with_the_same_share_they_leave_none(
    database: str, tmp_path: Path, no_log: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereads, "FOR_ANSWERS", 0.5)
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 2.0)
    with pytest.raises(AssertionError, match="it never held"):
        await test_calls_that_ask_after_answers_leave_some_to_prove_texts_with(database, tmp_path, no_log)

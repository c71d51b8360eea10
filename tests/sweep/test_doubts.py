"""Sends in doubt: looked up, never sent again, written off in the end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from providers import Doubt
from providers.ovh import sms as ovh_page
from providers.twilio import Twilio
from providers.twilio import sms as twilio_page
from providers.vonage import reports as vonage_page
from router.postgres.doubts import Doubts
from router.postgres.ledger import Proof
from router.postgres.orders import order
from router.stage.cast import NUMBERS
from router.sweep import doubts
from router.sweep.doubts import LookUps
from router.sweep.doubts import doubt as _doubt
from tests.sweep.town import Town, town

CARRIERS = ("twilio", "vonage", "ovh")


async def _in_doubt(place: Town, carrier: str, fault: str) -> str:
    await place.network.fault(carrier, "missing_receipts")
    await place.network.fault(carrier, fault, times=1)
    texter = await place.text(carrier)
    await place.attempted(texter, "unknown")
    return texter


async def _look_up(place: Town) -> None:
    await place.database.execute("UPDATE attempt SET look_after = now() WHERE state = 'unknown'")
    await place.round("look_ups")


@pytest.mark.parametrize("fault", ["reset_after", "error_after"])
@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_send_that_was_taken_is_found_again(
    database: str, tmp_path: Path, carrier: str, fault: str
) -> None:
    async with town(database, tmp_path) as place:
        texter = await _in_doubt(place, carrier, fault)
        await _look_up(place)
        await place.attempted(texter, "accepted")
        (reply,) = await place.replies(texter)
        assert reply["state"] == "accepted"
        assert len(place.sends(texter)) == 1
        closed = await place.rows("SELECT source FROM ledger WHERE kind = 'settle'")
        assert [row["source"] for row in closed] == ["look_up"]
        await place.audit()


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_absence_proves_nothing_and_in_the_end_the_estimate_is_booked(
    database: str, tmp_path: Path, carrier: str
) -> None:
    async with town(database, tmp_path) as place:
        texter = await _in_doubt(place, carrier, "reset_before")
        for _ in range(3):
            await _look_up(place)
        (attempt,) = await place.attempts(texter)
        assert attempt["state"] == "unknown"
        assert attempt["look_ups"] >= 3
        held = place.house.settings.workers.write_off
        await place.database.execute("UPDATE attempt SET at = at - $1::interval", held + timedelta(minutes=1))
        await place.round("look_ups")
        (attempt,) = await place.attempts(texter)
        assert attempt["state"] == "written_off"
        assert attempt["spent"] == attempt["estimate"] > 0
        (reply,) = await place.replies(texter)
        assert reply["state"] == "abandoned"
        assert place.sends(texter) == []
        await place.audit()


APART = timedelta(minutes=10)


async def _found_though_clocks_differ(place: Town, carrier: str) -> None:
    texter = await _in_doubt(place, carrier, "reset_after")
    await _look_up(place)
    (attempt,) = await place.attempts(texter)
    assert attempt["state"] == "accepted", "it is not found"
    await place.audit()


@pytest.mark.parametrize("ahead", [APART, -APART])
@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_send_is_found_though_the_clocks_differ(
    database: str, tmp_path: Path, carrier: str, ahead: timedelta
) -> None:
    async with town(database, tmp_path, ahead=ahead) as place:
        await _found_though_clocks_differ(place, carrier)


@pytest.mark.parametrize("carrier", ["twilio", "vonage"])
async def test_control_with_a_minute_for_clocks_it_is_not(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, carrier: str
) -> None:
    for page in (twilio_page, vonage_page, ovh_page):
        monkeypatch.setattr(page, "CLOCKS_DIFFER", timedelta(minutes=1))
    async with town(database, tmp_path, ahead=APART) as place:
        with pytest.raises(AssertionError, match="not found"):
            await _found_though_clocks_differ(place, carrier)


async def _a_text_is_proof_of_one_send(place: Town) -> None:
    """The same words to the same texter, twice within minutes: the second never came to be."""
    await place.network.fault("twilio", "missing_receipts")
    texter = await place.text("twilio")
    await place.attempted(texter, "accepted")
    await place.database.execute("UPDATE texter SET next_allowed_at = now() - interval '1 h'")
    await place.network.fault("twilio", "reset_before", times=1)
    await place.network.text(to=NUMBERS["twilio"], sender=texter, text="Salut c'est encore Kevin")
    await place.attempted(texter, "accepted", "unknown")
    await _look_up(place)
    _, second = await place.attempts(texter)
    assert second["state"] == "unknown", "another's text was taken for it"
    assert second["look_ups"] >= 1
    await place.audit()


async def test_the_text_of_another_send_proves_nothing(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await _a_text_is_proof_of_one_send(place)


async def test_control_where_it_is_believed_one_text_is_booked_twice(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_has(self: Doubts, provider_id: str | None, asked: Any) -> bool:
        return False

    monkeypatch.setattr(Doubts, "another_has", nobody_has)
    async with town(database, tmp_path) as place:
        with pytest.raises(AssertionError, match="taken for it"):
            await _a_text_is_proof_of_one_send(place)


async def _the_second_of_two_sends_of_a_reply_is_told_from_the_first(place: Town) -> None:
    """The only account that carries had proven it unsent, is asked as the last, and leaves a doubt."""
    for other in ("vonage", "ovh"):
        await order(place.house.pool, "cut", other, by="test")
    await place.house.watch.refresh()
    await place.network.fault("twilio", "unsent", times=1)
    await place.network.fault("twilio", "slow_receipts", times=1, seconds=0.3)
    texter = await place.text("twilio")
    await place.attempted(texter, "accepted")
    await place.network.fault("twilio", "reset_after", times=1)
    await place.attempted(texter, "refused", "unknown")
    await _look_up(place)
    _, second = await place.attempts(texter)
    assert second["state"] == "accepted", "it could be either"
    await place.audit()


async def test_a_send_is_none_of_those_that_were_proven_unsent(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await _the_second_of_two_sends_of_a_reply_is_told_from_the_first(place)


async def test_control_untold_which_those_are_it_could_be_either(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "doubt", lambda office, asked: _doubt(office, replace(asked, others=())))
    async with town(database, tmp_path) as place:
        with pytest.raises(AssertionError, match="either"):
            await _the_second_of_two_sends_of_a_reply_is_told_from_the_first(place)


async def test_looks_come_further_and_further_apart(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await _in_doubt(place, "twilio", "reset_before")
        waits = []
        for _ in range(5):
            await _look_up(place)
            (row,) = await place.rows("SELECT look_after - clock_timestamp() AS wait FROM attempt")
            waits.append(round(row["wait"].total_seconds()))
        assert waits == [30, 120, 600, 3_600, 3_600]


def _blind(self: Twilio, doubt: Doubt, now: datetime) -> Generator[Any, Any, None]:
    """Records that lag behind: what was taken is not listed yet."""
    yield from ()


async def _a_doubtful_send_is_never_sent_again(place: Town) -> None:
    texter = await _in_doubt(place, "twilio", "reset_after")
    for _ in range(3):
        await _look_up(place)
        await place.round("time")
    await place.eventually(
        lambda: place.rows("SELECT state FROM reply WHERE state IN ('queued', 'claimed', 'sending')"),
        lambda rows: not rows,
    )
    assert len(place.sends(texter)) == 1


async def test_a_doubtful_send_is_never_sent_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Twilio, "look_up", _blind)
    async with town(database, tmp_path) as place:
        await _a_doubtful_send_is_never_sent_again(place)
        await place.audit()


async def test_control_where_absence_is_believed_a_double_appears(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def believes(self: LookUps, asked: Any) -> bool:
        await self.office.desk.settle(
            Proof(reference=asked.reference, outcome="refused", source="look_up", then="queued")
        )
        return True

    monkeypatch.setattr(Twilio, "look_up", _blind)
    monkeypatch.setattr(LookUps, "_end", believes)
    async with town(database, tmp_path) as place:
        with pytest.raises(AssertionError, match="== 1"):
            await _a_doubtful_send_is_never_sent_again(place)

"""A long text that comes in pieces, each a webhook of its own: joined as sent, and answered once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from providers.simulator.vonage import VonageAccount, hooks
from router import arrivals
from router.sweep.log import InboundLogs
from tests.sweep.town import Town, fresh_texter, town

LONG = "Salut c'est Kevin, on s'est vus samedi soir, tu te souviens de moi ? " * 5


def _by_the_sms_api(written: str) -> str:
    section = "[accounts.vonage.settings]\n"
    return written.replace(section, f'{section}mode = "sms"\n')


def _account(place: Town) -> VonageAccount:
    account = place.network.carrier("vonage").account
    assert isinstance(account, VonageAccount)
    return account


async def _answered_once(place: Town) -> None:
    _account(place).mode = "sms"
    texter = fresh_texter()
    await place.network.text(to="+33261910002", sender=texter, text=LONG)
    stored = await place.rows("SELECT part_index, part_total FROM inbound ORDER BY part_index")
    assert [(row["part_index"], row["part_total"]) for row in stored] == [(1, 3), (2, 3), (3, 3)]
    await place.attempted(texter, "accepted")
    assert len(await place.replies(texter)) == 1
    assert len(place.sends(texter)) == 1
    await place.audit()


async def test_a_text_in_pieces_is_answered_once_and_as_soon_as_it_is_whole(
    database: str, tmp_path: Path
) -> None:
    async with town(database, tmp_path, change=_by_the_sms_api) as place:
        await _answered_once(place)


async def test_control_pieces_that_are_not_joined_are_texts_of_their_own(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_join_key", lambda *_: None)
    monkeypatch.setattr(arrivals, "JOINING", timedelta(0))
    async with town(database, tmp_path, change=_by_the_sms_api) as place:
        with pytest.raises(AssertionError, match="3 == 1"):
            await _answered_once(place)


async def test_a_text_whose_last_piece_never_comes_is_answered_all_the_same(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: InboundLogs) -> bool:
        return False  # the log has the piece that was lost

    monkeypatch.setattr(InboundLogs, "__call__", nothing)
    whole = hooks.sms_inbound
    monkeypatch.setattr(hooks, "sms_inbound", lambda account, text: whole(account, text)[:-1])
    monkeypatch.setattr(arrivals, "JOINING", timedelta(seconds=1))
    async with town(database, tmp_path, change=_by_the_sms_api) as place:
        _account(place).mode = "sms"
        texter = fresh_texter()
        await place.network.text(to="+33261910002", sender=texter, text=LONG)
        assert len(await place.rows("SELECT 1 FROM inbound")) == 2
        await place.attempted(texter, "accepted")
        assert len(place.sends(texter)) == 1

"""Texts that people and machines send, and some that nobody should: stored as received, and answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from router.web import body
from tests.sweep.town import Town, town

_MANY = "🐀🐀🐀🐀 " * 2_500
ODD = {
    "a NUL": "Salut\x00Kevin",
    "half an emoji": "Salut \ud83d Kevin",
    "emoji": "👩‍👩‍👧 🇫🇷 é€",
    "right to left": "\u202eשלום\u202c مرحبا",
    "ten thousand letters": "a" * 10_000,
    "ten thousand emoji": _MANY,
    "nothing": "",
    "a form": "a=b&c=%00+;\r\n",
}
_CARRIERS = ("twilio", "vonage", "ovh")


async def _taken(place: Town, texter: str) -> list[bytes]:
    """What the door kept of a texter; what only the carrier's log told us of is left out."""
    vault = place.house.office.vault
    rows = await place.rows(
        "SELECT id, letter FROM inbound WHERE texter = $1 AND source = 'webhook'", vault.pseudonym(texter)
    )
    return [_received(vault.open_letter(row["id"], row["letter"])[1]) for row in rows]


def _received(text: str) -> bytes:
    """Bytes that are no UTF-8 are kept each for itself, as Python does in file names."""
    return text.encode("utf-8", "surrogateescape" if re.search("[\udc80-\udcff]", text) else "surrogatepass")


async def _answered(place: Town, texter: str, words: str) -> None:
    await place.eventually(lambda: place.replies(texter), bool)
    assert await _taken(place, texter) == [_received(words)]
    await place.attempted(texter, "accepted")
    assert len(place.sends(texter)) == 1


async def test_odd_texts_are_stored_as_received_and_answered(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        sent = [(await place.text(carrier, words), words) for carrier in _CARRIERS for words in ODD.values()]
        for texter, words in sent:
            await _answered(place, texter, words)
        await place.audit()


async def test_control_with_less_room_ten_thousand_emoji_are_turned_away(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "LARGEST", 65_536)
    async with town(database, tmp_path) as place:
        with pytest.raises(AssertionError, match=r"\[\] == \["):
            await _answered(place, await place.text("twilio", _MANY), _MANY)

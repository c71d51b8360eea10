"""An address in a text is somebody else's bait: nothing that reads the text ever goes there."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from router.rules import abuse
from tests.sweep.town import town


async def visitors(database: str, folder: Path) -> int:
    """How many connections a server of ours saw while its address was texted through every carrier."""
    came = 0

    def meet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.close()

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as trap:
        address = f"http://127.0.0.1:{trap.sockets[0].getsockname()[1]}"
        async with town(database, folder) as place:
            for carrier in ("twilio", "vonage", "ovh"):
                for words in (
                    f"regarde {address}/photo.jpg",
                    f"<img src='{address}/x'>",
                    f"{address} STOP ?",
                ):
                    texter = await place.text(carrier, words)
                    await place.eventually(
                        partial(place.replies, texter),
                        lambda rows: rows and rows[0]["state"] in {"accepted", "suppressed"},
                    )
            await place.settled()
    return came


async def test_no_address_in_a_text_is_visited(database: str, tmp_path: Path) -> None:
    assert await visitors(database, tmp_path) == 0


async def test_control_a_scorer_that_looks_what_is_there_is_seen(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = abuse.score

    def curious(body: str) -> object:
        found = re.search(r"http[^ ']+", body)
        if found is not None:
            with suppress(OSError):
                urllib.request.urlopen(found[0], timeout=0.2)
        return score(body)

    monkeypatch.setattr(abuse, "score", curious)
    with pytest.raises(AssertionError):
        assert await visitors(database, tmp_path) == 0

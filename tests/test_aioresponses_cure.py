"""aioresponses works here, and still needs its cure to do so."""

from __future__ import annotations

import aiohttp
import aioresponses.core
import pytest
from aioresponses import aioresponses as mocked


async def test_a_mocked_answer_is_read() -> None:
    with mocked() as mock:
        mock.get("http://127.0.0.1/balance", payload={"credits": 3})
        async with aiohttp.ClientSession() as session, session.get("http://127.0.0.1/balance") as answer:
            assert await answer.json() == {"credits": 3}


async def test_without_the_cure_it_still_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Canary: once this fails, aioresponses has caught up; delete aioresponses_cure.py and this file."""
    monkeypatch.setattr(aioresponses.core, "ClientResponse", aiohttp.ClientResponse)
    with mocked() as mock:
        mock.get("http://127.0.0.1/balance", payload={"credits": 3})
        async with aiohttp.ClientSession() as session:
            with pytest.raises(TypeError, match="stream_writer"):
                await session.get("http://127.0.0.1/balance")

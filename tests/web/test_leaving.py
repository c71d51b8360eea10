"""Who is let in at the last moment is closed with the door, and not forgotten open."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest
from aiohttp import web

from router.web import connection
from router.web.app import serve

_TURNS = range(8)


async def _closes_whom_it_let_in(turns: int) -> bool:
    """Whether the door that closes so many turns after somebody came hangs up on them."""
    runner = await serve(web.Application())
    with socket.create_connection(runner.addresses[0]) as visitor:
        for _ in range(turns):
            await asyncio.sleep(0)
        await runner.cleanup()
        visitor.setblocking(False)  # noqa: FBT003 -- its own name
        try:
            async with asyncio.timeout(0.5):
                return await asyncio.get_running_loop().sock_recv(visitor, 1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


async def test_however_late_one_comes_in_the_door_closes_it() -> None:
    assert [turns for turns in _TURNS if not await _closes_whom_it_let_in(turns)] == []


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_control_without_handing_over_some_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_HANDING_OVER", 0)
    assert [turns for turns in _TURNS if not await _closes_whom_it_let_in(turns)] != []
    gc.collect()  # here, where it is no surprise

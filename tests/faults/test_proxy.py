"""The proxy does what it is told to, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.proxy import Proxy, proxied


@asynccontextmanager
async def _echoed(folder: Path) -> AsyncIterator[tuple[Proxy, Path]]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(1_000):
            writer.write(said)
        writer.close()

    server = await asyncio.start_unix_server(echo, folder / "server")
    async with server, proxied(folder / "server", folder / "door") as proxy:
        yield proxy, folder / "door"


async def test_it_carries_both_ways(tmp_path: Path) -> None:
    async with _echoed(tmp_path) as (proxy, door):
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b"Salut")
        assert await asyncio.wait_for(reader.readexactly(5), 2) == b"Salut"
        assert proxy.connections == 1
        writer.close()


async def test_it_delays_and_slices(tmp_path: Path) -> None:
    async with _echoed(tmp_path) as (proxy, door):
        proxy.latency, proxy.slice = 0.01, 1
        reader, writer = await asyncio.open_unix_connection(door)
        began = time.monotonic()
        writer.write(b"Salut")
        assert await asyncio.wait_for(reader.readexactly(5), 2) == b"Salut"
        assert time.monotonic() - began > 0.05
        writer.close()


async def test_what_it_stalls_goes_on_where_it_stood(tmp_path: Path) -> None:
    async with _echoed(tmp_path) as (proxy, door):
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b"one ")
        assert await asyncio.wait_for(reader.readexactly(4), 2) == b"one "
        proxy.stall()
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        proxy.resume()
        assert await asyncio.wait_for(reader.readexactly(3), 2) == b"two"
        writer.close()


@pytest.mark.parametrize("how", ["cut", "reset", "refuse"])
async def test_it_ends_what_is_open(tmp_path: Path, how: str) -> None:
    async with _echoed(tmp_path) as (proxy, door):
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b"one")
        await asyncio.wait_for(reader.readexactly(3), 2)
        getattr(proxy, how)()
        try:
            assert await asyncio.wait_for(reader.read(), 2) == b""
        except ConnectionError:
            assert how == "reset"
        writer.close()


async def test_it_hangs_up_until_it_resumes(tmp_path: Path) -> None:
    async with _echoed(tmp_path) as (proxy, door):
        proxy.refuse()
        reader, writer = await asyncio.open_unix_connection(door)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        proxy.resume()
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b"one")
        assert await asyncio.wait_for(reader.readexactly(3), 2) == b"one"
        writer.close()


async def test_what_is_cut_while_it_is_still_being_connected_stays_cut(tmp_path: Path) -> None:
    async with _echoed(tmp_path) as (proxy, door):
        proxy.stall()
        reader, writer = await asyncio.open_unix_connection(door)
        async with asyncio.timeout(5):
            while not proxy.connections:  # noqa: ASYNC110 -- it tells nobody
                await asyncio.sleep(0.01)
        proxy.cut()
        proxy.resume()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()

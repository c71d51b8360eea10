"""A transaction that somebody forgot: it is seen, it is ended, and what is hot is as quick as before."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from router.postgres.figures import FiguresDesk
from tests.postgres.client import until
from tests.postgres.scene import ACME, DAY, NOON, Owner, Scene, proof, scene_in

_TEXTS = 150
_HOT = (
    "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM purse_window WHERE purse = $1 AND starts_at = $2"
)
SHORT, NEVER = "1s", "0"
"""When a transaction that is left idle is ended: the pool's sessions and the embedded server say 30 s."""


@asynccontextmanager
async def _forgotten(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn, server_settings={"idle_in_transaction_session_timeout": NEVER})
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM purse_window")
    try:
        yield connection
    finally:
        connection.terminate()


async def _snapshot(scene: Scene) -> float:
    """What `paravent_database_snapshot_seconds` says."""
    return (await FiguresDesk(scene.pool).read({}, NOON, {})).burden.snapshot


async def _work(owner: Owner, name: str) -> None:
    for number in range(_TEXTS):
        await owner.settle(proof(await owner.armed(f"{name} {number}", estimate=1), "accepted"))


async def _pages(scene: Scene) -> int:
    """Pages read to find the purse that every arm has to lock."""
    for _ in range(3):  # whoever reads first clears away
        said = await scene.look.fetchval(_HOT, ACME, DAY)
    return int(json.loads(said)[0]["Plan"]["Shared Hit Blocks"])


async def _over_soon(scene: Scene, ended_after: str) -> None:
    owner = scene.owner()
    await _work(owner, "before")
    usual = await _pages(scene)
    assert await _snapshot(scene) == 0
    async with _forgotten(scene.dsn) as forgotten:
        await _work(owner, "meanwhile")
        assert await _snapshot(scene) > 0, "it is not seen"
        assert await _pages(scene) >= 3 * usual, "nothing piled up"
        await forgotten.execute(f"SET idle_in_transaction_session_timeout = '{ended_after}'")
        await until(lambda: forgotten.is_closed() or ended_after == NEVER)
        assert await _snapshot(scene) == 0, "it goes on"
        await _work(owner, "afterwards")
        assert await _pages(scene) <= usual + 1


async def test_a_forgotten_transaction_is_seen_and_ended_and_nothing_stays_slow(database: str) -> None:
    async with scene_in(database) as scene:
        await _over_soon(scene, SHORT)


async def test_control_where_nothing_ends_it_it_goes_on(database: str) -> None:
    async with scene_in(database) as scene:
        with pytest.raises(AssertionError, match="goes on"):
            await _over_soon(scene, NEVER)

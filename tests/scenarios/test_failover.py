"""The database's machine is gone for good and its standby takes over: with, and without, the last commits."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from providers.simulator.journal import Kind
from router.postgres.embedded import Server, embedded
from router.postgres.migrate import migrate
from tests.audit import audit
from tests.scenarios.test_database_away import AFTER, BEFORE, Scene, scene_on

pytestmark = pytest.mark.xdist_group("own-database")
_SOME = 25
SYNCHRONOUS, ASYNCHRONOUS = "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT 1"


@dataclass
class Pair:
    """A server and its standby, each with its database `failover`."""

    first: Server
    standby: Server

    def dsn(self, server: Server) -> str:
        return server.dsn.replace("@/postgres?", "@/failover?", 1)

    async def say(self, server: Server, *statements: str) -> None:
        database = await asyncpg.connect(server.dsn)
        for statement in (*statements, "SELECT pg_reload_conf()"):
            await database.execute(statement)
        await database.close()

    async def follows(self, *how: str) -> None:
        """Wait until the first has standbys of just these kinds."""
        database = await asyncpg.connect(self.first.dsn)
        query = "SELECT coalesce(array_agg(sync_state), '{}') FROM pg_stat_replication"
        async with asyncio.timeout(20):
            while await database.fetchval(query) != list(how):  # noqa: ASYNC110 -- it is the database's doing
                await asyncio.sleep(0.05)
        await database.close()


def _socket(server: Server) -> Path:
    [folder] = parse_qs(urlsplit(server.dsn).query)["host"]
    return Path(folder)


def _copy(server: Server, old: Path, new: Path) -> None:
    """The data of a server that is stopped, to follow it."""
    cluster = new / "postgres" / "cluster"
    shutil.copytree(old / "postgres" / "cluster", cluster)
    (cluster / "standby.signal").touch()
    with (cluster / "postgresql.auto.conf").open("a") as conf:
        conf.write(f"primary_conninfo = 'host={_socket(server)} port=5432 user=paravent'\n")
    owner = (old / "postgres" / "cluster").stat()
    for path in (new / "postgres", cluster, *cluster.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    (new / "postgres").chmod(0o700)


@asynccontextmanager
async def pair(promise: str) -> AsyncIterator[Pair]:
    """Both of them running, the standby up to date."""
    with tempfile.TemporaryDirectory(prefix="paravent-over-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 -- once
        old, new = Path(folder) / "old", Path(folder) / "new"
        async with embedded(old) as first:
            made = Pair(first, Server(new))
            await made.say(first, "CREATE DATABASE failover")
            await migrate(made.dsn(first))
            await first.stop()
            _copy(first, old, new)
            await first.start()
            async with embedded(new) as standby:
                await made.say(first, promise)
                await made.follows("sync" if promise == SYNCHRONOUS else "async")
                yield Pair(first, standby)


async def _heard(scene: Scene, more: int) -> None:
    """Wait until so many more were answered."""
    before = len(scene.town.network.journal.of(Kind.ACCEPTED))
    async with asyncio.timeout(30):
        while len(scene.town.network.journal.of(Kind.ACCEPTED)) < before + more:  # noqa: ASYNC110 -- the journal's doing
            await asyncio.sleep(0.02)


async def _over(scene: Scene, both: Pair, first: Callable[[], Awaitable[None]]) -> None:
    """Traffic, in the middle of which the machine is gone and the standby takes over."""
    await scene.traffic(BEFORE)
    await first()
    traffic = asyncio.create_task(scene.traffic(3 * BEFORE))
    await _heard(scene, _SOME)
    await both.first.stop(immediate=True)
    await both.say(both.standby, "SELECT pg_promote()")
    scene.proxy.move(_socket(both.standby) / ".s.PGSQL.5432")
    await traffic
    await scene.traffic(AFTER)
    await scene.settled(both.dsn(both.standby))


async def _nothing() -> None:
    pass


async def _left_behind(both: Pair) -> None:
    """The standby gets nothing any more."""
    await both.say(both.standby, "ALTER SYSTEM SET primary_conninfo = ''")
    await both.follows()


async def test_with_a_synchronous_standby_nothing_is_lost_or_answered_twice(tmp_path: Path) -> None:
    async with pair(SYNCHRONOUS) as both, scene_on(both.first, both.dsn(both.first), tmp_path) as scene:
        await _over(scene, both, _nothing)
        await scene.judge(both.dsn(both.standby))


async def test_control_one_that_lags_behind_has_lost_what_was_acknowledged(tmp_path: Path) -> None:
    async with pair(ASYNCHRONOUS) as both, scene_on(both.first, both.dsn(both.first), tmp_path) as scene:
        await _over(scene, both, lambda: _left_behind(both))
        with pytest.raises(AssertionError, match="acknowledged and lost"):
            await scene.judge(both.dsn(both.standby))


async def test_what_it_lost_is_found_in_the_carriers_logs_and_only_that_may_be_answered_again(
    tmp_path: Path,
) -> None:
    """The limit: what no database remembers was sent is sent again, once, to those of that moment only."""
    async with pair(ASYNCHRONOUS) as both, scene_on(both.first, both.dsn(both.first), tmp_path) as scene:
        known: set[str] = set()

        async def left_behind() -> None:
            await scene.settled(both.dsn(both.first))
            known.update(scene.asked)
            await _left_behind(both)

        await _over(scene, both, left_behind)
        await scene.town.round("inbound_logs")
        dsn = both.dsn(both.standby)
        await scene.settled(dsn)
        database = await asyncpg.connect(dsn)
        stored = {row["texter"] for row in await database.fetch("SELECT texter FROM inbound")}
        await database.close()
        pseudonym = scene.town.house.office.vault.pseudonym
        assert [texter for texter in scene.asked if pseudonym(texter) not in stored] == [], "lost for good"
        sends = Counter(entry.to for entry in scene.town.network.journal.of(Kind.ACCEPTED))
        twice = {texter for texter, times in sends.items() if times > 1}
        assert twice, "nothing was lost at all"
        assert not twice & known
        assert max(sends.values()) == 2
        await audit(dsn)

"""The database goes away under traffic, in every way it can: the door stays open, and nothing is lost.

Who texted, who was answered and what was charged is read from the carriers' journal.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import pytest_asyncio

from providers.simulator.journal import Kind
from router.postgres.embedded import Server, embedded
from router.postgres.migrate import migrate
from router.spool import Spool, SpoolError
from router.stage.cast import NUMBERS
from tests.audit import audit
from tests.cli.paravent import get
from tests.faults.proxy import Proxy, proxied
from tests.scenarios.mortal import mortal
from tests.sweep.town import Town, fresh_texter, town

pytestmark = pytest.mark.xdist_group("own-database")
PACE = 0.02
BEFORE, AWAY, AFTER = 0.5, 2.0, 0.5
SOON, BACK = 4.0, 5.0
"""Seconds: a webhook's answer, and the first reply once the database is back."""

_MORE = """
[workers]
poll_every = "1h"
lease = "3s"
call_deadline = "1s"
"""
_SETTLED = "SELECT count(*) FROM reply WHERE state IN ('queued', 'delayed', 'claimed', 'sending')"


@dataclass
class Scene:
    """A router under traffic whose database goes away."""

    town: Town
    server: Server
    proxy: Proxy
    asked: dict[str, int | None] = field(default_factory=dict)
    slowest: float = 0.0
    first_reply: float = 0.0

    async def text(self) -> None:
        """One text from a new texter; its webhook's answer is kept."""
        texter, began = fresh_texter(), time.monotonic()
        carrier = list(NUMBERS)[len(self.asked) % 2]
        _, status = await self.town.network.text(to=NUMBERS[carrier], sender=texter, text="Salut")
        self.asked[texter] = status
        self.slowest = max(self.slowest, time.monotonic() - began)

    async def traffic(self, seconds: float) -> None:
        """Text at a steady pace, and wait for every answer."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as texts:
            while time.monotonic() < until:
                texts.create_task(self.text())
                await asyncio.sleep(PACE)

    async def outage(self, leave: Leave, back: Leave) -> None:
        """Traffic before, during and after."""
        await self.traffic(BEFORE)
        await leave(self)
        await self.traffic(AWAY)
        assert (await self.page("/readyz"))[0] == 200
        assert await self.spooled() > 0
        await back(self)
        returned, seen = time.monotonic(), len(self.town.network.journal)
        async with asyncio.timeout(BACK + 5):
            while not any(  # noqa: ASYNC110 -- the journal tells nobody
                entry.kind is Kind.ACCEPTED for entry in self.town.network.journal.since(seen)
            ):
                await asyncio.sleep(0.01)
        self.first_reply = time.monotonic() - returned
        await self.traffic(AFTER)

    async def page(self, path: str) -> tuple[int, str]:
        return await asyncio.to_thread(get, self.town.house.settings.base_url + path)

    async def spooled(self) -> float:
        _, page = await self.page("/metrics")
        [line] = [line for line in page.splitlines() if line.startswith("paravent_spool_texts ")]
        return float(line.split()[1])

    async def settled(self, dsn: str) -> None:
        """Until the spool is empty and no reply is under way."""
        database = await asyncpg.connect(dsn)
        try:
            async with asyncio.timeout(45):
                while await self.spooled() or await database.fetchval(_SETTLED):  # noqa: ASYNC110 -- nor does SQL
                    await asyncio.sleep(0.1)
        finally:
            await database.close()

    async def judge(self, dsn: str) -> set[str]:
        """Everybody was heard, once; what nobody can know is in doubt, and the books are right.

        By what ways texts came in.
        """
        refused = [who for who, status in self.asked.items() if status != 200]
        assert refused == [], "refused"
        assert self.slowest < SOON, "slow"
        database = await asyncpg.connect(dsn)
        try:
            rows = await database.fetch("SELECT i.texter, state, source FROM inbound i JOIN reply USING (id)")
        finally:
            await database.close()
        pseudonym = self.town.house.office.vault.pseudonym
        stored = Counter(row["texter"] for row in rows)
        lost = [who for who in self.asked if stored[pseudonym(who)] != 1]
        assert lost == [], "acknowledged and lost"
        sends = Counter(entry.to for entry in self.town.network.journal.of(Kind.ACCEPTED))
        assert max(sends.values()) == 1, "sent twice"
        doubtful = {row["texter"] for row in rows if row["state"] == "in_doubt"}
        silent = [who for who in self.asked if not sends[who] and pseudonym(who) not in doubtful]
        assert silent == [], "never answered"
        await audit(dsn)
        return {row["source"] for row in rows}


Leave = Callable[[Scene], Awaitable[None]]


async def _stop(scene: Scene) -> None:
    await scene.server.stop(immediate=True)


async def _start(scene: Scene) -> None:
    await scene.server.start()


async def _stall(scene: Scene) -> None:
    scene.proxy.stall()


async def _refuse(scene: Scene) -> None:
    scene.proxy.refuse()


async def _resume(scene: Scene) -> None:
    scene.proxy.resume()


async def _reset_and_resume(scene: Scene) -> None:
    scene.proxy.reset()
    scene.proxy.resume()


WAYS: dict[str, tuple[Leave, Leave]] = {
    "it crashes and is started again": (_stop, _start),
    "it hangs and goes on": (_stall, _resume),
    "it hangs and its connections are lost": (_stall, _reset_and_resume),
    "nobody listens": (_refuse, _resume),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """A server of this module's own: it is crashed, so it syncs."""
    with tempfile.TemporaryDirectory(prefix="paravent-away-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 -- once
        async with embedded(Path(folder)) as server:
            yield server
            database = await asyncpg.connect(server.dsn)
            await database.execute(
                "ALTER SYSTEM SET fsync = off"
            )  # what is thrown away need not be kept first
            await database.execute("SELECT pg_reload_conf()")
            await database.close()


@asynccontextmanager
async def scene_at(server: Server, folder: Path, name: str) -> AsyncIterator[tuple[Scene, str]]:
    """A scene, and the address of its database past the proxy."""
    database = await asyncpg.connect(server.dsn)
    await database.execute(f"CREATE DATABASE {name}")
    await database.close()
    dsn = server.dsn.replace("@/postgres?", f"@/{name}?", 1)
    await migrate(dsn)
    async with scene_on(server, dsn, folder) as scene:
        yield scene, dsn


@asynccontextmanager
async def scene_on(server: Server, dsn: str, folder: Path) -> AsyncIterator[Scene]:
    """A scene on a migrated database."""
    [socket] = parse_qs(urlsplit(dsn).query)["host"]
    with tempfile.TemporaryDirectory(prefix="paravent-proxy-") as door:
        host = Path(door)
        async with (
            proxied(Path(socket) / ".s.PGSQL.5432", host / ".s.PGSQL.5432") as proxy,
            town(
                dsn.replace(urlsplit(dsn).query, f"host={host}&port=5432&sslmode=disable"), folder, more=_MORE
            ) as here,
        ):
            yield Scene(here, server, proxy)


@pytest.mark.parametrize("way", WAYS)
async def test_while_the_database_is_away_no_text_is_refused_lost_or_answered_twice(
    server: Server, tmp_path: Path, way: str
) -> None:
    async with scene_at(server, tmp_path, f"away_{list(WAYS).index(way)}") as (scene, dsn):
        await scene.outage(*WAYS[way])
        print(f"{way}: {len(scene.asked)} texts, slowest answer {scene.slowest:.2f} s,", end=" ")
        print(f"first reply {scene.first_reply:.2f} s after its return")
        await scene.settled(dsn)
        assert "spool" in await scene.judge(dsn)
        assert scene.first_reply < BACK


async def _keep_nothing(_spool: Spool, _item: object) -> None:
    """Acknowledged, and gone."""


async def _take_nothing(_spool: Spool, _item: object) -> None:
    raise SpoolError("switched off")


@pytest.mark.parametrize(
    ("broken", "found"), [(_keep_nothing, "acknowledged and lost"), (_take_nothing, "refused")]
)
async def test_without_the_spool_texts_are(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[Spool, object], Awaitable[None]],
    found: str,
) -> None:
    async with scene_at(server, tmp_path, found.replace(" ", "_")) as (scene, dsn):
        spool = scene.town.house.spool
        monkeypatch.setattr(spool, "keep", lambda item: broken(spool, item))
        await scene.traffic(BEFORE)
        await _refuse(scene)
        await scene.traffic(BEFORE)
        await _resume(scene)
        await scene.traffic(AFTER)
        await scene.settled(dsn)
        with pytest.raises(AssertionError, match=found):
            await scene.judge(dsn)


async def test_what_a_killed_router_spooled_is_answered_by_the_next_which_opens_without_a_database(
    server: Server, tmp_path: Path
) -> None:
    database = await asyncpg.connect(server.dsn)
    await database.execute("CREATE DATABASE killed")
    await database.close()
    dsn = server.dsn.replace("@/postgres?", "@/killed?", 1)
    await migrate(dsn)
    texters = [fresh_texter() for _ in range(15)]
    async with mortal(dsn, tmp_path) as one:
        await one.live()
        assert all([await one.text("twilio", who) for who in texters[:5]])
        await server.stop(immediate=True)
        assert all([await one.text("twilio", who) for who in texters[5:10]])
        await one.die()
        await one.live()
        assert all([await one.text("twilio", who) for who in texters[10:]])
        await server.start()
        one.database.terminate()
        one.database = database = await asyncpg.connect(dsn)
        await one.eventually("SELECT 1 WHERE 15 > (SELECT count(*) FROM inbound)")
        await one.eventually(
            "SELECT state FROM reply WHERE state IN ('queued', 'delayed', 'claimed', 'sending')"
        )
        sends = Counter(entry.to for entry in one.sent())
        doubts = await one.database.fetchval("SELECT count(*) FROM reply WHERE state = 'in_doubt'")
        assert max(sends.values()) == 1
        assert set(texters[5:]) <= sends.keys()
        await database.close()
        assert len(texters) - len(sends) <= doubts
    await audit(dsn)

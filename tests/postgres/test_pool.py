"""Connections: borrowed or kept, told of losses in one word, back after a restart, closed in bounded time."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg
import pytest

from router.postgres import pool as module
from router.postgres.embedded import Server, embedded
from router.postgres.pool import DatabaseAwayError, Pool

Opener = Callable[[], AbstractAsyncContextManager[module.Connection]]


@pytest.fixture
async def own() -> AsyncIterator[Server]:
    """A server that a test may crash."""
    with tempfile.TemporaryDirectory(prefix="paravent-pool-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 -- before anything runs
        async with embedded(Path(folder)) as server:
            yield server


@pytest.fixture
async def pool(bare_database: str) -> AsyncIterator[Pool]:
    async with Pool(
        bare_database, application="paravent test", size=3, statement_timeout=0.5, patience=1
    ) as pool:
        yield pool


def openers(pool: Pool) -> dict[str, Opener]:
    return {"pool": pool.connection, "line": pool.line().connection}


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_a_connection_says_who_it_is_and_has_limits(pool: Pool, kind: str) -> None:
    async with openers(pool)[kind]() as connection:
        assert await connection.fetchval("SHOW application_name") == "paravent test"
        assert await connection.fetchval("SHOW statement_timeout") == "500ms"
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"
        with pytest.raises(asyncpg.QueryCanceledError):
            await connection.execute("SELECT pg_sleep(5)")
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_line_keeps_its_statements_prepared(pool: Pool) -> None:
    line = pool.line()
    for _ in range(3):
        async with line.connection() as connection:
            await connection.fetchval("SELECT 41 + $1::int", 1)
            prepared = await connection.fetchval(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE $1", "%41 +%"
            )
    assert prepared == 1


async def test_a_line_serves_one_caller_at_a_time(pool: Pool) -> None:
    line = pool.line()

    async def use() -> tuple[float, float, int]:
        async with line.connection() as connection:
            start = time.monotonic()
            pid = await connection.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.05)")
            return start, time.monotonic(), pid

    uses = sorted(await asyncio.gather(use(), use(), use()))
    assert len({pid for _, _, pid in uses}) == 1
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(uses))


async def test_behind_pgbouncer_nothing_is_prepared_or_set_at_the_start(bare_database: str) -> None:
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"
    async with (
        Pool(bare_database, application="paravent test", statement_cache_size=0) as pool,
        pool.line().connection() as connection,
    ):
        await connection.fetchval("SELECT 41 + $1::int", 1)
        assert await connection.fetchval("SHOW statement_timeout") == "0"
        assert await connection.fetchval(prepared) == 0


async def test_without_patience_a_restart_is_an_error(own: Server) -> None:
    """The control of the test below."""
    async with Pool(own.dsn, application="paravent test", patience=0.01) as pool:
        await own.stop(immediate=True)
        with pytest.raises(DatabaseAwayError):
            async with pool.connection():
                pytest.fail("the server is down")
        await own.start()


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_after_a_crash_the_next_use_waits_and_works(own: Server, kind: str) -> None:
    async with Pool(own.dsn, application="paravent test", patience=10) as pool:
        opened = openers(pool)[kind]
        async with opened() as connection:
            assert await connection.fetchval("SELECT 1") == 1
        await own.stop(immediate=True)
        await asyncio.sleep(0.2)  # the loop hears of the hang-up in its own time
        restart = asyncio.create_task(own.start())
        async with opened() as connection:
            assert await connection.fetchval("SELECT 2") == 2
        await restart


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_a_loss_midway_has_one_name_and_is_not_repeated(own: Server, kind: str) -> None:
    async with Pool(own.dsn, application="paravent test", patience=10) as pool:
        opened = openers(pool)[kind]
        async with opened() as connection:
            await connection.execute("CREATE SEQUENCE tries")
        running = asyncio.Event()

        async def use() -> None:
            async with opened() as connection:
                await connection.execute("SELECT nextval('tries')")
                running.set()
                await connection.execute("SELECT nextval('tries'), pg_sleep(30)")

        use_it = asyncio.create_task(use())
        await asyncio.wait_for(running.wait(), 10)
        await asyncio.sleep(0.1)
        await own.stop()
        with pytest.raises(DatabaseAwayError):
            await use_it
        await own.start()
        async with opened() as connection:
            assert await connection.fetchval("SELECT last_value FROM tries") == 2


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_a_database_that_stays_away_is_told_in_time(tmp_path: Path, kind: str) -> None:
    dsn = f"postgresql://paravent@/postgres?host={tmp_path}&port=5432&sslmode=disable"
    async with Pool(dsn, application="paravent test", patience=0.5) as pool:
        began = time.monotonic()
        with pytest.raises(DatabaseAwayError, match="no connection"):
            async with openers(pool)[kind]():
                pytest.fail("there is no database")
        assert time.monotonic() - began < 2


async def test_an_exhausted_pool_is_told_in_time(pool: Pool) -> None:
    async with pool.connection(), pool.connection(), pool.connection():
        with pytest.raises(DatabaseAwayError):
            async with pool.connection():
                pytest.fail("there was no fourth")
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_a_cancelled_caller_leaves_a_connection_that_works(pool: Pool, kind: str) -> None:
    opened = openers(pool)[kind]

    async def sleep() -> None:
        async with opened() as connection:
            await connection.execute("SELECT pg_sleep(0.4)")

    sleeper = asyncio.create_task(sleep())
    await asyncio.sleep(0.1)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    async with opened() as connection:
        assert await connection.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_a_mistake_of_the_caller_keeps_its_name(pool: Pool, kind: str) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with openers(pool)[kind]() as connection:
            await connection.execute("SELECT * FROM nothing")
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        async with openers(pool)[kind]() as connection:
            await connection.execute("SELECT $1::int", 1, 2)


@pytest.mark.parametrize("kind", ["pool", "line"])
async def test_closing_does_not_wait_for_a_caller_that_hangs(
    bare_database: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CLOSE", 0.3)
    pool = Pool(bare_database, application="paravent test")
    await pool.__aenter__()
    opened = openers(pool)[kind]
    held = asyncio.Event()

    async def hang() -> None:
        async with opened() as connection:
            held.set()
            await connection.execute("SELECT pg_sleep(9)")

    hanging = asyncio.create_task(hang())
    await asyncio.wait_for(held.wait(), 10)
    began = time.monotonic()
    await pool.close()
    assert time.monotonic() - began < 3
    with pytest.raises((DatabaseAwayError, asyncpg.QueryCanceledError)):
        await hanging


async def test_a_closed_line_stays_closed(pool: Pool) -> None:
    line = pool.line()
    await line.close()
    with pytest.raises(DatabaseAwayError, match="closed"):
        async with line.connection():
            pytest.fail("it was closed")


async def test_a_line_that_is_closed_while_it_connects_leaves_nothing_open(bare_database: str) -> None:
    connecting, go_on = asyncio.Event(), asyncio.Event()
    made: list[asyncpg.Connection[asyncpg.Record]] = []

    async def slowly() -> asyncpg.Connection[asyncpg.Record]:
        connecting.set()
        await go_on.wait()
        made.append(await asyncpg.connect(bare_database))
        return made[0]

    line = module.Line(slowly, patience=1)

    async def use() -> None:
        async with line.connection():
            pass

    using = asyncio.create_task(use())
    await connecting.wait()
    await line.close()
    go_on.set()
    with pytest.raises(DatabaseAwayError, match="closed"):
        await using
    assert made[0].is_closed()


async def test_a_clone_is_migrated_and_empty(database: str) -> None:
    async with Pool(database, application="paravent test") as pool, pool.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM migration") > 0


@pytest.mark.parametrize(
    ("code", "said"), [("53100", "disk is full: free some room"), ("53200", "gave a statement up")]
)
async def test_a_full_disk_is_told_as_one(pool: Pool, code: str, said: str) -> None:
    """As PostgreSQL reports it: 53100 is disk_full, 53200 is out_of_memory."""
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$"
    with pytest.raises(DatabaseAwayError, match=said):
        async with pool.connection() as connection:
            await connection.execute(raised)

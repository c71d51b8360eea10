"""Migrations: each once, in order, by one process at a time, and never a history that does not fit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import asyncpg
import pytest

from router.postgres import migrate as module
from router.postgres.migrate import Migration, MigrationError, history, migrate, pending
from router.postgres.pool import Connection

FIRST = "CREATE TABLE purse (id integer PRIMARY KEY); INSERT INTO purse VALUES (1);"
SECOND = "ALTER TABLE purse ADD COLUMN spent bigint NOT NULL DEFAULT 0;"
INDEX = "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS purse_spent ON purse (spent);"
NAMES = ["0001_purse.sql", "0002_spent.sql", "0003_index.sql"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three migrations, the last one outside a transaction."""
    for name, sql in zip(NAMES, (FIRST, SECOND, INDEX), strict=True):
        (tmp_path / name).write_text(sql)
    return tmp_path


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_what_is_missing_is_applied_once(bare_database: str, folder: Path) -> None:
    assert await pending(bare_database, folder) == NAMES
    assert await migrate(bare_database, folder) == NAMES
    assert await pending(bare_database, folder) == []
    assert await migrate(bare_database, folder) == []
    assert await ask(bare_database, "SELECT spent FROM purse") == 0
    assert await ask(bare_database, "SELECT count(*) FROM pg_indexes WHERE indexname = 'purse_spent'") == 1


async def test_each_name_is_told_before_it_is_applied(bare_database: str, folder: Path) -> None:
    (folder / "0004_wrong.sql").write_text("CREATE TABLE purse ();")
    told: list[str] = []
    with pytest.raises(MigrationError):
        await migrate(bare_database, folder, told.append)
    assert told == [f"Applying {name} ..." for name in (*NAMES, "0004_wrong.sql")]


async def test_looking_changes_nothing(bare_database: str, folder: Path) -> None:
    await pending(bare_database, folder)
    assert await ask(bare_database, "SELECT to_regclass('migration')") is None


async def test_a_new_file_is_added_to_an_old_database(bare_database: str, folder: Path) -> None:
    await migrate(bare_database, folder)
    (folder / "0004_more.sql").write_text("CREATE TABLE more ();")
    assert await migrate(bare_database, folder) == ["0004_more.sql"]


async def test_a_connection_serves_too_and_keeps_its_settings(bare_database: str, folder: Path) -> None:
    connection = await asyncpg.connect(bare_database)
    assert await migrate(connection, folder) == NAMES
    assert await connection.fetchval("SHOW lock_timeout") == "0"
    assert await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    await connection.close()


PROCESS = """
import asyncio, json, pathlib, sys
from router.postgres.migrate import migrate
print(json.dumps(asyncio.run(migrate(sys.argv[1], pathlib.Path(sys.argv[2])))))
"""


async def test_four_processes_at_once_apply_once(bare_database: str, folder: Path) -> None:
    (folder / NAMES[1]).write_text(SECOND + "SELECT pg_sleep(0.5);")

    async def process() -> list[str]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROCESS, bare_database, str(folder)),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        printed, _ = await asyncio.wait_for(child.communicate(), 60)
        assert child.returncode == 0
        return list(json.loads(printed))

    applied = await asyncio.gather(*(process() for _ in range(4)))
    assert sorted(applied) == [[], [], [], NAMES]


async def test_without_the_lock_they_would_collide(
    bare_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    both_looked = asyncio.Barrier(2)
    look = module._missing

    async def looked(connection: Connection, steps: list[Migration]) -> list[Migration]:
        missing = await look(connection, steps)
        await both_looked.wait()
        return missing

    monkeypatch.setattr(module, "_alone", lambda _connection, _tell: contextlib.nullcontext())
    monkeypatch.setattr(module, "_missing", looked)
    await ask(bare_database, "CREATE TABLE migration (number int PRIMARY KEY, name text, sha256 bytea)")
    results = await asyncio.gather(
        migrate(bare_database, folder), migrate(bare_database, folder), return_exceptions=True
    )
    assert any(isinstance(result, MigrationError) for result in results)


async def test_a_failing_file_leaves_nothing_of_itself(bare_database: str, folder: Path) -> None:
    (folder / NAMES[1]).write_text("CREATE TABLE half (); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"0002_spent\.sql failed"):
        await migrate(bare_database, folder)
    assert await ask(bare_database, "SELECT to_regclass('half')") is None
    assert await pending(bare_database, folder) == NAMES[1:]


async def test_a_busy_table_is_not_waited_for_forever(
    bare_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOCK_TIMEOUT", "100ms")
    await ask(bare_database, "CREATE TABLE purse ()")
    (folder / NAMES[0]).write_text("ALTER TABLE purse ADD COLUMN id integer;")
    other = await asyncpg.connect(bare_database)
    async with other.transaction():
        await other.execute("LOCK TABLE purse")
        with pytest.raises(MigrationError, match="quieter moment"):
            await migrate(bare_database, folder)
    await other.close()


async def test_waiting_for_another_process_is_bounded(
    bare_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_FOR_OTHERS", 0.3)
    other = await asyncpg.connect(bare_database)
    await other.execute("SELECT pg_advisory_lock($1)", module._LOCK)
    told: list[str] = []
    with pytest.raises(MigrationError, match="Another process"):
        await migrate(bare_database, folder, told.append)
    assert told == ["Waiting for another process, which is migrating this database ..."]
    await other.close()


async def test_an_edited_file_is_refused(bare_database: str, folder: Path) -> None:
    await migrate(bare_database, folder)
    (folder / NAMES[0]).write_text(FIRST + "\n")
    for look in (migrate, pending):
        with pytest.raises(MigrationError, match=r"0001_purse\.sql was edited"):
            await look(bare_database, folder)


async def test_a_renamed_file_is_refused(bare_database: str, folder: Path) -> None:
    await migrate(bare_database, folder)
    (folder / NAMES[1]).rename(folder / "0002_other.sql")
    with pytest.raises(MigrationError, match=r"0002_spent\.sql where this build has 0002_other\.sql"):
        await migrate(bare_database, folder)


async def test_a_database_newer_than_the_build_is_refused(bare_database: str, folder: Path) -> None:
    await migrate(bare_database, folder)
    (folder / NAMES[2]).unlink()
    with pytest.raises(MigrationError, match="newer than this build"):
        await migrate(bare_database, folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [("0005_gap.sql", "number 0004"), ("0002_twin.sql", "number 0003"), ("4_short.sql", "NNNN_name")],
)
def test_gaps_twins_and_odd_names_are_refused(folder: Path, name: str, said: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=said):
        history(folder)


def test_the_packages_own_files_are_found() -> None:
    names = [step.name for step in history()]
    assert names == sorted(path.name for path in (Path(__file__).parents[2] / "migrations").glob("*.sql"))

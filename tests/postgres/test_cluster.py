"""The embedded server's folder: what it refuses, what it clears away, what it logs."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from router.postgres.cluster import Cluster
from router.postgres.embedded import Server, data_folder, embedded
from router.postgres.programs import EmbeddedError
from tests.postgres.client import ask, until


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "control"])
async def test_a_stale_pid_that_now_is_somebody_elses_does_not_matter(
    folder: Path, protected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not protected:
        monkeypatch.setattr(Cluster, "_bury", lambda self: None)
    async with embedded(folder):
        pass
    pid_file = folder / "postgres" / "cluster" / "postmaster.pid"
    stranger = await asyncio.create_subprocess_exec("sleep", "60", user=pid_file.parent.stat().st_uid)
    pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n1\n5432\n/tmp\n\n1 1\nready\n")
    try:
        if protected:
            async with embedded(folder) as server:
                assert await ask(server.dsn, "SELECT 1") == 1
        else:
            with pytest.raises(EmbeddedError, match="does not start"):
                async with embedded(folder):
                    pass
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_server_started_by_hand_is_left_alone(folder: Path) -> None:
    async with embedded(folder):
        pass
    data = folder / "postgres" / "cluster"
    # Its command line is what tells such a server.
    command = ("python3", "-c", "import time; time.sleep(60)", str(data))
    by_hand = await asyncio.create_subprocess_exec(*command)
    (data / "postmaster.pid").write_text(f"{by_hand.pid}\n")
    try:
        with pytest.raises(EmbeddedError, match="did not start"):
            async with embedded(folder):
                pass
        assert (data / "postmaster.pid").exists()
    finally:
        by_hand.kill()
        await by_hand.wait()


async def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    long = folder / ("deep" * 30)
    async with embedded(long) as server:
        socket = server._cluster.socket
        assert socket.stat().st_mode & 0o777 == 0o700
        assert await ask(server.dsn, "SELECT 1") == 1
    assert not socket.exists()


async def test_a_short_socket_folder_that_somebody_planted_is_refused(folder: Path) -> None:
    long = folder / ("deep" * 30)
    planted = Server(long)._cluster.socket
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="mode 0700"):
            async with embedded(long):
                pass
    finally:
        shutil.rmtree(planted, ignore_errors=True)


async def test_data_of_another_version_is_refused_and_left_alone(folder: Path) -> None:
    async with embedded(folder):
        pass
    version = folder / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 14, but .* Nothing was changed"):
        async with embedded(folder):
            pass
    assert version.read_text() == "14\n"


async def test_folders_above_keep_their_modes(folder: Path) -> None:
    parents = [folder.parent, *folder.parent.parents]
    before = [parent.stat().st_mode for parent in parents]
    async with embedded(folder):
        pass
    assert [parent.stat().st_mode for parent in parents] == before


async def test_an_operators_own_settings_win(folder: Path) -> None:
    async with embedded(folder):
        pass
    with (folder / "postgres" / "cluster" / "postgresql.conf").open("a") as own:
        own.write("max_connections = 33\n")
    async with embedded(folder) as server:
        assert await ask(server.dsn, "SHOW max_connections") == "33"


async def test_libpq_settings_of_the_shell_do_not_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGSSLMODE": "require", "PGHOST": "/x"}.items():
        monkeypatch.setenv(name, value)
    async with embedded(folder) as server:
        assert await ask(server.dsn, "SELECT 1") == 1


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "control"])
async def test_the_log_tells_of_deadlocks_and_of_no_values(folder: Path, protected: bool) -> None:
    async with embedded(folder) as server:
        if not protected:
            await ask(server.dsn, "ALTER SYSTEM SET log_min_messages = error")
            await ask(server.dsn, "SELECT pg_reload_conf()")
            await until(lambda: 'parameter "log_min_messages" changed' in server.log.read_text())
        await ask(server.dsn, "CREATE TABLE purse AS SELECT generate_series(1, 2) AS id")
        one, two = await asyncpg.connect(server.dsn), await asyncpg.connect(server.dsn)
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await one.execute("SELECT '+33639980001'::uuid")
        lock = "SELECT * FROM purse WHERE id = $1 FOR UPDATE"
        async with one.transaction():
            await one.execute(lock, 1)
            transaction = two.transaction()
            await transaction.start()
            await two.execute(lock, 2)
            both = await asyncio.gather(one.execute(lock, 2), two.execute(lock, 1), return_exceptions=True)
            await transaction.rollback()
            assert [type(result) for result in both].count(asyncpg.DeadlockDetectedError) == 1
            if isinstance(both[0], Exception):
                await one.execute("ROLLBACK; BEGIN")
        await one.close()
        await two.close()
        log = server.log.read_text()
    assert "detected deadlock" in log
    assert ("639980001" in log) != protected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PARAVENT_DATA": "/srv/p", "XDG_DATA_HOME": "/x"}, "/srv/p"),
        ({"XDG_DATA_HOME": "/x"}, "/x/paravent"),
        ({}, "/var/lib/paravent" if os.geteuid() == 0 else str(Path.home() / ".local/share/paravent")),
    ],
    ids=["named", "xdg", "default"],
)
def test_where_data_is_kept(environment: dict[str, str], expected: str) -> None:
    assert data_folder(environment) == Path(expected)

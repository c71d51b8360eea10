"""The embedded server: shared by commands, gone with the last, back after any death."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from router.postgres.cluster import Cluster
from router.postgres.embedded import Server, data_folder, embedded
from router.postgres.programs import EmbeddedError
from tests.postgres.client import AS_NOBODY, NOBODY, client

ROOT = os.geteuid() == 0
# Whom a command is run by: ourselves; and where we are root, an ordinary user as well.
USERS = {"ourselves": (), "nobody": AS_NOBODY} if ROOT else {"ourselves": ()}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path for a data folder, that nothing of a server outlives."""
    with tempfile.TemporaryDirectory(prefix="paravent-embedded-") as parent:
        Path(parent).chmod(0o711)
        yield Path(parent) / "data"
        assert processes(Path(parent) / "data") == []


@pytest.fixture(params=USERS)
def prefix(request: pytest.FixtureRequest, folder: Path) -> tuple[str, ...]:
    """What turns a command into that user's, who owns the data folder."""
    folder.mkdir(mode=0o700)
    if request.param == "nobody":
        os.chown(folder, NOBODY, NOBODY)
    return USERS[request.param]


def processes(folder: Path) -> list[int]:
    return Cluster(folder.resolve() / "postgres", None)._processes()


def leavings(folder: Path) -> list[str]:
    """Files that only a running server, or a careless one, has."""
    home = folder / "postgres"
    inside = [
        home / "cluster" / "postmaster.pid",
        *(home / "socket").glob(".*"),
        *(home / "clients").iterdir(),
    ]
    return [str(path) for path in inside if path.exists()]


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- it is another process's doing
            await asyncio.sleep(0.02)


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_a_command_starts_it_and_takes_it_along(folder: Path, prefix: tuple[str, ...]) -> None:
    async with client(folder, prefix=prefix) as command:
        assert await ask(command.dsn, "SHOW fsync") == "on"
        assert await ask(command.dsn, "SHOW listen_addresses") == ""
        assert (folder / "postgres").stat().st_mode & 0o777 == 0o700
        assert await command.leave() == 0
    assert processes(folder) == []
    assert leavings(folder) == []


async def test_the_last_of_two_commands_stops_it(folder: Path, prefix: tuple[str, ...]) -> None:
    async with client(folder, prefix=prefix) as first, client(folder, prefix=prefix) as second:
        assert first.server == second.server
        await first.leave()
        assert await ask(second.dsn, "SELECT 1") == 1
        await second.leave()
    assert processes(folder) == []


async def test_three_commands_at_once_share_one_server(folder: Path, prefix: tuple[str, ...]) -> None:
    async def use() -> int:
        async with client(folder, prefix=prefix) as command:
            met.append(command.server)
            await until(lambda: len(met) == 3)
            await command.leave()
            return command.server

    met: list[int] = []
    assert len({*await asyncio.gather(use(), use(), use())}) == 1


async def test_ctrl_c_leaves_nothing_behind(folder: Path, prefix: tuple[str, ...]) -> None:
    async with client(folder, prefix=prefix) as command:
        command.process.send_signal(signal.SIGINT)
        assert await command.ended() == 130
    assert processes(folder) == []
    assert leavings(folder) == []


async def test_a_killed_commands_server_is_taken_over(folder: Path, prefix: tuple[str, ...]) -> None:
    async with client(folder, prefix=prefix) as killed:
        killed.process.kill()
        await killed.ended()
    async with client(folder, prefix=prefix) as heir:
        assert heir.server == killed.server
        await heir.leave()
    assert leavings(folder) == []


async def test_what_was_committed_survives_the_death_of_both(folder: Path, prefix: tuple[str, ...]) -> None:
    async with client(folder, prefix=prefix) as killed:
        await ask(killed.dsn, "CREATE TABLE kept AS SELECT 7 AS seven")
        killed.process.kill()
        await killed.ended()
    os.kill(killed.server, signal.SIGKILL)
    async with client(folder, prefix=prefix) as heir:
        assert heir.server != killed.server
        assert await ask(heir.dsn, "SELECT seven FROM kept") == 7
        await heir.leave()
    assert leavings(folder) == []


async def test_it_comes_back_while_in_use(folder: Path) -> None:
    async with embedded(folder) as server:
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 7 AS seven")
        dead = server.pid
        assert dead is not None
        os.kill(dead, signal.SIGKILL)
        await until(lambda: server.pid not in {None, dead} and bool(leavings(folder)))
        await until(lambda: (now := server._cluster.postmaster()) is not None and now.ready)
        assert await ask(server.dsn, "SELECT seven FROM kept") == 7


async def test_a_crash_on_purpose_lasts_until_start(folder: Path) -> None:
    async with embedded(folder) as server:
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 7 AS seven")
        await server.stop(immediate=True)
        assert server.pid is None
        await asyncio.sleep(0.7)  # longer than the pause after which a server that died is started again
        assert server.pid is None
        await server.start()
        assert await ask(server.dsn, "SELECT seven FROM kept") == 7
        assert "was not properly shut down" in server.log.read_text()


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


async def test_fresh_forgets_the_data(folder: Path) -> None:
    async with embedded(folder) as server:
        await ask(server.dsn, "CREATE TABLE kept ()")
    async with embedded(folder, fresh=True) as server:
        assert await ask(server.dsn, "SELECT to_regclass('kept')") is None


async def test_fresh_takes_nobodys_data_away(folder: Path) -> None:
    async with embedded(folder) as server:
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 7 AS seven")
        with pytest.raises(EmbeddedError, match="another command uses"):
            async with embedded(folder, fresh=True):
                pass
        assert await ask(server.dsn, "SELECT seven FROM kept") == 7


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


async def test_a_killed_initdb_is_begun_anew(folder: Path) -> None:
    unfinished = folder / "postgres" / "cluster.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    async with embedded(folder) as server:
        assert await ask(server.dsn, "SELECT 1") == 1
    assert not unfinished.exists()


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


async def test_the_log_tells_of_deadlocks_and_of_no_values(folder: Path) -> None:
    async with embedded(folder) as server:
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
    assert "639980001" not in log


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PARAVENT_DATA": "/srv/p", "XDG_DATA_HOME": "/x"}, "/srv/p"),
        ({"XDG_DATA_HOME": "/x"}, "/x/paravent"),
        ({}, "/var/lib/paravent" if ROOT else str(Path.home() / ".local/share/paravent")),
    ],
    ids=["named", "xdg", "default"],
)
def test_where_data_is_kept(environment: dict[str, str], expected: str) -> None:
    assert data_folder(environment) == Path(expected)

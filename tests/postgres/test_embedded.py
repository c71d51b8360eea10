"""The embedded server: shared by commands, gone with the last, back after any death."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from router.postgres import embedded as module
from router.postgres.embedded import Server, embedded
from router.postgres.programs import EmbeddedError
from tests.postgres.client import ask, client, leavings, processes, until


async def test_a_command_starts_it_and_takes_it_along(empty: Path, first_prefix: tuple[str, ...]) -> None:
    async with client(empty, prefix=first_prefix) as command:
        assert await ask(command.dsn, "SHOW fsync") == "on"
        assert await ask(command.dsn, "SHOW listen_addresses") == ""
        assert (empty / "postgres").stat().st_mode & 0o777 == 0o700
        assert await command.leave() == 0
    assert processes(empty) == []
    assert leavings(empty) == []


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


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "control"])
async def test_who_leaves_first_leaves_it_running(
    folder: Path, protected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded(folder) as server:
        async with embedded(folder):
            if not protected:
                monkeypatch.setattr(module, "_lock", lambda descriptor: True)
                server._wanted = False
        assert (server.pid is not None) == protected


async def test_without_its_keeper_it_stays_dead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test below."""

    async def idle(server: Server) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Server, "_keep", idle)
    async with embedded(folder) as server:
        dead = server.pid
        assert dead is not None
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(TimeoutError):
            await until(lambda: server.pid not in {None, dead} and server.pid in processes(folder), 3)


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


async def test_what_a_killed_command_had_begun_is_thrown_away_though_another_finished(folder: Path) -> None:
    async with embedded(folder):
        begun = folder / "postgres" / "unfinished-1-00000000"
        (begun / "base").mkdir(parents=True)
        async with embedded(folder):
            assert not begun.exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_a_command_that_dies_while_it_starts_is_in_nobodys_way(
    empty: Path, how: signal.Signals
) -> None:
    for delay in (0.35, 0.6, 0.9, 1.2):
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.postgres.client", str(empty)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        await asyncio.sleep(delay)
        command.send_signal(how)
        await asyncio.wait_for(command.wait(), 30)
        if how == signal.SIGINT:
            assert processes(empty) == []
    async with client(empty) as heir:
        assert await ask(heir.dsn, "SELECT 1") == 1
        await heir.leave()
    assert leavings(empty) == []
    assert list((empty / "postgres").glob("unfinished-*")) == []

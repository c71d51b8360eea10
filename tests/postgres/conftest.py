"""A scene for whoever needs a ledger, and data folders for embedded servers, made once and copied."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.postgres.embedded import embedded
from tests.postgres.client import AS_NOBODY, NOBODY, processes
from tests.postgres.scene import Scene, scene_in

ROOT = os.geteuid() == 0
# Whom a command is run by: ourselves; and where we are root, an ordinary user as well.
USERS = {"ourselves": (), "nobody": AS_NOBODY} if ROOT else {"ourselves": ()}


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    """A ledger with some money, audited at the end."""
    async with scene_in(database) as scene:
        yield scene


@pytest.fixture
def empty() -> Iterator[Path]:
    """A short path for a data folder, that nothing of a server outlives."""
    with tempfile.TemporaryDirectory(prefix="paravent-embedded-") as parent:
        Path(parent).chmod(0o711)
        yield Path(parent) / "data"
        assert processes(Path(parent) / "data") == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _made() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="paravent-made-") as parent:
        os.chmod(parent, 0o711)  # noqa: PTH101 -- before anything runs
        async with embedded(Path(parent)):
            pass
        yield Path(parent) / "postgres" / "cluster"


@pytest.fixture
def folder(empty: Path, _made: Path) -> Path:
    """A data folder with an empty database in it, ours."""
    copy = empty / "postgres" / "cluster"
    shutil.copytree(_made, copy)
    _give(empty / "postgres", _made.stat().st_uid, _made.stat().st_gid)
    (empty / "postgres").chmod(0o700)
    return empty


@pytest.fixture(params=USERS)
def prefix(request: pytest.FixtureRequest, folder: Path) -> tuple[str, ...]:
    """What turns a command into that user's, who owns the data folder."""
    if request.param == "nobody":
        _give(folder, NOBODY, NOBODY)
    return USERS[request.param]


@pytest.fixture(params=USERS)
def first_prefix(request: pytest.FixtureRequest, empty: Path) -> tuple[str, ...]:
    """The same for a data folder with nothing in it."""
    empty.mkdir(mode=0o711)  # where root serves as somebody else, he must get through
    if request.param == "nobody":
        _give(empty, NOBODY, NOBODY)
    return USERS[request.param]


def _give(folder: Path, user: int, group: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, group)

"""A router whose keys did not seal what is stored does not start; where that cannot be known, it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.cli import serve
from router.postgres import reach
from router.postgres.pool import DatabaseAwayError, Pool
from router.settings import Settings
from router.vault import VaultError
from tests.cli.paravent import Paravent, free_port
from tests.cli.test_serve import SETTINGS
from tests.evidence.scene import scene_in
from tests.evidence.test_keys import FIRST, SECOND, keys_in
from tests.settings.coop import changed, settings_of

NOWHERE = "postgresql://127.0.0.1:1/nowhere"


@pytest_asyncio.fixture
async def stored(database: str) -> AsyncIterator[str]:
    """A database with a text in it that FIRST sealed."""
    async with scene_in(database) as scene:
        await scene.store("stored")
    yield database


def house(folder: Path) -> Settings:
    return settings_of(folder, changed({"data": str(folder)}))


@pytest.mark.parametrize(
    ("keys", "said"),
    [((SECOND,), "did not seal"), ((SECOND, FIRST), "did not seal"), ((), "gone")],
    ids=["others", "another one first", "gone"],
)
async def test_other_keys_are_refused_and_none_are_made(
    stored: str, tmp_path: Path, keys: tuple[bytes, ...], said: str
) -> None:
    if keys:
        keys_in(tmp_path, *keys)
    with pytest.raises(VaultError, match=said):
        await serve._fitting(house(tmp_path), stored)
    assert (tmp_path / "keys").exists() is bool(keys)


async def test_the_right_keys_are_taken_and_any_where_nothing_is_stored(stored: str, tmp_path: Path) -> None:
    await serve._fitting(house(keys_in(tmp_path, FIRST)), stored)
    await serve._fitting(house(keys_in(tmp_path, FIRST, SECOND)), stored)
    async with scene_in(stored) as scene:
        await scene.look.execute("UPDATE inbound SET letter = ''")
    await serve._fitting(house(keys_in(tmp_path, SECOND)), stored)


async def test_where_the_database_cannot_be_asked_receiving_comes_first(
    stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_PATIENCE", 0.2)
    await serve._fitting(house(keys_in(tmp_path, SECOND)), NOWHERE)

    async def lost(_pool: Pool) -> None:
        raise DatabaseAwayError("the database was lost while it was used")

    monkeypatch.setattr(reach, "newest_letter", lost)
    await serve._fitting(house(tmp_path), stored)


@pytest.mark.xdist_group("serve")
async def test_the_command_ends_with_two_and_goes_on_if_told_that_the_keys_are_lost(
    stored: str, tmp_path: Path
) -> None:
    (keys_in(tmp_path, SECOND) / "paravent.toml").write_text(SETTINGS.format(port=free_port()))
    paravent = Paravent(tmp_path, {"TOKEN": "0" * 32, "PARAVENT_DATABASE": stored})
    done = paravent("serve")
    assert (done.code, done.out) == (2, "")
    assert "data: the keys in it" in done.err
    assert "did not seal what is stored" in done.err
    assert "Put the copy of the key file back" in " ".join(done.err.split())
    assert "Traceback" not in done.err
    with paravent.started("serve", "--keys-lost", until="ready") as process:  # the control
        assert process.end() == 0

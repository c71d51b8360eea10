"""No number and no word is found anywhere but in what is sealed: not in pages, write-ahead log or spool."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from router.offline import PrivateKey, make
from router.postgres.embedded import embedded
from router.postgres.migrate import migrate
from router.vault import Vault
from tests.evidence.handed import handed
from tests.evidence.scene import NOON, scene_in

WORDS, SENDER = "Quetzalcoatl reviendra demain", "+33639987654"
PLANTED = (WORDS.encode(), SENDER[1:].encode(), WORDS.encode().hex().encode())


def found(folder: Path) -> set[str]:
    """Files with something planted in them."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.name for path in files if any(planted in path.read_bytes() for planted in PLANTED)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder that another user's server can be reached in."""
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o711)
    return tmp_path / "data"


async def _a_life(data: Path, out: Path) -> None:
    """A text comes, is sealed, held, exported, opened, and erased; all of it reaches the disk."""
    private, public = make()
    async with embedded(data) as server:
        await migrate(server.dsn)
        async with scene_in(server.dsn, public) as scene:
            await scene.sealed(scene.text(WORDS, SENDER, provider_id="SM1"))
            await scene.keeping.hold("raid", NOON, NOON.replace(hour=13), by="kim", why="complaint")
            await handed(scene, out / "closed")
            await handed(scene, out / "full", full=True, key=PrivateKey(private))
            await scene.keeping.lift("raid", by="kim", why="closed")
            await scene.keeping.erase_texter(scene.vault.pseudonym(SENDER), by="kim", why="asked")
            await scene.seal()
        looking = await asyncpg.connect(server.dsn)
        await looking.execute("CHECKPOINT")
        await looking.close()


async def test_no_number_and_no_word_is_on_the_disk_but_in_a_full_export(data: Path, tmp_path: Path) -> None:
    await _a_life(data, tmp_path)
    assert found(data) == set()
    assert found(tmp_path / "closed") == set()
    assert found(tmp_path / "full") == {"leaves.jsonl", "requests.jsonl", "texts.csv"}


async def test_control_without_sealing_they_are_found_on_the_disk(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vault, "seal_letter", lambda _vault, _id, sender, body: f"{sender} {body}".encode())
    monkeypatch.setattr(
        Vault, "open_letter", lambda _vault, _id, letter: tuple(letter.decode().split(" ", 1))
    )
    await _a_life(data, tmp_path)
    assert found(data) != set()

"""Keys that change, keys that are lost: what still opens, what still proves, and who is told in time."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner

from router.cli.evidence.keeping import key
from router.evidence.audit import audit
from router.evidence.leaves import Seals
from router.examination import Finding, _keys
from router.offline import OfflineKeyError, PrivateKey, PublicKey, make
from router.postgres.reach import newest_letter
from router.settings.advice import advise
from router.settings.evidence import TRIED
from router.vault import Vault, VaultError
from tests.cli.test_check import RIGHT
from tests.evidence.handed import handed, stranger
from tests.evidence.scene import MINUTE, NOON, Scene, scene_in
from tests.settings.coop import changed, settings_of

FIRST, SECOND = b"k" * 32, b"l" * 32
"""The key of a scene, and a newer one."""


def with_keys(scene: Scene, keys: list[bytes], offline: str | None = None) -> None:
    """Go on with other keys, as after a new start."""
    scene.vault = Vault(keys, None if offline is None else PublicKey(offline))
    scene.seals = Seals(scene.vault, scene.seals.numbers, scene.seals.providers)


@pytest_asyncio.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with scene_in(database) as found:
        yield found


async def test_after_a_newer_key_old_rows_open_and_old_evidence_still_verifies(
    scene: Scene, tmp_path: Path
) -> None:
    await scene.sealed("old")
    with_keys(scene, [FIRST, SECOND])
    await scene.sealed("new")
    assert (await audit(scene.pool, scene.seals)).findings == []
    assert (await handed(scene, tmp_path / "folder", full=True)).texts == 2
    code, said = stranger(tmp_path / "folder")
    assert (code, "texts whose words are opened 2" in said) == (0, True), said
    assert "senders 1," in said


async def test_control_without_the_old_key_nothing_of_it_opens(scene: Scene) -> None:
    await scene.sealed("old")
    with_keys(scene, [SECOND])
    assert {finding.what for finding in (await audit(scene.pool, scene.seals)).findings} == {"changed"}


def keys_in(folder: Path, *keys: bytes) -> Path:
    (folder / "keys").write_text("".join(f"{each.hex()}\n" for each in keys))
    return folder


async def test_the_doctor_says_that_keys_did_not_seal_what_is_stored(scene: Scene, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, changed({"data": str(tmp_path)}))

    async def found(*keys: bytes) -> Finding:
        keys_in(tmp_path, *keys)
        return _keys(settings, await newest_letter(scene.pool))

    assert (await found(SECOND)).said == "can be read"
    await scene.sealed("old")
    assert ((await found(FIRST)).ok, (await found(FIRST, SECOND)).ok) == (True, True)
    assert ((await found(SECOND)).ok, (await found(SECOND)).said) == (False, "did not seal what is stored")
    with_keys(scene, [FIRST, SECOND])
    await scene.store(scene.text("new", received_at=NOON + MINUTE))
    assert (await found(os.urandom(32), SECOND)).said == "the first of them is another one"
    (tmp_path / "keys").unlink()
    assert _keys(settings, await newest_letter(scene.pool)).said == "gone"
    assert _keys(settings).ok is None


async def test_a_folder_across_two_offline_keys_opens_with_both_in_one_file(
    scene: Scene, tmp_path: Path
) -> None:
    (old, public_of_old), (new, public_of_new) = make(), make()
    with_keys(scene, [FIRST], public_of_old)
    await scene.sealed("old")
    with_keys(scene, [FIRST], public_of_new)
    await scene.sealed("new")
    both = PrivateKey(f"{old}\n{new}\n")
    assert both.publics == [public_of_old, public_of_new]
    done = await handed(scene, tmp_path / "folder", full=True, key=both)
    assert (done.texts, stranger(tmp_path / "folder")[0]) == (2, 0)
    for lacking in (PrivateKey(new), PrivateKey(old), None):
        with pytest.raises(VaultError):
            await handed(scene, tmp_path / "never", full=True, key=lacking)


async def test_where_the_offline_key_is_lost_all_but_the_words_is_still_proved(
    scene: Scene, tmp_path: Path
) -> None:
    with_keys(scene, [FIRST], make()[1])
    await scene.sealed("sealed for good")
    assert (await audit(scene.pool, scene.seals)).findings == []
    await handed(scene, tmp_path / "folder")
    code, said = stranger(tmp_path / "folder")
    assert (code, "texts whose words are sealed 1" in said) == (0, True), said
    letter = await scene.value("SELECT letter FROM inbound")
    which = await scene.value("SELECT id FROM inbound")
    assert scene.vault.open_letter(which, letter)[1] == "sealed for good"


def test_a_file_without_a_key_is_none() -> None:
    for written in ("", "\n", make()[1], f"{make()[0]}\nno key"):
        with pytest.raises(OfflineKeyError):
            PrivateKey(written)


def test_check_asks_for_the_private_half_until_it_was_tried_and_again_after_a_quarter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "x" * 32)
    private, public = make()
    (tmp_path / "private").write_text(private)
    (tmp_path / "other").write_text(make()[0])
    written = f'data = "{tmp_path}"\n{RIGHT}[evidence]\npublic_key = "{public}"\n'
    (tmp_path / "paravent.toml").write_text(written)
    settings = settings_of(tmp_path, changed({"data": str(tmp_path), "evidence.public_key": public}))
    (tmp_path / "paravent.toml").write_text(written)

    def tried(name: str) -> tuple[int, str]:
        done = CliRunner().invoke(
            key, [str(tmp_path / name), "--try", "--config", str(tmp_path / "paravent.toml")]
        )
        return done.exit_code, done.output

    def asked() -> list[str]:
        return [each.path for each in advise(settings) if each.path == "evidence.public_key"]

    assert asked() == ["evidence.public_key"]
    assert tried("other")[0] == 1
    assert asked() == ["evidence.public_key"]
    assert tried("private") == (0, "It opens what is sealed now.\n")
    assert asked() == []
    long_ago = time.time() - 91 * 86_400
    os.utime(tmp_path / TRIED, (long_ago, long_ago))
    assert asked() == ["evidence.public_key"]
    (tmp_path / TRIED).write_text(make()[1])
    assert asked() == ["evidence.public_key"]

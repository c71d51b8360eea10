"""Evidence from the console: one file that its own verifier finds whole, for those who may order it."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from router.postgres.chain import Snapshot
from tests.web.house import House, open_house

TOKEN = "0perator-token-of-the-tests"
PATH = "/api/v1/evidence/export"


def _asked(**other: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "from_at": (now - timedelta(hours=1)).isoformat(),
        "to_at": (now + timedelta(hours=1)).isoformat(),
        "whom": "the complaint",
    } | other


async def _export(house: House, asked: dict[str, str]) -> tuple[int, str, bytes]:
    async with house.session.post(house.url + PATH, json=asked) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_a_period_is_one_file_that_a_stranger_verifies(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        assert await house.text("Salut c'est Kevin") == 200
        status, kind, body = await _export(house, _asked())
        assert (status, kind) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(tmp_path / "got")
    (folder,) = (tmp_path / "got").iterdir()
    assert folder.name.startswith("evidence-")
    assert b"Kevin" not in body
    assert "Kevin" not in "".join(path.read_text("utf-8", "replace") for path in folder.iterdir())
    command = (sys.executable, str(folder / "verify.py"))
    assert (
        await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True)
    ).returncode == 0
    leaves = folder / "leaves.jsonl"
    leaves.write_text(leaves.read_text().replace('"place":0', '"place":1', 1))
    assert (
        await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True)
    ).returncode == 3


async def _verified(folder: Path) -> int:
    """How the file's own verifier ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(folder / "verify.py"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return await process.wait()


async def test_what_cannot_be_made_is_said(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        assert (await _export(house, _asked()))[0] == 404
        assert (await _export(house, _asked(to_at="2017-11-27T16:00:00+00:00")))[0] == 422
        assert (await _export(house, _asked(whom="")))[0] == 422


async def test_while_it_is_still_being_sealed_it_is_to_be_tried_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(database, tmp_path) as house:
        assert await house.text("Salut c'est Kevin") == 200
        with monkeypatch.context() as patch:
            patch.setattr(Snapshot, "sealed_in", AsyncMock(return_value=None))  # another sealer is at it
            status, _, said = await _export(house, _asked())
        assert (status, b"still being sealed" in said) == (409, True)
        assert (await _export(house, _asked()))[0] == 200


async def test_a_stranger_gets_no_evidence(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path, operator=TOKEN) as house:
        assert (await _export(house, _asked()))[0] == 401

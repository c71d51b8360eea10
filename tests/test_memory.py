"""Tests use memory where there is room in it, and nowhere against the word of who runs them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import memory


@pytest.fixture(autouse=True)
def _asked_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tmp_path.is_dir()
    monkeypatch.setattr(tempfile, "tempdir", "/as/before")


def test_where_there_is_room_all_temporary_files_go_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ: dict[str, str] = {}
    monkeypatch.setattr(memory, "ROOM", 0)
    memory.use(tmp_path, environ)
    assert environ == {"TMPDIR": str(tmp_path)}
    monkeypatch.setenv("TMPDIR", environ["TMPDIR"])
    assert tempfile.gettempdir() == str(tmp_path)


def test_who_says_where_is_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"TMPDIR": "/elsewhere"}
    monkeypatch.setattr(memory, "ROOM", 0)
    memory.use(tmp_path, environ)
    assert environ == {"TMPDIR": "/elsewhere"}
    assert tempfile.gettempdir() == "/as/before"


def test_a_container_with_little_of_it_uses_its_disk(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert memory.has_room(tmp_path, 0)
    assert not memory.has_room(tmp_path, 1 << 60)
    memory.use(tmp_path / "nowhere", environ)
    assert environ == {}


def test_where_no_program_may_run_no_test_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_flag=os.ST_NOEXEC))
    assert not memory.has_room(tmp_path, 0)

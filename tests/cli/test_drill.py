"""What `paravent drill` refuses before it plays a night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import drill
from router.stage.drill.drill import Order
from router.stage.drill.scenes import SCENARIOS
from router.stage.drill.wording import ENGLISH

FILES = ["--json", "--html", "--rows", "--openmetrics"]


class PlayedError(Exception):
    """The night is played."""


@pytest.fixture(autouse=True)
def _played(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(_orders: object) -> Any:
        raise PlayedError

    monkeypatch.setattr(drill, "_played", play)


def asked(option: str, file: Path, *more: str) -> Result:
    return CliRunner().invoke(drill.command, ["viral", option, str(file), *more])


@pytest.mark.parametrize("option", FILES)
def test_a_file_that_cannot_be_written_is_refused_before_the_night_is_played(
    option: str, tmp_path: Path
) -> None:
    done = asked(option, tmp_path / "nowhere" / "told")
    assert done.exit_code == 2
    assert "cannot be written: there is no such folder" in " ".join(done.output.split())


@pytest.mark.parametrize("option", FILES)
def test_a_new_file_and_an_old_one_are_taken(option: str, tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    for name in ("new", "old"):
        assert isinstance(asked(option, tmp_path / name).exception, PlayedError)


def test_a_file_in_the_folder_that_is_kept_is_taken_for_that_is_made(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    done = asked("--html", kept / "night.html", "--keep", str(kept))
    assert isinstance(done.exception, PlayedError)


def test_control_else_it_would_be_played_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "_writable", lambda **_files: None)
    assert isinstance(asked("--json", tmp_path / "nowhere" / "told").exception, PlayedError)


def test_progress_goes_by_the_clock_of_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    night = SCENARIOS["cut-off"]
    drill._progress(Order(scenario=night))(night.launch, 0)
    said = capsys.readouterr().err
    assert said == f"cut-off: {ENGLISH.moment(night.launch)} in Paris, 0 texts\n"
    assert "Fri 24 Nov 18:00" in said

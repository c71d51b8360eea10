"""Where a drill's page is kept: with the data of the router whose settings are here, or else of the demo."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import drill
from router.stage.drill.tale import Tale
from router.web import shelf
from tests.stage.evening import nothing
from tests.web.house import _TOML

NAME = "viral-seed-1-scale-1"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where a drill takes no time, and finds nothing of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARAVENT_SETTINGS", raising=False)
    monkeypatch.setenv("PARAVENT_DATA", str(tmp_path / "other"))
    monkeypatch.setattr(drill, "_played", lambda _orders: [nothing()])
    return tmp_path


def settings(folder: Path) -> Path:
    """A router's own, with its data beside them."""
    path = folder / "paravent.toml"
    path.write_text(f'data = "{folder / "data"}"\n{_TOML}')
    return path


def played(*options: object) -> Result:
    return CliRunner().invoke(drill.command, ["viral", *map(str, options)], catch_exceptions=False)


@pytest.mark.parametrize("option", ["--show", "--html", "--keep"])
def test_what_leaves_a_report_leaves_it_on_the_console_of_the_router_here(
    here: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.delenv("PARAVENT_DATA")
    settings(here)
    done = played(option, *([] if option == "--show" else [here / "left"]))
    assert (done.exit_code, [each.name for each in shelf.drills(here / "data" / "drills")]) == (0, [NAME])
    assert "The console shows it, under Drills" in done.output


def test_other_settings_are_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARAVENT_DATA")
    (here / "there").mkdir()
    assert played("--show", "--config", settings(here / "there")).exit_code == 0
    assert [each.name for each in shelf.drills(here / "there" / "data" / "drills")] == [NAME]


def test_without_any_settings_the_first_demo_shows_what_was_asked_for_by_name(here: Path) -> None:
    assert played("--html", here / "left.html").exit_code == 0
    assert not (here / "other").exists()
    assert played("--show").exit_code == 0
    assert [each.name for each in shelf.drills(here / "other" / "demo" / "drills")] == [NAME]


def test_wrong_settings_are_told_before_a_night_is_played_in_vain(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights: list[object] = []

    def noted(orders: object) -> list[Tale]:
        nights.append(orders)
        return [nothing()]

    monkeypatch.setattr(drill, "_played", noted)
    settings(here).write_text("budget = 1\n")
    done = played("--show")
    assert (done.exit_code, nights) == (2, [])
    assert "cannot be used" in done.output
    assert played("--html", here / "left.html").exit_code == 0
    assert (here / "left.html").exists()


def test_a_folder_that_cannot_be_written_is_told(here: Path) -> None:
    (here / "other").mkdir()
    (here / "other" / "demo").touch()
    done = played("--show")
    assert done.exit_code == 1
    assert "The console does not show it" in done.output

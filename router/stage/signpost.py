"""Where a demo is: two small files in its folder, so that other commands find it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from router.postgres.embedded import data_folder

SETTINGS = Path(__file__).with_name("demo.toml")
"""The demo's settings; all that differs from one demo to the next they take from its environment."""

_PRIVATE = 0o600


class NoDemoError(LookupError):
    """No demo runs here; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A demo that runs.

    Args:
        pid: Its process.
        console_url: Its console page.
        control_url: The control API of the simulated carriers.
        numbers: The published numbers, by account.
    """

    pid: int
    console_url: str
    control_url: str
    numbers: Mapping[str, str] = field(repr=False)


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The demo's own data folder: it never shares a database with a router in earnest."""
    return data_folder(environ) / "demo"


def prepare(home: Path) -> None:
    """Make the demo's folder; where root makes it, the database's user must be able to pass through."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for each in (home.parent, home):
        each.mkdir(mode=mode, parents=True, exist_ok=True)


def keep_environment(home: Path, environment: Mapping[str, str]) -> None:
    """Keep what the settings take from their environment, secrets included, for this user alone."""
    _write(home / "environment.json", environment)


def environment(home: Path) -> dict[str, str] | None:
    """What the settings of the last demo took from their environment; None if there was no demo."""
    try:
        kept: dict[str, str] = json.loads((home / "environment.json").read_text())
    except (OSError, ValueError):
        return None
    return kept


def put_up(home: Path, running: Running) -> None:
    """Tell other commands where the demo is."""
    _write(home / "running.json", asdict(running))


def take_down(home: Path) -> None:
    """Tell them no more."""
    (home / "running.json").unlink(missing_ok=True)


def running(home: Path) -> Running:
    """The demo that runs.

    Raises:
        NoDemoError: None does.
    """
    try:
        found = Running(**json.loads((home / "running.json").read_text()))
    except (OSError, ValueError, TypeError):
        raise NoDemoError(
            "No demo is running. Start one with `paravent demo`, and leave it open. If one was started with "
            "PARAVENT_DATA, set it here too."
        ) from None
    try:
        os.kill(found.pid, 0)
    except ProcessLookupError:
        raise NoDemoError(
            f"The demo (process {found.pid}) was killed. Start `paravent demo` again, and leave it open."
        ) from None
    except PermissionError:
        pass
    return found


def _write(path: Path, what: Mapping[str, object]) -> None:
    """Whole or not at all, and never readable by others."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w") as file:
        json.dump(what, file, indent=1)
    draft.replace(path)

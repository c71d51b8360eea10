"""A drill's folder: gone with it, or kept so that every figure of the report can be counted again."""

from __future__ import annotations

import csv
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from router.postgres.night import Rows

SETTINGS, ENVIRONMENT, ROWS = "paravent.toml", "environment.sh", "rows"
"""What stands in a kept folder beside keys and database."""


class TakenError(ValueError):
    """Something is in that folder already, or it cannot be made; the message says so."""


@contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    """A folder for a drill: this one, which is kept, or a temporary one.

    Raises:
        TakenError: See there.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700  # the database's user must be able to pass through
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="paravent-drill-") as made:
            Path(made).chmod(mode)
            yield Path(made)
        return
    try:
        keep.mkdir(mode=mode, parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise TakenError(f"{keep} is not empty: name a new folder")
        keep.chmod(mode)
    except OSError as error:
        raise TakenError(f"{keep} cannot be made: {error.strerror}") from error
    yield keep.resolve()


def keep_settings(kept: Path, settings: Path, environment: Mapping[str, str]) -> None:
    """Leave what other commands need to look into it; the carriers' secrets are the simulator's.

    Args:
        kept: The folder.
        settings: The file that it was played with.
        environment: What was laid over it, or named by it.
    """
    (kept / SETTINGS).write_bytes(settings.read_bytes())
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    file = kept / ENVIRONMENT
    file.touch(mode=0o600)
    file.write_text("".join(lines), encoding="utf-8")


def keep_rows(kept: Path, rows: Rows) -> None:
    """Leave every row that the report was counted from, as CSV, a file for each table that it names."""
    place = kept / ROWS
    place.mkdir()
    for table in fields(rows):
        found = getattr(rows, table.name)
        with (place / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            for row in found[:1]:
                out.writerow(row._fields)
            out.writerows([_plain(value) for value in row] for row in found)


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat()
        case bool():
            return int(value)
    return value

"""The checkout, as the tests of the house read it: every file of ours, by its path from the top."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]
ROOMS = ("router", "providers", "migrations", "deploy", "tests")
PAPERS = ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")


def files(*suffixes: str, top: Path = TOP, rooms: tuple[str, ...] = ROOMS) -> list[Path]:
    """Files below the rooms with one of these suffixes, sorted."""
    found = (path for room in rooms for path in (top / room).rglob("*") if path.suffix in suffixes)
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def modules(*rooms: str, top: Path = TOP) -> dict[str, ast.Module]:
    """Every module below the rooms, read, by its path from the top."""
    return {
        path.relative_to(top).as_posix(): _parsed(path, path.stat().st_mtime_ns)
        for path in files(".py", top=top, rooms=rooms)
    }


@cache
def _parsed(path: Path, _changed: int) -> ast.Module:
    """Each file is read once for all the tests that look at it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def pyproject() -> dict[str, Any]:
    """The project's own description."""
    return tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))

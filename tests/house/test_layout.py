"""What is where: the top level, the size of files and functions, names, and the line each file opens with."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import PAPERS, ROOMS, TOP, files, modules

LINES = 300
"""Of a file, at most."""
FUNCTION = 40
"""Lines of a function without its docstring, at most."""

LONGER = {
    "migrations/0002_arm_and_settle.sql": "one state machine in two calls; a migration is never edited",
    "router/arrivals.py:arrival": "one row, column by column; whoever splits it hides a column",
    "router/evidence/verify.py": "one file by its promise: a stranger is handed it alone",
    "router/service.py:_compose": "the parts of a process, each put in its place once",
    "router/stage/cast.py:cast": "three accounts, each with its fields spelled out",
}
"""A file, or `file:function`, that may be longer, and why it reads better whole."""

MADE_HERE = {"build", "dist", "node_modules", "paravent.toml"}
FORBIDDEN = {"base", "common", "core", "handlers", "helpers", "manager", "misc", "models", "types", "utils"}


def long_files(found: dict[str, str]) -> set[str]:
    """Paths of texts that pass the limit."""
    return {path for path, text in found.items() if text.count("\n") > LINES}


def long_functions(found: dict[str, ast.Module]) -> set[str]:
    """`path:name` of functions that pass the limit."""
    return {
        f"{path}:{node.name}"
        for path, module in found.items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > FUNCTION
    }


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    opening = function.body[0] if ast.get_docstring(function) else None
    said = (opening.end_lineno or 0) - opening.lineno + 1 if opening else 0
    return (function.end_lineno or 0) - function.lineno + 1 - said


def ill_named(paths: list[str]) -> set[str]:
    """Paths with a part that says nothing of what is found there."""
    return {path for path in paths if {part.strip("_") for part in re.split(r"[/.]", path)} & FORBIDDEN}


def unopened(found: dict[str, ast.Module]) -> set[str]:
    """Modules that do not open with one line that ends in a full stop."""
    first = {path: (ast.get_docstring(module) or "").partition("\n")[0] for path, module in found.items()}
    return {path for path, line in first.items() if not line.endswith((".", "?"))}


def strangers(top: Path) -> set[str]:
    """What lies on the top level and has no business there, and what is missing."""
    there = {path.name for path in top.iterdir() if not path.name.startswith(".")} - MADE_HERE
    return there ^ {*ROOMS, *PAPERS}


def test_the_top_level_is_as_the_design_says() -> None:
    assert strangers(TOP) == set()


def test_something_else_on_the_top_level_would_be_found(tmp_path: Path) -> None:
    for name in (*ROOMS, *PAPERS[1:], "notes.txt"):
        (tmp_path / name).touch()
    assert strangers(tmp_path) == {"notes.txt", "pyproject.toml"}


def test_a_file_is_a_few_screens_and_a_function_is_one() -> None:
    texts = {
        path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8") for path in files(".py", ".sql")
    }
    assert (long_files(texts) | long_functions(modules(*ROOMS))) - LONGER.keys() == set()


def test_what_is_said_to_be_longer_is_and_has_its_reason() -> None:
    texts = {
        path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8") for path in files(".py", ".sql")
    }
    assert LONGER.keys() <= long_files(texts) | long_functions(modules(*ROOMS))
    assert all(len(reason.split()) > 3 for reason in LONGER.values())


@pytest.mark.parametrize("too_many", [0, 1])
def test_a_line_too_many_would_be_found(too_many: int) -> None:
    function = 'async def f():\n    """Say\n    what."""\n' + "    pass\n" * (FUNCTION - 1 + too_many)
    assert long_functions({"a.py": ast.parse(function)}) == ({"a.py:f"} if too_many else set())
    assert long_files({"a.py": "\n" * (LINES + too_many)}) == ({"a.py"} if too_many else set())


def test_a_file_is_called_after_what_is_found_in_it() -> None:
    assert (
        ill_named([path.relative_to(TOP).as_posix() for path in files(".py", ".sql", ".md", ".yml")]) == set()
    )


@pytest.mark.parametrize("path", ["router/utils.py", "router/core/send.py", "providers/twilio/_helpers.py"])
def test_a_name_that_says_nothing_would_be_found(path: str) -> None:
    assert ill_named([path, "router/relay.py"]) == {path}


def test_every_module_says_what_is_found_there() -> None:
    assert unopened(modules("router", "providers", "tests", "migrations")) == set()


@pytest.mark.parametrize("source", ["", "import ast", '"""Things"""', '"""\nThings.\n"""'])
def test_a_module_that_says_nothing_would_be_found(source: str) -> None:
    assert unopened({"a.py": ast.parse(source)}) == ({"a.py"} if source != '"""\nThings.\n"""' else set())

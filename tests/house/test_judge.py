"""The judge of the faults imports nothing of the router, so that it cannot agree with its mistakes."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.tree import TOP

JUDGE = (
    "tests.faults.__main__", "tests.faults.judge", "tests.faults.chaos", "tests.faults.controls",
    "tests.faults.crashpoints", "tests.audit",
)  # fmt: skip
CHILDREN = {"tests.faults.launcher", "tests.faults.keeper"}
"""What it only runs, in processes of their own."""


def reached(names: tuple[str, ...], top: Path = TOP) -> set[str]:
    """Every module that these import, and that those import in turn, as far as they are ours."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        file = top / f"{name.replace('.', '/')}.py"
        if name in found or not file.exists():
            found.add(name)
            continue
        found.add(name)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def of_the_router(names: set[str]) -> set[str]:
    return {name for name in names if name.split(".")[0] in {"router", "providers"}}


def test_the_judge_imports_nothing_of_the_router() -> None:
    found = reached(JUDGE)
    assert of_the_router(found) == set()
    assert {"asyncpg", "tests.faults.carriers", "tests.faults.proxy"} <= found


def test_the_children_do_and_nobody_imports_them() -> None:
    assert all(of_the_router(reached((child,))) for child in CHILDREN)
    assert not CHILDREN & reached(JUDGE)


def test_an_import_by_a_friend_would_be_found(tmp_path: Path) -> None:
    room = tmp_path / "tests/faults"
    room.mkdir(parents=True)
    (room / "judge.py").write_text("from tests.faults import friend\n")
    (room / "friend.py").write_text("import router.relay\n")
    assert of_the_router(reached(("tests.faults.judge",), tmp_path)) == {"router.relay"}

"""Rules take values and return values: no waiting, no clock, no chance, no network, no files."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import router.rules

ROOM = Path(router.rules.__path__[0])
FORBIDDEN_MODULES = {
    "asyncio", "asyncpg", "aiohttp", "io", "logging", "os", "pathlib", "random", "secrets", "socket",
    "subprocess", "threading", "time",
}  # fmt: skip
FORBIDDEN_CALLS = {"now", "utcnow", "today", "open", "print", "uuid1", "uuid4"}


def impurities(source: str) -> list[str]:
    """What in a module does more than turn values into values."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith() | ast.Global():
                found.append(type(node).__name__)
            case ast.Import(names=names):
                found += [a.name for a in names if a.name.split(".")[0] in FORBIDDEN_MODULES]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                found.append(module)
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                found += [name] if name in FORBIDDEN_CALLS else []
            case _:
                pass
    return found


@pytest.mark.parametrize("module", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_a_rule_is_pure_and_opens_with_its_house_rule(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert impurities(source) == []
    if module.stem != "__init__":
        assert "House rule:" in (ast.get_docstring(ast.parse(source)) or "")


@pytest.mark.parametrize(
    "source",
    [
        "async def f(): pass",
        "import asyncio",
        "from time import monotonic",
        "from datetime import datetime\ndatetime.now()",
        "open('x')",
    ],
)
def test_an_impure_rule_would_be_found(source: str) -> None:
    assert impurities(source)

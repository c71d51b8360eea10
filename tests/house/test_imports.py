"""Who may import whom: the contracts of pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import TOP, modules, pyproject

CONTRACTS = {
    contract["id"]: contract["name"] for contract in pyproject()["tool"]["importlinter"]["contracts"]
}

BREAKS = {
    "floors": ("router/relay.py", "import router.worker"),
    "carriers": ("providers/simulator/parts.py", "import providers.ovh.codes"),
    "contract": ("providers/contract/gsm7.py", "import providers.contract.wire"),
    "below": ("providers/contract/money.py", "import router.rules.span"),
    "face": ("providers/twilio/sms.py", "from providers.contract.gsm7 import count"),
    "pure": ("router/rules/span.py", "import os"),
    "sockets": ("providers/twilio/records.py", "import socket"),
    "sql": ("router/worker.py", "import asyncpg"),
    "retry": ("router/departures.py", "import tenacity"),
    "counting": ("router/relay.py", "from prometheus_client import Counter"),
    "http": ("router/departures.py", "import aiohttp"),
    "sealing": ("router/departures.py", "import cryptography"),
    "tokens": ("providers/twilio/proof.py", "import jwt"),
    "numbers": ("router/rules/language.py", "import phonenumbers"),
    "commands": ("router/service.py", "import click"),
    "stage": ("router/watch.py", "import providers.simulator.journal"),
    "suite": ("providers/ovh/codes.py", "import providers.contract.conformance"),
    "guessing": ("router/rules/budget.py", "import hypothesis"),
}
"""A line for each contract that breaks it, and the file it is added to."""


def broken(top: Path) -> set[str]:
    """The contracts that a checkout breaks, by id."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=top,
        env=os.environ | {"PYTHONPATH": str(top), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = dict(re.findall(r"^(.+) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert said.keys() == set(CONTRACTS.values()), done.stdout + done.stderr
    found = {id_ for id_, name in CONTRACTS.items() if said[name] == "BROKEN"}
    assert bool(found) == bool(done.returncode), done.stdout
    if found:
        print(done.stdout)
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout that may be broken."""
    for room in ("router", "providers"):
        shutil.copytree(TOP / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept() -> None:
    assert broken(TOP) == set()


def test_every_contract_can_be_broken(copy: Path) -> None:
    for path, line in BREAKS.values():
        with (copy / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    assert broken(copy) == CONTRACTS.keys()


@pytest.mark.parametrize(
    ("room", "contract"),
    [("router", "floors"), ("providers", "carriers"), ("providers/contract", "contract")],
)
def test_a_new_file_fails_until_it_is_given_a_place(copy: Path, room: str, contract: str) -> None:
    (copy / room / "somewhere.py").write_text('"""Nobody knows what is found here."""\n', encoding="utf-8")
    assert broken(copy) == {contract}


SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+(TABLE|DATABASE|INDEX))\b",
    re.DOTALL,
)


def statements(module: ast.Module) -> list[str]:
    """Strings that are SQL."""
    return [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]


def test_no_sql_is_written_outside_its_room() -> None:
    outside = {path: statements(module) for path, module in modules("router", "providers").items()}
    assert {path for path, found in outside.items() if found and "/postgres/" not in path} == set()
    assert sum("/postgres/" in path for path, found in outside.items() if found) > 5


@pytest.mark.parametrize(
    "statement",
    ["SELECT id\n FROM texts", "INSERT INTO texts VALUES (1)", "UPDATE texts SET id = 1"],
)
def test_sql_elsewhere_would_be_found(statement: str) -> None:
    assert statements(ast.parse(f"QUERY = {statement!r}")) == [statement]


HTTP = {"http.client", "http.server", "urllib.request"}


def sockets(module: ast.Module) -> set[str]:
    """Modules of the standard library that talk HTTP: their packages are shared with harmless ones."""
    named = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return named & HTTP


def test_nobody_talks_http_but_by_aiohttp() -> None:
    found = {path for path, module in modules("router", "providers").items() if sockets(module)}
    # A command that asks the running demo is plain and synchronous, and starts faster without aiohttp.
    assert found <= {"router/stage/handset.py"}


@pytest.mark.parametrize(
    "line", ["import urllib.request", "from http import client", "from http.client import HTTPResponse"]
)
def test_http_by_another_door_would_be_found(line: str) -> None:
    assert sockets(ast.parse(line))

"""Ruff and mypy find nothing: every rule is on, and what is off says why in pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import TOP

CHECKS = {
    "ruff": ("ruff", "check", "--no-cache", "--output-format=concise"),
    "format": ("ruff", "format", "--check", "--no-cache"),
    "mypy": ("mypy",),
}


def findings(check: str, cwd: Path, *options: str) -> str:
    """What a check has to say, empty if nothing."""
    done = subprocess.run(
        [sys.executable, "-m", *CHECKS[check], *options],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.timeout(320)
@pytest.mark.parametrize("check", CHECKS)
def test_there_is_nothing_to_find(check: str) -> None:
    assert findings(check, TOP) == ""


@pytest.mark.parametrize("check", CHECKS)
def test_a_finding_would_be_told(check: str, tmp_path: Path) -> None:
    (tmp_path / "untidy.py").write_text("import os\ndef f(x): return  x\n", encoding="utf-8")
    config = "--config-file" if check == "mypy" else "--config"
    assert "untidy.py" in findings(check, tmp_path, config, str(TOP / "pyproject.toml"), "untidy.py")


def test_every_rule_that_is_off_says_why() -> None:
    text = (TOP / "pyproject.toml").read_text(encoding="utf-8")
    ignored = re.search(r"^ignore = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert ignored
    assert [
        line for line in ignored[1].splitlines() if not re.search(r'^    "[A-Z]+\d+",\s*# \S+', line)
    ] == []


SILENCED = re.compile(r"# (?:noqa|type: ignore)(?!(?:: [A-Z]+[0-9]+|\[[a-z-]+\]))")


def test_nothing_is_silenced_as_a_whole() -> None:
    found = {
        path.relative_to(TOP).as_posix()
        for room in ("router", "providers", "tests")
        for path in (TOP / room).rglob("*.py")
        if SILENCED.search(path.read_text(encoding="utf-8"))
    }
    assert found - {"tests/house/test_lint.py"} == set()


@pytest.mark.parametrize("comment", ["# noqa", "# type: ignore", "# noqa -- because"])
def test_silencing_as_a_whole_would_be_found(comment: str) -> None:
    assert SILENCED.search(f"x = 1  {comment}")

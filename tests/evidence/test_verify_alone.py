"""The verifier as a stranger has it: beside files that somebody planted, in his language, on his terminal."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router.evidence import verify

SOURCE = Path(verify.__file__)
PLANTED = "import os; os.write(1, b'planted'); os._exit(0)"
OFF = "    del sys.path[0]"


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python3 verify.py`` in the folder, and nothing else said to Python."""
    return subprocess.run(
        [sys.executable, "verify.py", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def imported() -> list[str]:
    """What the verifier imports, and what that imports in turn."""
    names = [node for node in ast.parse(SOURCE.read_text("utf-8")).body if isinstance(node, ast.Import)]
    return [alias.name for node in names for alias in node.names if alias.name != "sys"]


def beside(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / f"{name}.py").write_text(PLANTED)


def test_what_is_planted_beside_it_does_not_run(tmp_path: Path) -> None:
    shutil.copy(SOURCE, tmp_path / "verify.py")
    beside(tmp_path, [*imported(), "__future__", "gettext", "shutil", "decimal", "sitecustomize"])
    done = run(tmp_path)
    assert "planted" not in done.stdout
    assert (done.returncode, "manifest.json" in done.stderr) == (2, True)


@pytest.mark.parametrize("name", ["argparse", "csv", "json", "hashlib"])
def test_control_beside_a_verifier_that_keeps_its_folder_it_runs(tmp_path: Path, name: str) -> None:
    written = SOURCE.read_text("utf-8")
    assert written.count(OFF) == 1
    (tmp_path / "verify.py").write_text(written.replace(OFF, "    pass"), "utf-8")
    beside(tmp_path, [name])
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, "planted")


def test_it_needs_nothing_that_runs_before_its_first_line() -> None:
    first, second, *_ = ast.parse(SOURCE.read_text("utf-8")).body[1:]
    assert ast.unparse(first) == "import sys"
    assert "del sys.path[0]" in ast.unparse(second)


RAISED = {" is not spelled as it was exported", "its files are damaged (", "export for "}
"""Inside of what Python or the manifest says: it is quoted, and no sentence of its own."""


def sentences() -> set[str]:
    """All that the verifier says, as it stands in its functions."""
    functions = [
        node for node in ast.walk(ast.parse(SOURCE.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    return {
        inner.value
        for function in functions
        for line in function.body[ast.get_docstring(function) is not None :]
        for inner in ast.walk(line)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and len(inner.value.split()) > 2
    }


def test_all_that_it_says_is_known_in_french_with_the_same_gaps() -> None:
    said = {each for each in sentences() if "openssl" not in each and "<" not in each} - RAISED
    assert len(said) > 50
    assert said - verify.FRENCH.keys() == set()
    assert [each for each, french in verify.FRENCH.items() if each.count("{}") != french.count("{}")] == []


@pytest.mark.parametrize(
    ("words", "language", "said"),
    [
        (["--lang", "fr"], "", "ne peut être vérifié"),
        ([], "fr_FR.UTF-8", "ne peut être vérifié"),
        ([], "", "cannot be verified"),
        (["--lang", "en"], "fr_FR.UTF-8", "cannot be verified"),
    ],
)
def test_it_speaks_french_where_it_is_asked_to(
    tmp_path: Path, words: list[str], language: str, said: str
) -> None:
    shutil.copy(SOURCE, tmp_path / "verify.py")
    assert said in run(tmp_path, *words, LANG=language, PYTHONIOENCODING="utf-8").stderr


def test_a_finding_and_its_place_are_told_in_french() -> None:
    report = verify.Report(french=True)
    report.found("missing", "texts.csv, leaf 3/1", "it has no row")
    report.found(
        "changed",
        "leaf 3/0",
        "decided twice: sealed as {}, now {}; no receipt explains what differs: {}",
        "accepted",
        "failed",
        "state",
    )
    report.count("{}s whose words are {}", "text", "opened")
    told = list(verify.told(report, compared=False))
    assert told[0] == "MANQUANT  texts.csv, feuille 3/1: elle n'a pas de ligne"
    assert told[1].startswith("MODIFIÉ  feuille 3/0: décidé deux fois : scellé accepted, maintenant failed")
    assert told[2] == "Examiné : feuilles « text » dont les mots sont ouverts 1"
    assert told[-1] == "QUELQUE CHOSE A ÉTÉ MODIFIÉ. Constats : 2."


def test_the_name_of_a_file_moves_no_cursor(tmp_path: Path) -> None:
    assert verify._visible("a\x1b[2J\u202eb\udc80é") == "a\\x1b[2J\\u202eb\\udc80é"

"""What is imported is declared: nobody leans on what another library happens to bring along."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.house.tree import modules, pyproject

OURS = {"router", "providers", "migrations", "tests", "acme"}


def imported(module: ast.Module) -> set[str]:
    """Top-level names that a module imports, without the standard library's and ours."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    # Vonage's SDK is a distribution for each of its modules; `vonage` brings them all.
    tops = {re.sub(r"^vonage_\w+$", "vonage", name.partition(".")[0]) for name in names}
    return tops - sys.stdlib_module_names - OURS


def undeclared(names: set[str], declared: set[str]) -> set[str]:
    """Imports whose distribution is not declared."""
    installed = packages_distributions()
    return {name for name in names if not {canonical(dist) for dist in installed.get(name, ())} & declared}


def canonical(requirement: str) -> str:
    """The distribution that a requirement names."""
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


PROJECT = pyproject()["project"]
RUNS = {canonical(each) for each in PROJECT["dependencies"]}
FAST = {canonical(each) for each in PROJECT["optional-dependencies"]["fast"]}
TESTS = RUNS | {canonical(each) for each in PROJECT["optional-dependencies"]["test"]}


@pytest.mark.parametrize(
    ("rooms", "declared"),
    [
        (("router",), RUNS | FAST),
        (("providers",), RUNS | {"hypothesis"}),  # the suite that ships is for those who have pytest and it
        (("tests",), TESTS),
    ],
    ids=["router", "providers", "tests"],
)
def test_what_is_imported_is_declared(rooms: tuple[str, ...], declared: set[str]) -> None:
    names = {name for module in modules(*rooms).values() for name in imported(module)}
    assert undeclared(names, declared) == set()
    assert len(names) > 5


def test_what_is_not_declared_would_be_found() -> None:
    names = imported(
        ast.parse("import aiohttp.web\nimport os\nfrom multidict import CIMultiDict\nimport router")
    )
    assert undeclared(names, RUNS) == {"multidict"}


def test_every_provider_of_ours_is_an_entry_point() -> None:
    assert set(PROJECT["entry-points"]["paravent.providers"]) == {"twilio", "vonage", "ovh"}


def test_what_the_tests_need_besides_is_what_the_suite_needs_and_more() -> None:
    assert {"hypothesis", "pytest"} <= TESTS - RUNS

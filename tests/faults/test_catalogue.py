"""The catalogue names tests that exist, and the README shows it as it is."""

from __future__ import annotations

import ast
from collections import Counter

from tests.faults.catalogue import FAULTS, MISSING, NAMES, README, written
from tests.faults.controls import CONTROLS
from tests.house.tree import TOP

SHARED = {
    "scenarios/test_canaries.py::test_without_the_seal_it_would",
    "web/test_hooks.py::test_without_the_signature_check_the_forged_text_gets_in",
}
"""Controls of one protection that meets several faults."""


APART = {
    "O1": "the judge speaks in both; the points of the sweep, and of a commit that is late",
    "O2": "the judge of each; everything at once, and the database away",
    "O12": "the same endings, from next door",
    "O13": "the same reads, counted alike",
    "S4": "the comparison itself is the claim: seen to be made, and missed",
    "S16": "the same fuzzer, from next door",
    "S17": "the claim is handed over as a parameter",
    "S18": "the same statement, by another role",
}
"""Controls that do not call what their test calls, and why they show the same all the same."""
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def there(test: str) -> bool:
    """Whether a file of the tests has such a test."""
    path, _, case = test.partition("::")
    name = case.partition("[")[0]
    file = TOP / "tests" / path
    return file.exists() and name in {
        node.name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_fault_is_shown_or_said_not_to_be() -> None:
    assert len(NAMES) == 46
    assert sorted([*FAULTS, *MISSING]) == sorted(NAMES)
    assert all(len(why.split()) > 3 for why in MISSING.values())


def test_every_test_and_control_is_there() -> None:
    named = [test for fault in FAULTS.values() for test in (fault.test, fault.control)]
    assert [test for test in named if not there(test)] == []


def test_no_fault_has_another_s_control() -> None:
    """Of one family each has its own: a control shows the protection that the row speaks of."""
    controls = Counter(fault.control for fault in FAULTS.values())
    assert {one for one, times in controls.items() if times > 1} <= SHARED


def claims(test: str) -> set[str]:
    """The test itself, and every function of the tests that it calls or hands on."""
    path, _, case = test.partition("::")
    name, tree = case.partition("[")[0], ast.parse((TOP / "tests" / path).read_text(encoding="utf-8"))
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, FUNCTION)}
    imported = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    said = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
    said |= {node.attr for node in ast.walk(functions[name]) if isinstance(node, ast.Attribute)}
    made = {one for one, node in functions.items() if not node.decorator_list or one.startswith("test_")}
    found = {imported.get(one, one) for one in said}
    return {name} | {one for one in found if one in made or one.startswith("test_")}


def test_a_control_makes_the_very_claim_of_its_test() -> None:
    apart = {name for name, one in FAULTS.items() if not claims(one.test) & claims(one.control)}
    assert apart == set(APART)


def test_a_control_of_another_claim_would_be_seen() -> None:
    assert not claims(FAULTS["S1"].test) & claims(FAULTS["S13"].control)


def test_a_test_that_is_gone_would_be_missed() -> None:
    assert not there("faults/test_catalogue.py::test_of_another_name")
    assert not there("faults/test_nowhere.py::test_a_test_that_is_gone_would_be_missed")


def test_the_table_in_the_readme_is_as_the_catalogue_says() -> None:
    readme = README.read_text(encoding="utf-8")
    assert written(readme) == readme
    assert all(f"| {name} |" in readme for name in NAMES)


def test_the_readme_names_every_protection_that_can_be_switched_off() -> None:
    [row] = [line for line in README.read_text(encoding="utf-8").splitlines() if "--without NAME" in line]
    assert [name for name in CONTROLS if f"`{name}`" not in row] == []

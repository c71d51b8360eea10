"""The catalogue names tests that exist, and the README shows it as it is."""

from __future__ import annotations

import ast
from collections import Counter

from tests.faults.catalogue import FAULTS, MISSING, NAMES, README, written
from tests.house.tree import TOP

SHARED = {
    "scenarios/test_canaries.py::test_without_the_seal_it_would",
    "web/test_hooks.py::test_without_the_signature_check_the_forged_text_gets_in",
}
"""Controls of one protection that meets several faults."""


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


def test_a_test_that_is_gone_would_be_missed() -> None:
    assert not there("faults/test_catalogue.py::test_of_another_name")
    assert not there("faults/test_nowhere.py::test_a_test_that_is_gone_would_be_missed")


def test_the_table_in_the_readme_is_as_the_catalogue_says() -> None:
    readme = README.read_text(encoding="utf-8")
    assert written(readme) == readme
    assert all(f"| {name} |" in readme for name in NAMES)

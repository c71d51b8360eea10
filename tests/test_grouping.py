"""Groups of tests stay together, and every mark is one that is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grouping import ByFilesGroup, group_of

ROOT = Path(__file__).parents[1]


class _OnlySplits(ByFilesGroup):
    def __init__(self) -> None:
        self._root = ROOT


def test_tests_of_one_group_are_one_unit_of_work_and_others_go_alone() -> None:
    split = _OnlySplits()._split_scope
    first, second = "tests/cli/test_text.py::test_a[x@y]", "tests/cli/test_budget.py::test_b"
    assert split(first) == split(second) == "demo"
    alone = "tests/test_grouping.py::test_c"
    assert split(alone) == alone


def test_every_mark_of_a_group_is_one_that_is_seen() -> None:
    """A mark that is written another way would be ignored without a word."""
    others = set(ROOT.joinpath("tests").rglob("test_*.py")) - {Path(__file__)}
    marked = [file for file in others if "mark.xdist_group(" in file.read_text()]
    assert len(marked) >= 6
    assert [file.name for file in marked if not group_of(file)] == []


def test_the_session_uses_this_scheduler(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("xdist")
    from tests import conftest

    assert conftest.pytest_xdist_make_scheduler.__module__ == "tests.grouping"

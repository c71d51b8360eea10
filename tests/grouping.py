"""Tests of one `xdist_group` stay on one worker, by the mark of their file.

pytest-xdist 3.8 tells its scheduler a test's group by changing the test's id, and pytest 9.2 does not let it:
the marks are silently ignored (pytest-xdist, issue 1386). So the scheduler reads the file's mark itself.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no marker

_MARK = re.compile(r'xdist_group\("([a-z-]+)"\)')


class ByFilesGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Hands out whole groups; a test whose file has none goes by itself."""

    def __init__(self, config: pytest.Config, log: object, root: Path) -> None:
        super().__init__(config, log)
        self._root = root

    def _split_scope(self, nodeid: str) -> str:
        return group_of(self._root / nodeid.partition("::")[0]) or nodeid


@cache
def group_of(file: Path) -> str:
    """The group that a test file's mark names, empty for none."""
    found = _MARK.search(file.read_text(encoding="utf-8"))
    return found[1] if found else ""


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFilesGroup | None:
    """Replace the scheduler of `--dist loadgroup`."""
    return ByFilesGroup(config, log, config.rootpath) if config.getoption("dist") == "loadgroup" else None

"""Tests that need what a bare machine lacks: run when PARAVENT_REQUIRE names it, else listed by name."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

KNOWN = frozenset(
    {"browser", "faketime", "git", "grafana", "openssl", "prism", "promtool", "shared", "systemd"}
)
_LEFT_OUT = pytest.StashKey[dict[str, str]]()


def named() -> frozenset[str]:
    """The names in PARAVENT_REQUIRE, separated by commas."""
    names = frozenset(
        name.strip() for name in os.environ.get("PARAVENT_REQUIRE", "").split(",") if name.strip()
    )
    if names - KNOWN:
        raise pytest.UsageError(
            f"PARAVENT_REQUIRE: unknown {sorted(names - KNOWN)}; known are {sorted(KNOWN)}"
        )
    return names


def needs(item: pytest.Item) -> set[str]:
    """What a test's `require` markers name."""
    return {str(name) for mark in item.iter_markers("require") for name in mark.args}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    available = named()
    left_out: dict[str, str] = {}
    deselected = []
    for item in items:
        if needs(item) - KNOWN:
            raise pytest.UsageError(f"{item.nodeid} requires unknown {sorted(needs(item) - KNOWN)}")
        if needs(item) - available:
            deselected.append(item)
            left_out[item.nodeid] = ", ".join(sorted(needs(item) - available))
    config.stash[_LEFT_OUT] = left_out
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item.nodeid not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and needs(item):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped, but PARAVENT_REQUIRE says that it must run: {report.longrepr}"
        )
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    # A worker of xdist tells its names to the process that prints the summary.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(_LEFT_OUT, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    node.config.stash.setdefault(_LEFT_OUT, {}).update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(_LEFT_OUT, {})
    if left_out:
        terminalreporter.section("not run: PARAVENT_REQUIRE does not name what they need")
        for nodeid, missing in sorted(left_out.items()):
            terminalreporter.line(f"{nodeid}  needs {missing}")

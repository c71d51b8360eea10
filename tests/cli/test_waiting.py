"""Whoever waits at a terminal is told for what; a program that reads what is printed is not."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import cast

import pytest

from router.cli import finding, migrate, serve, showing
from router.cli.evidence.asking import told_on_a_terminal
from router.postgres import embedded as server
from router.postgres import migrate as module
from router.processes import Pulse
from router.settings import Settings

FIRST = "Applying 0001_house.sql ..."


@pytest.fixture(params=[True, False], ids=["a terminal", "a program"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether somebody looks at standard error."""
    looks = bool(request.param)
    monkeypatch.setattr(showing, "is_terminal", lambda _stream: looks)
    return looks


@pytest.fixture
def embedded(bare_database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with an embedded database, which is not prepared yet."""

    @asynccontextmanager
    async def running(*_asked: object, **_named: object) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(dsn=bare_database)

    monkeypatch.setattr(server, "embedded", running)
    return cast("Settings", SimpleNamespace(embedded=True, data=None, postgres_programs=None))


async def test_a_command_that_prepares_the_embedded_database_says_so(
    embedded: Settings, capsys: pytest.CaptureFixture[str], *, terminal: bool
) -> None:
    async with finding.database(embedded):
        shown = capsys.readouterr()
    assert (FIRST in shown.err, shown.out) == (terminal, "")


async def test_migrate_says_what_it_applies(
    embedded: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    terminal: bool,
) -> None:
    monkeypatch.setattr(migrate, "settings_of", lambda _config: embedded)
    applied = await migrate._migrate(None, dry_run=False)
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [f"Applying {name} ..." for name in applied] * terminal
    assert shown.out == ""


async def test_serve_logs_it(
    embedded: Settings, bare_database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    class Once:
        """Beats once, and is done."""

        async def beat(self) -> None:
            return

        def busy(self) -> nullcontext[None]:
            return nullcontext()

    await serve._keep_database(embedded, bare_database, cast("Pulse", Once()), keys=False)
    assert caplog.messages[0] == FIRST
    with monkeypatch.context() as patch:
        patch.setattr(module, "pending", _something)
        caplog.clear()
        await serve._keep_database(embedded, bare_database, cast("Pulse", Once()), keys=False)
    assert caplog.messages == []  # nothing is missing: nothing is said


async def _something(*_asked: object) -> list[str]:
    return ["0001_house.sql"]


@pytest.mark.parametrize("looks", [True, False])
def test_an_export_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, looks: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: looks)
    with told_on_a_terminal("Exporting") as progress:
        _all(progress)
    shown = capsys.readouterr()
    assert ("Exporting" in shown.err, "100%" in shown.err, shown.out) == (looks, looks, "")


def _all(progress: Callable[[int, int], None]) -> None:
    for done in range(1, 11):
        progress(done * 100, 1_000)

"""A parent replaces children that hang, and its children end with it; each protection with its control."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock

import psutil
import pytest

from router.cli import serve
from router.processes import Pulse
from router.settings import Settings

ROOT = Path(__file__).parents[1]


@contextmanager
def family(folder: Path, how: str, *protections_off: str) -> Iterator[subprocess.Popen[str]]:
    """A parent whose child was ready once; nothing of it outlives the block."""
    command = [sys.executable, "-m", "tests.family", str(folder), how, *protections_off]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    members: list[psutil.Process] = []
    try:
        assert parent.stdout.readline() == "ready\n"
        members = psutil.Process(parent.pid).children()
        yield parent
    finally:
        if parent.poll() is None:
            members += psutil.Process(parent.pid).children()
            parent.kill()
        for each in members:
            if each.is_running():
                each.kill()
        parent.wait(10)
        parent.stdout.close()


def is_so_within(seconds: float, folder: Path, births: int) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if len(list(folder.glob("born-*"))) >= births:
            return True
        time.sleep(0.02)
    return False


def is_replaced(folder: Path, *protections_off: str) -> bool:
    with family(folder, "hangs", *protections_off) as parent:
        if not is_so_within(6, folder, births=2):
            return False
        parent.send_signal(signal.SIGTERM)
        return parent.wait(10) == 0


def test_a_child_whose_loop_is_blocked_is_killed_and_replaced(tmp_path: Path) -> None:
    assert is_replaced(tmp_path)


def test_control_without_the_watchdog_it_is_not(tmp_path: Path) -> None:
    assert not is_replaced(tmp_path, "watchdog")


def children_end(folder: Path, *protections_off: str) -> bool:
    with family(folder, "steady", *protections_off) as parent:
        (child,) = psutil.Process(parent.pid).children()
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=4)
        if not gone:
            child.kill()
        return bool(gone)


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    assert children_end(tmp_path)


def test_control_without_the_lifeline_they_live_on(tmp_path: Path) -> None:
    assert not children_end(tmp_path, "lifeline")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_all_and_says_nothing_failed(tmp_path: Path, how: signal.Signals) -> None:
    with family(tmp_path, "steady") as parent:
        members = psutil.Process(parent.pid).children()
        parent.send_signal(how)
        assert parent.wait(10) == 0
        assert parent.stdout is not None
        assert parent.stdout.readline() == "told to stop\n"
        assert [each for each in members if each.is_running()] == []


def becomes_ready(folder: Path, *protections_off: str) -> bool:
    command = [sys.executable, "-m", "tests.family", str(folder), "long", *protections_off]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        said = parent.stdout.readline()
        parent.terminate()
    return said == "ready\n"


def test_a_child_that_says_it_is_busy_may_take_longer_to_be_ready(tmp_path: Path) -> None:
    assert becomes_ready(tmp_path)


def test_control_one_that_says_nothing_is_killed(tmp_path: Path) -> None:
    assert not becomes_ready(tmp_path, "word")


async def test_while_it_migrates_the_keeper_says_that_it_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    said = asyncio.to_thread(os.read, ours, 1)

    async def slow(*_given: object, **_named: object) -> list[str]:
        assert await asyncio.wait_for(said, 10) == b"~"
        return []

    monkeypatch.setattr("router.postgres.migrate.migrate", slow)
    monkeypatch.setattr("router.postgres.reach.reach", AsyncMock())
    keeping = asyncio.create_task(
        serve._keep_database(cast("Settings", SimpleNamespace(embedded=False)), "", Pulse(theirs), keys=False)
    )
    while await asyncio.wait_for(asyncio.to_thread(os.read, ours, 1), 10) == b"~":
        """Until it beats."""
    keeping.cancel()
    os.close(theirs)
    os.close(ours)


def test_a_child_that_never_becomes_ready_ends_all_and_a_strangers_words_are_not_repeated(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tests.family", str(tmp_path), "dies"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "failed: RuntimeError\n"
    assert "stranger" not in done.stderr

"""The guard that keeps every test on this machine."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback import LeftLoopbackError, is_here, taken

ELSEWHERE = ("192.0.2.1", 9)
SWALLOWS = """
import contextlib, socket

def test_swallows():
    with contextlib.suppress(Exception):
        socket.create_connection(("192.0.2.1", 9), timeout=1)
"""


def test_a_connection_to_another_machine_is_refused() -> None:
    with pytest.raises(LeftLoopbackError):
        socket.create_connection(ELSEWHERE, timeout=1)
    assert taken() == ["socket.connect"]


async def test_asyncio_is_refused_too() -> None:
    with pytest.raises(LeftLoopbackError):
        await asyncio.open_connection(*ELSEWHERE)
    assert taken() == ["socket.connect"]


def test_no_name_server_is_asked() -> None:
    with pytest.raises(LeftLoopbackError):
        socket.getaddrinfo("paravent.invalid", 443)
    assert taken() == ["socket.getaddrinfo"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", "127.8.0.3", "::ffff:127.0.0.1", "0.0.0.0"]
)
def test_this_machine_is_here(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "localhost.example", "::ffff:192.0.2.1"])
def test_another_machine_is_not(host: str) -> None:
    assert not is_here(host)


@pytest.mark.parametrize(("guard", "outcome"), [(True, 1), (False, 0)], ids=["guarded", "control"])
def test_a_swallowed_refusal_still_fails_the_test(tmp_path: Path, guard: bool, outcome: int) -> None:
    taken_in = "from tests.loopback import _nothing_leaves_this_machine" if guard else "import tests.loopback"
    (tmp_path / "conftest.py").write_text(f"{taken_in}\n")
    (tmp_path / "test_sample.py").write_text(SWALLOWS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == outcome, done.stdout

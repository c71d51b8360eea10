"""One demo for all tests that only talk to it, and data folders for those that start their own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.paravent import Paravent, Started, leavings

TWILIO, VONAGE, OVH = "+33199000001", "+33261910002", "+33353010003"


@dataclass(frozen=True)
class Demo:
    """A demo that runs."""

    paravent: Paravent
    process: Started
    console_url: str
    control_url: str

    @property
    def home(self) -> Path:
        return self.paravent.folder / "demo"


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with _folder() as folder:
        paravent = Paravent(folder)
        with paravent.started("demo", "--port", 0, "--for", 3_600, until="It ends by itself") as process:
            where = json.loads((folder / "demo" / "running.json").read_text())
            yield Demo(paravent, process, where["console_url"], where["control_url"])
        assert leavings(folder) == []


@pytest.fixture(scope="module")
def paravent() -> Iterator[Paravent]:
    """Commands on a data folder of this module."""
    with _folder() as folder:
        yield Paravent(folder)
        assert leavings(folder) == []


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that another user's server can be reached in."""
    with tempfile.TemporaryDirectory(prefix="paravent-cli-") as made:
        Path(made).chmod(0o711)
        yield Path(made)

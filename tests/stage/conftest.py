"""One evening for all tests that only look at it, with what /metrics said in it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.stage.drill.counting import tell
from router.stage.drill.tale import Tale
from tests.stage.evening import QUICK, merged, played


@dataclass(frozen=True)
class Seen:
    """What it came to, where its OpenMetrics are, and what was left in its temporary folder."""

    tale: Tale
    metrics: Path
    left_behind: list[Path]


@pytest.fixture(scope="session")
def seen() -> Iterator[Seen]:
    """Played in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="evening-") as folder, pytest.MonkeyPatch.context() as patch:
        place, metrics = Path(folder, "place"), Path(folder, "night.om")
        place.mkdir()
        for each in (Path(folder), place):
            each.chmod(0o711)  # the database's user must be able to pass through
        patch.setattr(tempfile, "tempdir", str(place))
        tale = tell(asyncio.run(played(openmetrics=metrics)))
        patch.undo()
        yield Seen(tale, metrics, list(place.iterdir()))


@dataclass(frozen=True)
class KeptEvening:
    """The same evening, with as little under way at once as can be, and the folder that it was kept in."""

    tale: Tale
    folder: Path


@pytest.fixture(scope="session")
def kept() -> Iterator[KeptEvening]:
    """Played once more."""
    narrow = {"accounts": {name: {"max_in_flight": 1} for name in ("twilio", "vonage")}}
    with tempfile.TemporaryDirectory(prefix="evening-") as made:
        Path(made).chmod(0o711)
        folder = Path(made, "kept")
        policy = merged(QUICK, narrow, {"workers": {"batch": 3}})
        yield KeptEvening(tell(asyncio.run(played(policy, keep=folder))), folder)


@pytest.fixture
def evening(seen: Seen) -> Tale:
    """What it came to."""
    return seen.tale

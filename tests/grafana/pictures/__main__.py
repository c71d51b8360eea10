"""`python -m tests.grafana.pictures`: draw the dashboards as Grafana does, out of the drill weekend.

Without a folder it writes the README's pictures; with one, every dashboard, wide and narrow, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tests.grafana.__main__ import BOARDS
from tests.grafana.pictures.answers import answered
from tests.grafana.pictures.drawing import DESK, PHONE, studio
from tests.house.tree import TOP
from tests.prometheus.night import SCENARIO, holding, played

PICTURES = TOP / "deploy" / "pictures"
LARGEST = 150_000
"""Bytes of one picture in the README."""

HOURS = {"now": 21.75, "money": 65.6, "providers": 25.75, "abuse": 76, "machine": 75.75}
"""When each dashboard is looked at, in hours after the launch; no label is at an axis's very end then."""


class Picture(NamedTuple):
    """One of them: which dashboard, how wide, which theme, how much of it."""

    board: str
    width: int = DESK
    dark: bool = False
    part: int = 0

    @property
    def name(self) -> str:
        return f"grafana-{self.board}{'-phone' if self.width == PHONE else ''}.png"


README = (Picture("now"), Picture("now", PHONE, dark=True, part=700), Picture("abuse", dark=True, part=734))


def everything() -> list[Picture]:
    """Every dashboard, wide and narrow."""
    return [Picture(board, width, dark=width == PHONE) for board in BOARDS for width in (DESK, PHONE)]


def moment(board: str) -> datetime:
    """When a dashboard is looked at."""
    return SCENARIO.launch + timedelta(hours=HOURS[board])


async def draw(written: Path, folder: Path, pictures: list[Picture]) -> list[str]:
    """Draw them into a folder, and answer which titles did not fit, with the picture's name."""
    cut = []
    with tempfile.TemporaryDirectory(prefix="paravent-prometheus-") as made:
        async with holding(written, Path(made)) as prometheus, studio() as room:
            for picture in pictures:
                board = BOARDS[picture.board].written()
                told = await answered(board, prometheus, moment(picture.board).timestamp())
                path = folder / picture.name
                seen = await room.draw(told, path, width=picture.width, dark=picture.dark, part=picture.part)
                cut += [f"{picture.name}: {title}" for title in seen.cut]
                print(f"{path}: {path.stat().st_size:,} bytes", *seen.complaints, sep="\n    ")
    return cut


def main() -> None:
    """Play the weekend, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where to draw all of them")
    parser.add_argument("--scale", type=float, default=0.3, help="part of the weekend's texts")
    parser.add_argument("--openmetrics", type=Path, help="of a weekend that was played already")
    asked = parser.parse_args()
    folder = asked.folder or PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="paravent-weekend-") as made:
        written = asked.openmetrics or played(Path(made), asked.scale)
        cut = asyncio.run(draw(written, folder, everything() if asked.folder else list(README)))
    if cut:
        raise SystemExit("\n".join(["titles that are cut:", *cut]))
    if not asked.folder and (large := [one.name for one in README if _size(folder / one.name) > LARGEST]):
        raise SystemExit(f"too large for the README: {', '.join(large)}")


def _size(path: Path) -> int:
    return path.stat().st_size


if __name__ == "__main__":
    main()

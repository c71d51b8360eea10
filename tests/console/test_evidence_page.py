"""The page of an export in a browser: on a telephone nothing is cut off, and no tile stands alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.evidence.page import page
from tests.console.conftest import Opener
from tests.evidence.test_page import LEFT, filled

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]

_TILES = """() => Object.values(Object.groupBy([...document.querySelectorAll("#en .cards div")],
    (tile) => tile.getBoundingClientRect().top)).map((row) => row.length)"""


@pytest.mark.parametrize(("width", "rows"), [(390, [2, 2, 2]), (700, [3, 3]), (1280, [6])])
async def test_it_fits_its_screen(visit: Opener, tmp_path: Path, width: int, rows: list[int]) -> None:
    file = tmp_path / "summary.html"
    file.write_text(page(filled(sample="w" * 300), "EUR", LEFT), encoding="utf-8")
    shown = await visit(file.as_uri(), viewport={"width": width, "height": 800})
    assert await shown.evaluate("document.documentElement.scrollWidth") == width
    assert await shown.evaluate(_TILES) == rows

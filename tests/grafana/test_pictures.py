"""Dashboards drawn by Grafana's own components: nothing is empty, nothing is cut, no page complains."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path

import pytest

from tests.grafana.pictures.__main__ import moment
from tests.grafana.pictures.answers import answered
from tests.grafana.pictures.drawing import DESK, PHONE, Studio, studio
from tests.grafana.test_dashboards import WRITTEN
from tests.prometheus.night import holding, played
from tests.prometheus.server import Prometheus

NOTHING_THEN = {"Which webhooks are turned away?", "How full is each cap?", "How much of it is abusive?"}
"""Panels with nothing to show: in a drill nobody forges a webhook or labels a text, and no cap is set."""

pytestmark = [pytest.mark.require("grafana", "promtool", "browser"), pytest.mark.timeout(600)]


async def test_grafana_draws_every_panel_wide_and_narrow(tmp_path: Path) -> None:
    written = await asyncio.to_thread(played, tmp_path, 0.05)
    async with holding(written, tmp_path) as prometheus, studio() as room:
        for uid, board in WRITTEN.items():
            told = await answered(board, prometheus, moment(uid).timestamp())
            for width in (DESK, PHONE):
                path = tmp_path / f"{uid}-{width}.png"
                seen = await room.draw(told, path, width=width, dark=width == PHONE)
                assert (seen.complaints, seen.cut) == ([], []), uid
                assert set(seen.empty) <= NOTHING_THEN, uid
                assert path.stat().st_size > 20_000
        await _what_would_be_seen(prometheus, room, tmp_path / "broken.png")


async def _what_would_be_seen(prometheus: Prometheus, room: Studio, path: Path) -> None:
    """A panel that asks for nothing that is, and a title that does not fit."""
    board = copy.deepcopy(WRITTEN["now"])
    board["panels"][0]["title"] = "Are all those who have texted us today answered by now?"
    board["panels"][6]["targets"] = [board["panels"][6]["targets"][0] | {"expr": "paravent_replys_total"}]
    told = await answered(board, prometheus, moment("now").timestamp())
    seen = await room.draw(told, path, width=DESK, dark=False)
    assert seen.cut == [board["panels"][0]["title"]]
    assert seen.empty == [board["panels"][6]["title"]]

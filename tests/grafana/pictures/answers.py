"""What Prometheus answers to a dashboard at a moment, as the page that draws it wants it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from tests.grafana.expressions import EVERYTHING
from tests.prometheus.server import Prometheus

_POINTS = 480
_SCRAPED = 300.0
"""Seconds between two looks, of which Grafana hears from its data source: so far apart is a drill's time."""
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


async def answered(board: dict[str, Any], prometheus: Prometheus, end: float) -> dict[str, Any]:
    """The dashboard, every answer by panel and query, its time and its marks.

    Args:
        board: As it is written.
        end: Unix seconds; the beginning follows from the dashboard's own span.
    """
    seconds = span(board)
    step = max(_SCRAPED, seconds / _POINTS)
    filled = _filling(seconds, step)

    async def ask(target: dict[str, Any]) -> list[dict[str, Any]]:
        expr = filled(target["expr"])
        if target["instant"]:
            return await prometheus.at(expr, end)
        return await prometheus.over(expr, end - seconds, end, f"{step:.0f}")

    answers = {
        panel["id"]: {target["refId"]: await ask(target) for target in panel["targets"]}
        for panel in board["panels"]
    }
    marks = [
        {"at": at, "color": note["iconColor"]}
        for note in board["annotations"]["list"]
        for one in await prometheus.over(filled(note["expr"]), end - seconds, end, "30")
        for at in _beginnings([float(at) for at, _ in one["values"]], 30)
    ]
    return {
        "board": board, "answers": answers, "marks": marks,
        "from": (end - seconds) * 1000, "to": end * 1000,
    }  # fmt: skip


def span(board: dict[str, Any]) -> float:
    """Seconds that the dashboard shows."""
    found = re.fullmatch(r"now-(\d+)([mhd])", board["time"]["from"])
    assert found, board["time"]
    return int(found[1]) * _UNITS[found[2]]


def _filling(seconds: float, step: float) -> Any:
    variables = {
        "$__rate_interval": f"{max(step + _SCRAPED, 4 * _SCRAPED):.0f}s",
        "$__range": f"{seconds:.0f}s",
        **EVERYTHING,
    }

    def filled(expr: str) -> str:
        for name, value in variables.items():
            expr = expr.replace(name, value)
        return expr

    return filled


def _beginnings(times: list[float], step: float) -> list[float]:
    return times[:1] + [late for early, late in pairwise(times) if late - early > 1.5 * step]

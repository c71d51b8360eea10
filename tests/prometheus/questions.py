"""Everything that dashboards and rules ask, and which of it a Prometheus has nothing to say to."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.grafana.expressions import asked, operands
from tests.grafana.test_dashboards import WRITTEN
from tests.prometheus.server import Prometheus
from tests.prometheus.test_rules import RULES


def questions() -> dict[str, str]:
    """Every expression of every dashboard, and every operand of every rule, by place."""
    found = {place: expr for board in WRITTEN.values() for place, expr in asked(board).items()}
    for rule in RULES:
        for number, operand in enumerate(operands(" ".join(rule["expr"].split()))):
            found[f"{rule.get('alert') or rule['record']} operand {number}"] = operand
    return found


async def silent(
    prometheus: Prometheus,
    exprs: Iterable[tuple[str, str]],
    seconds: float,
    *,
    end: float | None = None,
    step: str = "1s",
) -> list[str]:
    """Places whose expression had no number at any time in the last seconds, before `end` or now."""
    last = time.time() if end is None else end

    async def numbers(expr: str) -> set[str]:
        series = await prometheus.over(expr, last - seconds, last, step)
        return {value for one in series for _, value in one["values"]} - {"NaN"}

    return [f"{place}: {expr}" for place, expr in exprs if not await numbers(expr)]

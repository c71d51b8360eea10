"""Everything that dashboards and rules ask, and which of it a Prometheus has nothing to say to."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.grafana.expressions import EVERYTHING, asked, filled, operands
from tests.grafana.test_dashboards import WRITTEN
from tests.grafana.test_labels import CHOOSES
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


async def unheard(
    prometheus: Prometheus, expr: str, name: str, values: Iterable[str], seconds: float
) -> list[str]:
    """Whose choice on a dashboard a question did not obey in the last seconds.

    `nobody` has an answer; one who is chosen has another's; `anybody` has none, whoever is chosen. What is
    asked for besides, as the purse `total`, is left out.
    """
    expr = expr.replace(f"${name}|total", f"${name}").replace(f"${name}|unknown", f"${name}")

    async def told(value: str) -> list[set[str]]:
        series = await prometheus.series(filled(expr, EVERYTHING | {f"${name}": value}), seconds)
        numbers = (one["metric"] for one in series if {number for _, number in one["values"]} - {"NaN"})
        return [{metric[label] for label in CHOOSES[name] & metric.keys()} for metric in numbers]

    answers = {value: await told(value) for value in values}
    found = ["nobody"] if await told("nobody") else []
    found += [value for value, told_of in answers.items() if any(one - {value} for one in told_of)]
    return found + ([] if any(answers.values()) else ["anybody"])

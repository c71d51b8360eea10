"""A real Prometheus holds the whole drill weekend: everything that is asked has an answer somewhere in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.grafana.expressions import metrics
from tests.house.test_docs import METRICS, explained
from tests.prometheus.night import SCENARIO, holding, played
from tests.prometheus.questions import questions, silent
from tests.prometheus.server import Prometheus
from tests.prometheus.test_rules import RULES

SCALE = 0.05
SECONDS = (SCENARIO.ends - SCENARIO.launch).total_seconds()
NOT_IN_A_DRILL = {
    "Which webhooks are turned away?": "nobody forges one",
    "How full is each cap?": "its settings have none",
    **{f"paravent_abuse_share_{each}": "nobody labels a text in it" for each in ("low", "estimate", "high")},
    "up": "Prometheus says it of what it scrapes; a drill is read from a file",
    **{rule["record"]: "Prometheus makes it of what it scrapes" for rule in RULES if "record" in rule},
}
"""What is asked that a drill has no answer to, and why; a live router has (test_live.py)."""

pytestmark = [pytest.mark.require("promtool"), pytest.mark.timeout(400)]


def answerable() -> dict[str, str]:
    """What a drill has an answer to. Business time moves by minutes in it: rates look further back."""
    return {
        place: expr.replace("[1m]", "[10m]")
        for place, expr in questions().items()
        if not any(left_out in place or left_out in _names(expr) for left_out in NOT_IN_A_DRILL)
    }


def _names(expr: str) -> set[str]:
    return metrics(expr) | {rule["record"] for rule in RULES if rule.get("record", "\0") in expr}


async def test_a_whole_weekend_answers_everything_that_is_asked(tmp_path: Path) -> None:
    written = await asyncio.to_thread(played, tmp_path, SCALE)
    async with holding(written, tmp_path) as prometheus:
        end = SCENARIO.ends.timestamp()
        assert await silent(prometheus, answerable().items(), SECONDS, end=end, step="300s") == []
        await _the_story_is_told(prometheus)
        names = set(await prometheus.ask("label/__name__/values"))
        assert {name for name in names if name.startswith("paravent_")} <= _samples(explained(METRICS))


async def _the_story_is_told(prometheus: Prometheus) -> None:
    """The carrier suspends us, another carries, the purse is empty, the raid begins: each when it was."""
    launch = SCENARIO.launch.timestamp()
    story = {
        "suspended": (21, 26, 'paravent_account_reason{account="twilio",reason="suspended"} == 1'),
        "vonage carries": (
            21,
            26,
            'increase(paravent_replies_total{account="vonage",outcome="accepted"}[1h]) > 0',
        ),
        "empty": (60, 62, 'paravent_purse_runway_seconds{purse="total"} == 0'),
        "raid": (71, 76, "paravent_raid_active == 1"),
    }
    for what, (begins, ends, expr) in story.items():
        assert await prometheus.over(expr, launch + begins * 3600, launch + ends * 3600, "300s"), what
    assert not await prometheus.over("paravent_raid_active == 1", launch, launch + 69 * 3600, "300s")


def _samples(names: set[str]) -> set[str]:
    return names | {f"{name}_{part}" for name in names for part in ("bucket", "sum", "count")}

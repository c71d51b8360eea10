"""A real Prometheus asks a real router: every panel and every operand of every alert has data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.postgres import figures
from tests.grafana.expressions import metrics
from tests.grafana.test_dashboards import WRITTEN
from tests.grafana.test_labels import HIDDEN, LABELS, OF_PROMETHEUS
from tests.house.test_docs import METRICS, explained
from tests.prometheus.live import watching, weekend, yesterday
from tests.prometheus.questions import questions, silent, unheard
from tests.prometheus.server import Prometheus
from tests.sweep.town import Town, town

SECONDS = 30.0
CHOICES = {"account": ("ovh", "twilio", "vonage"), "number": ("poster", "stickers", "website")}
"""What can be chosen on the dashboards, by variable."""

pytestmark = [pytest.mark.require("promtool"), pytest.mark.timeout(240)]


@pytest_asyncio.fixture
async def place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.setattr(figures, "_COUNTED_EVERY", 1.0)
    async with town(database, tmp_path, change=rich) as place:
        yield place


def rich(settings: str) -> str:
    """With money for more texts than a fast machine writes: what no carrier may send, none can refuse."""
    return (
        settings.replace('limit = "5.00"', 'limit = "500.00"').replace('"20.00"', '"2000.00"')
        + '\n[caps.one_range]\nprefix = "+3363998"\nanswers = 100000\nperiod = "day"\n'
    )


async def test_everything_that_is_asked_has_data(place: Town, tmp_path: Path) -> None:
    await yesterday(place)
    door = place.house.settings.base_url.removeprefix("http://")
    async with watching(door, tmp_path) as prometheus:
        seconds = 30 + await weekend(place, prometheus, SECONDS)
        await asyncio.sleep(2)
        assert await silent(prometheus, questions().items(), seconds) == []
        await _only_what_was_chosen(prometheus, seconds)
        await _what_is_scraped_is_explained(prometheus)
        await _what_would_be_found(prometheus)


async def _only_what_was_chosen(prometheus: Prometheus, seconds: float) -> None:
    """The dashboards' variables narrow what is asked, to nothing for nobody, and leave something."""
    exprs = {(board["uid"], panel["title"], target["expr"]) for board in WRITTEN.values()
             for panel in board["panels"] for target in panel["targets"]}  # fmt: skip
    for name, values in CHOICES.items():
        about = {place: place[-1] for place in exprs if f"${name}" in place[-1]}
        assert about
        for place, expr in about.items():
            hidden = ["anybody"] if metrics(expr) & HIDDEN.keys() else []
            assert await unheard(prometheus, expr, name, values, seconds) == hidden, place
    for expr, faults in (
        ('sum(paravent_attempts_total{account=~"$account|.*"})', ["nobody"]),
        (
            'sum by (account) (paravent_attempts_total{account=~"$account|ovh"})',
            ["nobody", "twilio", "vonage"],
        ),
        ('sum(paravent_carried_total{account=~"$account"})', ["anybody"]),
    ):
        assert await unheard(prometheus, expr, "account", CHOICES["account"], seconds) == faults


async def _what_is_scraped_is_explained(prometheus: Prometheus) -> None:
    names = {name for name in await prometheus.scraped() if name.startswith("paravent_")}
    assert names == explained(METRICS)
    found: dict[str, set[str]] = {}
    for one in await prometheus.ask("series", **{"match[]": '{__name__=~"paravent_.+"}'}):
        (name,) = metrics(one.pop("__name__"))
        found.setdefault(name, set()).update(one.keys() - OF_PROMETHEUS)
    assert found == {name: LABELS[name] for name in names}


async def _what_would_be_found(prometheus: Prometheus) -> None:
    """A misspelt metric, a label that is none, no number, and words that cannot be parsed."""
    exprs = {
        "metric": "sum(paravent_replys_total)",
        "label": 'paravent_replies_total{acount="twilio"}',
        "number": "sum(paravent_replies_total) * NaN",
        "right": "sum(paravent_replies_total)",
    }
    found = await silent(prometheus, exprs.items(), 60)
    assert [each.partition(":")[0] for each in found] == ["metric", "label", "number"]
    with pytest.raises(AssertionError, match="parse error"):
        await prometheus.series("sum(rate(paravent_replies_total)")

"""What the large words of the dashboards say, by what Prometheus would hold in a situation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.grafana.expressions import EVERYTHING, filled
from tests.grafana.now import NOTHING_SENT
from tests.grafana.test_dashboards import WRITTEN
from tests.prometheus.test_rules import ran

pytestmark = pytest.mark.require("promtool")

Series = dict[str, str]
LONG, SHORT = 80, 20
"""Looks, a quarter of a minute apart: as many as there are, and as many since something happened."""
BEFORE = LONG - SHORT
NOW = "20m"


def steady(value: float) -> str:
    """The same all the while, in promtool's notation."""
    return f"{value:g}x{LONG}"


def until(value: float) -> str:
    """The same until it happened: what is not scraped any more is stale at once."""
    return f"{value:g}x{BEFORE} stale"


def then(before: float, now: float) -> str:
    """Another since it happened."""
    return f"{before:g}x{BEFORE} {now:g}x{SHORT}"


def facts(values: str) -> Series:
    """Facts of a router that has answered everybody, the last a minute ago."""
    return {
        "paravent_answering_stalled": values.format(0),
        "paravent_queue_due_texts": values.format(0),
        "paravent_last_reply_timestamp_seconds": values.format(1140),
    }


def events(host: str = "a:8080", *, away: str = steady(0), processes: str = steady(2)) -> Series:
    """Events of a host that texts come to, and on which two processes were ordered."""
    here = f'{{instance="{host}",job="paravent"}}'
    return {
        f"up{here}": steady(1),
        f"paravent_texts_received_total{here}": f"0+1x{LONG}",
        f"paravent_database_away{here}": away,
        f"paravent_processes{here}": processes,
        f"paravent_processes_ordered{here}": steady(2),
    }


def gone(host: Series) -> Series:
    """The same host, which does not answer since it happened."""
    return {
        series: then(1, 0) if series.startswith("up{") else until(2) if "processes" in series else until(0)
        for series in host
    }


KNOWN, UNKNOWN = f"{{}}x{LONG}", f"{{}}x{BEFORE} stale"
A, B = events(), events("b:8080")


class Story(NamedTuple):
    """What a panel says while Prometheus sees this: a word of its own, or a number."""

    board: str
    panel: str
    sees: Series
    says: str | float


ANSWERED, RUNNING, WAIT = "Texters answered?", "All running?", "How long a wait?"


def waits(*counted: int) -> Series:
    """Answers a quarter of a minute within 50 and 100 ms, and in all."""
    return {
        f'paravent_reply_duration_seconds_bucket{{le="{bound}"}}': f"0+{count}x{LONG}"
        for bound, count in zip(("0.05", "0.1", "+Inf"), counted, strict=True)
    } | {"paravent_reply_duration_seconds_count": f"0+{counted[-1]}x{LONG}"}


STORIES = {
    "all is well": Story("now", ANSWERED, A | facts(KNOWN), "Yes"),
    "the database is away": Story("now", ANSWERED, events(away=then(0, 2)) | facts(UNKNOWN), "Database away"),
    "one process lost it": Story("now", ANSWERED, events(away=then(0, 1)) | facts(UNKNOWN), "Database away"),
    "facts cannot be read": Story("now", ANSWERED, A | facts(UNKNOWN), "Not known"),
    "the router is down": Story("now", ANSWERED, gone(A) | facts(UNKNOWN), "Router down?"),
    "nobody scrapes yet": Story("now", ANSWERED, {}, "Router down?"),
    "both run": Story("machine", RUNNING, A, "Yes"),
    "both run, without a database": Story("machine", RUNNING, events(away=then(0, 2)), "Yes"),
    "one of two died": Story("machine", RUNNING, events(processes=then(2, 1)), 1),
    "all hosts run": Story("machine", RUNNING, A | B, "Yes"),
    "one of two hosts is down": Story("machine", RUNNING, A | gone(B), 1),
    "no host answers": Story("machine", RUNNING, gone(A), "Router down?"),
    "all answers are quick": Story("now", WAIT, waits(9, 9, 9), "under 50 ms"),
    "a few are not": Story("now", WAIT, waits(8, 10, 10), 0.0875),
    "nobody texted": Story("now", WAIT, waits(0, 0, 0), "nobody asked"),
    "nothing is known of waits": Story("now", WAIT, {}, "no data"),
}  # fmt: skip


def panel(story: Story) -> dict[str, Any]:
    """The panel as it is written."""
    (found,) = (one for one in WRITTEN[story.board]["panels"] if one["title"] == story.panel)
    return dict(found)


def behind(said: str | float, shown: dict[str, Any]) -> list[dict[str, Any]]:
    """The samples of which a panel makes this word; none, where it is what stands for nothing."""
    if not isinstance(said, str):
        return [{"labels": "{}", "value": 1}]
    defaults = shown["fieldConfig"]["defaults"]
    values = {
        result["text"]: float(value)
        for mapping in defaults["mappings"]
        for value, result in mapping["options"].items()
    }
    assert (said in values) is (said != defaults["noValue"])
    return [{"labels": "{}", "value": values[said]}] if said in values else []


def heard(story: Story, folder: Path, expr: str = "") -> tuple[int, str]:
    """What promtool says of a story; `expr` stands for the panel's own."""
    shown = panel(story)
    asked = filled(expr or shown["targets"][0]["expr"], EVERYTHING)
    if not isinstance(story.says, str):
        asked = f"abs(({asked}) - {story.says}) < bool 1e-9"
    return answers(asked, story.sees, behind(story.says, shown), folder)


def answers(asked: str, sees: Series, samples: list[dict[str, Any]], folder: Path) -> tuple[int, str]:
    """What promtool says of samples that are expected of a question."""
    told = {
        "interval": "15s",
        "input_series": [{"series": series, "values": values} for series, values in sees.items()],
        "promql_expr_test": [{"expr": asked, "eval_time": NOW, "exp_samples": samples}],
    }
    file = folder / "said.json"
    file.write_text(json.dumps({"evaluation_interval": "15s", "tests": [told]}), encoding="utf-8")
    return ran("promtool", "test", "rules", str(file))


@pytest.mark.parametrize("what", STORIES)
def test_a_panel_says_what_is(what: str, tmp_path: Path) -> None:
    code, said = heard(STORIES[what], tmp_path)
    assert code == 0, said


@pytest.mark.parametrize(
    ("what", "expr"),
    [
        ("the database is away", "max(paravent_answering_stalled) == bool 0"),
        ("facts cannot be read", '4 - (max(up{job="paravent"}) == bool 1)'),
        ("the router is down", "4 - max(max_over_time(paravent_database_away[15m]))"),
        ("one of two died", "1 - (sum(paravent_processes) >= bool 1)"),
        ("one of two hosts is down", "sum(paravent_processes_ordered - paravent_processes)"),
        (
            "all answers are quick",
            "histogram_quantile(0.95, sum by (le) (rate(paravent_reply_duration_seconds_bucket[15m])))",
        ),
    ],
)
def test_one_that_says_otherwise_would_be_found(what: str, expr: str, tmp_path: Path) -> None:
    code, said = heard(STORIES[what], tmp_path, expr)
    assert (code, "parse error" in said) == (1, False), said


WHO = next(one for one in WRITTEN["now"]["panels"] if one["title"] == "Who carries?")["targets"][0]["expr"]


def called(labels: str, accepted: str, folder: Path, expr: str = WHO) -> tuple[int, str]:
    """What promtool says of a panel that shows one name, of two accounts of which one took as many."""
    replies = {
        f'paravent_replies_total{{account="{account}",outcome="accepted"}}': values
        for account, values in (("twilio", accepted), ("vonage", steady(7)))
    }
    samples = [{"labels": f"{{{labels}}}", "value": 1}]
    return answers(f"count by (account, nobody) ({filled(expr, EVERYTHING)})", replies, samples, folder)


NOBODY, SOMEBODY = f'nobody="{NOTHING_SENT}"', 'account="twilio"'


@pytest.mark.parametrize(("accepted", "labels"), [(steady(7), NOBODY), (f"0+1x{LONG}", SOMEBODY)])
def test_who_carries_is_a_name_where_nobody_does_too(accepted: str, labels: str, tmp_path: Path) -> None:
    code, said = called(labels, accepted, tmp_path)
    assert code == 0, said


def test_control_where_it_asks_for_names_alone_there_would_be_none(tmp_path: Path) -> None:
    names = WHO.partition(" or on () ")[0]
    code, said = called(NOBODY, steady(7), tmp_path, names)
    assert (code, "parse error" in said) == (1, False), said

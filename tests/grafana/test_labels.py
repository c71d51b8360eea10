"""What a dashboard or a rule asks by label, its metric has; what is chosen narrows all of a question."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from tests.grafana.expressions import labels, metrics, selectors
from tests.grafana.test_dashboards import WRITTEN, expressions, panels
from tests.house.test_docs import METRICS

LABELS = {
    name: set(re.findall(r"\w+", row))
    for name, row in re.findall(r"^\| `(paravent_\w+)` \|([^|]*)\|", METRICS, re.MULTILINE)
} | {"up": set()}
"""The labels of every metric, as they are explained."""

OF_PROMETHEUS = {"job", "instance", "le"}
CHOOSES = {"account": {"account", "purse", "from"}, "number": {"number"}}
"""Labels by which a variable of the dashboards chooses."""

HIDDEN = {"paravent_silences_total": "has no number, and is hidden while one is left out"}
"""Metrics beside those that are chosen, though nothing of theirs is, and why."""


def foreign(exprs: dict[str, str]) -> dict[str, set[tuple[str, str]]]:
    """Metrics with a label that they lack, by the place that asks for it."""
    found = {
        place: {
            (metric, label) for metric, label in labels(expr) if label not in LABELS[metric] | OF_PROMETHEUS
        }
        for place, expr in exprs.items()
    }
    return {place: lacking for place, lacking in found.items() if lacking}


def unmoved(expr: str, name: str) -> set[str]:
    """Metrics in a question about what is chosen that are asked for whatever is chosen."""
    if f"${name}" not in expr:
        return set()
    return {
        metric
        for metric, matchers in selectors(expr)
        if not any(
            one.label in CHOOSES[name] & LABELS[metric] and one.how in {"=~", "!~"}
            and re.fullmatch(rf"\${name}(\|total|\|unknown)?", one.value)
            for one in matchers
        )
    }  # fmt: skip


def variables(board: dict[str, Any]) -> list[str]:
    """What can be chosen on a dashboard."""
    return [one["name"] for one in board["templating"]["list"] if one["type"] == "query"]


def deaf(board: dict[str, Any], panel: dict[str, Any]) -> set[tuple[str, str]]:
    """Variables, each with a metric of a panel that it does not narrow, or does not though it could."""
    asked = [target["expr"] for target in panel["targets"]]
    found = set()
    for name in variables(board):
        found |= {(name, metric) for expr in asked for metric in unmoved(expr, name)}
        every = set().union(*map(metrics, asked))
        if all(f"${name}" not in expr for expr in asked) and all(
            LABELS[one] & CHOOSES[name] for one in every
        ):
            found |= {(name, metric) for metric in every}
    return {(name, metric) for name, metric in found if metric not in HIDDEN}


def test_every_label_that_is_asked_for_is_one_of_its_metric() -> None:
    assert foreign(expressions()) == {}


@pytest.mark.parametrize(
    ("expr", "lacking"),
    [
        ('sum(paravent_carried_total{account=~"$account"})', ("paravent_carried_total", "account")),
        ("sum by (number) (paravent_replies_total)", ("paravent_replies_total", "number")),
        (
            "sum by (account) (paravent_attempts_total) / on (account) (paravent_carried_total)",
            ("paravent_carried_total", "account"),
        ),
        ('sum by (purse) (label_replace(up, "purse", "$1", "acount", "(.+)"))', ("up", "acount")),
        ('sum(rate(paravent_send_duration_seconds_bucket{acount="a(b"}[5m]))',
         ("paravent_send_duration_seconds", "acount")),
    ],
    ids=["matched", "grouped", "joined", "renamed", "misspelt"],
)  # fmt: skip
def test_a_label_that_only_another_metric_has_would_be_found(expr: str, lacking: tuple[str, str]) -> None:
    assert foreign({"here": expr}) == {"here": {lacking}}


def test_labels_are_read_where_they_belong() -> None:
    joined = (
        'max by (a) (x{b="(c"}) * on (a) min by (a) (label_replace(up > bool 0, "a", "$1", "job", "(.+)"))'
    )
    assert labels(joined.replace("x{", "paravent_x{")) == {
        ("paravent_x", "a"),
        ("paravent_x", "b"),
        ("up", "job"),
    }


@pytest.mark.parametrize(
    ("uid", "panel"), panels(), ids=lambda value: value["title"] if isinstance(value, dict) else value
)
def test_what_is_chosen_narrows_all_of_a_question(uid: str, panel: dict[str, Any]) -> None:
    assert deaf(WRITTEN[uid], panel) == set()


@pytest.mark.parametrize(
    ("expr", "metric"),
    [
        ('sum(paravent_replies_total{account=~"$account|.*"})', "paravent_replies_total"),
        ('sum(paravent_replies_total{account=~"$account"} or paravent_parts_total)', "paravent_parts_total"),
        ('sum(paravent_carried_total{account=~"$account"})', "paravent_carried_total"),
        ("sum(paravent_replies_total)", "paravent_replies_total"),
    ],
    ids=["it matches all", "a part is not asked", "it has no such label", "it could be chosen"],
)
def test_a_choice_that_does_nothing_would_be_found(expr: str, metric: str) -> None:
    board = copy.deepcopy(WRITTEN["money"])
    panel = board["panels"][0] | {"targets": [{"expr": expr}], "description": "Of all accounts."}
    assert deaf(board, panel) == {("account", metric)}


def test_what_is_hidden_is_hidden_while_a_number_is_left_out() -> None:
    found = {
        expr
        for uid, panel in panels()
        for expr in (target["expr"] for target in panel["targets"])
        for name in variables(WRITTEN[uid])
        if unmoved(expr, name) & HIDDEN.keys()
    }
    assert len(found) == len(HIDDEN)
    assert all(
        expr.endswith('unless on () count(paravent_texts_received_total{number!~"$number"})')
        for expr in found
    )

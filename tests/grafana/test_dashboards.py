"""The dashboards are what is written here, are Grafana's, say what each panel is for, and ask what exists."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
import yaml

from tests.grafana.__main__ import BOARDS, FOLDER, texts
from tests.grafana.asking import BOOKED, COMMITTED, RETURNED, SILENCES, TIERS
from tests.grafana.drawing import GREEN, GREY, Query, stat
from tests.grafana.expressions import asked, metrics, operands
from tests.grafana.schema import faults
from tests.grafana.ungraded import UNGRADED
from tests.house.test_docs import METRICS, explained
from tests.house.tree import TOP

WRITTEN = {uid: board.written() for uid, board in BOARDS.items()}
RUNBOOK = (TOP / "deploy" / "RUNBOOK.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((TOP / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))["groups"]

UNSEEN = {
    "paravent_ledger_info": "names the currency: for those who look, and for dashboards of one's own",
    "paravent_review_labels": "how much the estimate rests on is in its band",
}
"""Metrics that are on no dashboard and in no alert, and why."""

ALERTED = {
    "How long a wait?": "AnswersAreLate",
    "How long do texters wait?": "AnswersAreLate",
    "Money lasts for?": "RunwayShort",
    "How long does each last?": "RunwayShort",
    "What is in doubt?": "InDoubtGrowing",
    "Is somebody counting?": "RaidsUnseen",
    "How long on disk?": "SpoolStuck",
    "Clocks agree?": "ClockSkew",
    "How late is sealing?": "EvidenceNotSealed",
    "Does a process fall behind?": "FallsBehind",
    "Does somebody hold an old snapshot?": "OldSnapshot",
    "What waits in the database?": "ReceiptsNotApplied",
}
"""Panels that turn to another colour where an alert begins."""


def expressions() -> dict[str, str]:
    """Every expression of dashboards and rules, by place."""
    found = {place: expr for board in WRITTEN.values() for place, expr in asked(board).items()}
    for group in RULES:
        found |= {str(rule.get("alert") or rule["record"]): rule["expr"] for rule in group["rules"]}
    return found


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Every panel, with the name of its dashboard."""
    return [(uid, panel) for uid, board in WRITTEN.items() for panel in board["panels"]]


def graded(panel: dict[str, Any]) -> bool:
    """Whether a panel turns to another colour at some value; grey is what is not known."""
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return len({step["color"] for step in steps} - {GREY}) > 1


def mute(panel: dict[str, Any]) -> list[str]:
    """What a panel does not say."""
    defaults = panel["fieldConfig"]["defaults"]
    said = {
        "a question": panel["title"].endswith("?"),
        "a description": len(panel["description"]) > 20,
        "a unit": bool(defaults["unit"]),
        "thresholds": graded(panel) or panel["title"] in UNGRADED,
    }
    return [what for what, there in said.items() if not there]


def test_the_files_are_what_is_written_here() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert found == texts(), "run `python -m tests.grafana`"


@pytest.mark.parametrize("uid", WRITTEN)
def test_grafana_knows_every_field_and_every_word(uid: str) -> None:
    assert faults(json.loads(json.dumps(WRITTEN[uid]))) == []


def test_a_field_and_a_word_that_grafana_does_not_know_would_be_found() -> None:
    board = copy.deepcopy(WRITTEN["now"])
    board["panels"][0]["options"]["colourMode"] = "value"
    board["panels"][0]["options"]["graphMode"] = "mountains"
    board["refreshing"] = "15s"
    assert faults(board) == [
        ".panels[0].options.colourMode", ".panels[0].options.graph_mode=mountains", ".refreshing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("uid", "panel"), panels(), ids=lambda value: value["title"] if isinstance(value, dict) else value
)
def test_a_panel_answers_one_question_and_says_how_it_is_read(uid: str, panel: dict[str, Any]) -> None:
    assert mute(panel) == []


def test_a_panel_that_says_nothing_would_be_found() -> None:
    panel = copy.deepcopy(WRITTEN["now"]["panels"][0])
    panel |= {"title": "Answers", "description": ""}
    panel["fieldConfig"]["defaults"] |= {
        "unit": "",
        "thresholds": {"steps": [{"value": None, "color": GREEN}]},
    }
    assert mute(panel) == ["a question", "a description", "a unit", "thresholds"]
    silent = stat("All?", "Whether all is.", Query("up"), unit="none").written(1, 0, 0)
    assert not graded(silent)  # that nothing is known is another colour, and no threshold


def test_a_panel_has_a_threshold_or_a_reason_and_not_both() -> None:
    assert {panel["title"] for _, panel in panels() if not graded(panel)} == UNGRADED.keys()


def apart(panel: dict[str, Any], expr: str) -> bool:
    """Whether a panel turns at none of the figures that an alert compares with."""
    steps = {step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
    figures = {float(figure) for figure in re.findall(r"[<>] ([\d.]+)", expr)} - {0}
    return not figures & steps


def test_a_panel_turns_where_its_alert_begins() -> None:
    exprs = expressions()
    assert {panel["title"] for _, panel in panels()} >= ALERTED.keys()
    for _, panel in panels():
        if panel["title"] in ALERTED:
            assert not apart(panel, exprs[ALERTED[panel["title"]]]), panel["title"]
    behind = next(panel for _, panel in panels() if ALERTED.get(panel["title"]) == "FallsBehind")
    assert apart(behind, exprs["FallsBehind"].replace("0.5", "0.6"))


def unknown_is_well(panel: dict[str, Any]) -> bool:
    """Whether a large value that is not there is drawn as if all were well."""
    base = panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]
    return bool(panel["type"] == "stat" and base == {"value": None, "color": GREEN})


def test_what_is_not_known_is_not_green() -> None:
    assert [panel["title"] for _, panel in panels() if unknown_is_well(panel)] == []
    panel = stat("All?", "Whether all is.", Query("up"), unit="none", nothing="well").written(1, 0, 0)
    assert unknown_is_well(panel)


def test_no_dashboard_asks_the_same_twice_and_every_uid_is_its_own() -> None:
    for board in WRITTEN.values():
        titles = [panel["title"] for panel in board["panels"]]
        assert len(titles) == len(set(titles))
    assert len({board["uid"] for board in WRITTEN.values()}) == len(WRITTEN) == 5


def test_now_is_one_screen_and_its_answers_are_one_screen_of_a_phone() -> None:
    placed = [panel["gridPos"] for panel in WRITTEN["now"]["panels"]]
    assert max(place["y"] + place["h"] for place in placed) * 38 <= 760
    # A phone draws panels below each other, in their order.
    assert sum(place["h"] * 38 for place in placed[:6]) <= 720
    assert {panel["type"] for panel in WRITTEN["now"]["panels"][:6]} == {"stat"}


@pytest.mark.parametrize("name", ["account", "number"])
def test_variables_choose_something(name: str) -> None:
    for board in WRITTEN.values():
        if name in {variable["name"] for variable in board["templating"]["list"]}:
            text = json.dumps(board["panels"])
            assert f'=~\\"${name}' in text, f"{board['uid']} has a variable {name} and does not use it"


def of_what(board: dict[str, Any], panel: dict[str, Any]) -> list[str]:
    """Variables of which a panel obeys some in one series only, or which it ignores without saying so."""
    found = []
    for name in (one["name"] for one in board["templating"]["list"] if one["type"] == "query"):
        obeying = {f"${name}" in target["expr"] for target in panel["targets"]}
        if len(obeying) == 2 or (obeying == {False} and f"all {name}s" not in panel["description"]):
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("uid", "panel"), panels(), ids=lambda value: value["title"] if isinstance(value, dict) else value
)
def test_a_panel_obeys_what_is_chosen_or_says_that_it_is_of_all(uid: str, panel: dict[str, Any]) -> None:
    assert of_what(WRITTEN[uid], panel) == []


def test_a_panel_of_which_one_series_obeys_would_be_found() -> None:
    board = copy.deepcopy(WRITTEN["now"])
    panel = next(one for one in board["panels"] if one["title"].startswith("How many text"))
    panel["targets"][0]["expr"] += ' * on () group_left () max(up{account=~"$account"})'
    assert of_what(board, panel) == ["account"]
    panel = board["panels"][0]
    panel["description"] = "Whether texters are answered."
    assert of_what(board, panel) == ["account", "number"]


def unknown(exprs: dict[str, str], known: set[str]) -> dict[str, set[str]]:
    """Metrics that do not exist, by the place that asks for them."""
    return {place: metrics(expr) - known for place, expr in exprs.items() if metrics(expr) - known}


def test_every_metric_that_is_asked_for_exists() -> None:
    assert unknown(expressions(), explained(METRICS) | {"up"}) == {}


def test_a_misspelt_metric_would_be_found() -> None:
    expr = 'sum(rate(paravent_replys_total{outcome="accepted"}[5m]))'
    assert unknown({"here": expr}, explained(METRICS)) == {"here": {"paravent_replys_total"}}


def test_every_metric_is_seen_somewhere_or_has_its_reason() -> None:
    seen = {name for expr in expressions().values() for name in metrics(expr)}
    assert explained(METRICS) - seen == UNSEEN.keys()


def test_operands_of_an_alert_are_taken_apart() -> None:
    expr = 'max(a{b="c and d"}) == 1 and on (x) time() - max(e) > 300 unless (f > 2 and g)'
    assert list(operands(expr)) == ['max(a{b="c and d"})', "time() - max(e)", "(f and g)"]


def test_a_legend_says_our_words_and_not_the_labels_own() -> None:
    said = {place: expr for board in WRITTEN.values() for place, expr in asked(board).items()}
    for label, metric, words in (
        ("kind", "paravent_cost_total", BOOKED),
        ("kind", "paravent_cost_returned_total", RETURNED),
        ("tier", "paravent_texts_flagged_total", TIERS),
        ("reason", "paravent_silences_total", SILENCES),
        ("statement", "paravent_coalesced_items_total", COMMITTED),
    ):
        shown = [expr for expr in said.values() if metric in expr and f"by ({label})" in expr]
        assert shown, metric
        for expr in shown:
            assert set(re.findall(rf'"{label}", "([a-z_]+)"\)', expr)) >= words.keys(), metric


def test_what_the_runbook_points_at_is_on_a_dashboard() -> None:
    titles = {panel["title"] for _, panel in panels()}
    assert set(re.findall(r"\*([^*]+\?)\*", RUNBOOK)) <= titles

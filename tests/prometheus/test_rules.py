"""Every alert fires and clears, says what it means, and leads to what to do; promtool likes every file."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.tree import TOP
from tests.prometheus.cases import CASES, GROUPS
from tests.prometheus.cases.case import Case

FOLDER = TOP / "deploy" / "prometheus"
WRITTEN: dict[str, list[dict[str, Any]]] = {
    group["name"].removeprefix("paravent-"): group["rules"]
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))["groups"]
}
RULES = [rule for rules in WRITTEN.values() for rule in rules]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RUNBOOK = (TOP / "deploy" / "RUNBOOK.md").read_text(encoding="utf-8")


def sections(page: str) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def lacking(rule: dict[str, Any], page: str) -> list[str]:
    """What an alert does not say."""
    said = rule.get("annotations", {})
    found = [word for word in ("summary", "texters", "runbook") if not said.get(word, "").strip()]
    file, _, anchor = said.get("runbook", "").partition("#")
    if file != "deploy/RUNBOOK.md" or anchor not in sections(page):
        found.append(f"a section {anchor} of {file}")
    if rule.get("labels", {}).get("severity") not in {"critical", "warning", "info"}:
        found.append("severity")
    return found


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_is_what_it_means_and_what_to_do(alert: str) -> None:
    assert lacking(ALERTS[alert], RUNBOOK) == []


def test_an_alert_that_leads_nowhere_would_be_found() -> None:
    rule = ALERTS["PurseEmpty"]
    mute = {"annotations": rule["annotations"] | {"runbook": "deploy/RUNBOOK.md#nowhere", "texters": " "}}
    assert lacking(mute, RUNBOOK) == ["texters", "a section nowhere of deploy/RUNBOOK.md", "severity"]


def test_every_alert_is_shown_to_fire_and_to_clear() -> None:
    told = {name: [case.alert for case in cases] for name, cases in GROUPS.items()}
    assert told == {
        name: [rule["alert"] for rule in rules] for name, rules in WRITTEN.items() if "alert" in rules[0]
    }
    assert all(case.fires for case in CASES)
    never = {case.alert for case in CASES if not any(clear > max(case.fires) for clear in case.clears)}
    assert never == {"Watchdog"}


def unit_test(case: Case) -> dict[str, Any]:
    """The case in promtool's words."""
    rule = ALERTS[case.alert]
    fired = {
        "exp_labels": {**rule["labels"], **case.labels},
        "exp_annotations": {**rule["annotations"], "summary": case.says},
    }
    return {
        "name": case.alert,
        "interval": f"{case.every}m",
        "input_series": [{"series": series, "values": values} for series, values in case.sees.items()],
        "alert_rule_test": [
            {"alertname": case.alert, "eval_time": f"{minute}m", "exp_alerts": [fired] if fires else []}
            for fires, minutes in ((True, case.fires), (False, case.clears))
            for minute in minutes
        ],
    }


def judged(rules: Path, *cases: Case) -> tuple[int, str]:
    """What `promtool test rules` says of these cases by these rules."""
    files = []
    for every in sorted({case.every for case in cases}):
        tests = [unit_test(case) for case in cases if case.every == every]
        told = {"rule_files": [str(rules)], "evaluation_interval": f"{every}m", "tests": tests}
        files.append(rules.with_name(f"every_{every}m.json"))
        files[-1].write_text(json.dumps(told), encoding="utf-8")
    return ran("promtool", "test", "rules", *map(str, files))


def ran(*command: str) -> tuple[int, str]:
    """Exit code and output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the rules beside which tests may be written."""
    copy = tmp_path / "rules.yml"
    copy.write_text((FOLDER / "rules.yml").read_text(encoding="utf-8"), encoding="utf-8")
    return copy


@pytest.mark.require("promtool")
def test_every_alert_fires_and_clears_as_told(rules: Path) -> None:
    code, said = judged(rules, *CASES)
    assert code == 0, said


@pytest.mark.require("promtool")
@pytest.mark.parametrize("instead", ["vector(0) > 1", "vector(1)"], ids=["never fires", "never clears"])
def test_one_that_would_be_found(instead: str, rules: Path) -> None:
    broken = yaml.safe_load(rules.read_text(encoding="utf-8"))
    for group in broken["groups"]:
        for rule in group["rules"]:
            rule["expr"] = instead
    rules.write_text(json.dumps(broken), encoding="utf-8")
    some = CASES[::10]
    code, said = judged(rules, *some)
    assert code == 1
    assert {name for name in ALERTS if f"name: {name}," in said} == {case.alert for case in some}


@pytest.mark.require("promtool")
def test_a_watchdog_that_needs_something_to_be_well_would_be_found(rules: Path) -> None:
    sick = rules.read_text(encoding="utf-8").replace("vector(1)", 'up{job="paravent"} == 1')
    rules.write_text(sick, encoding="utf-8")
    code, said = judged(rules, *GROUPS["watchdog"])
    assert code == 1
    assert "alertname: Watchdog, time: 15m" in said


@pytest.mark.require("promtool")
@pytest.mark.parametrize(
    ("word", "instead", "number"),
    [
        ('route="fallback"}[1h])) >= 5', 'route="fallback"}[1h])) > 0', "website"),
        ('route="reply_from"}[1h])) > 0', 'route="reply_from"}[1h])) > 5', "flyer"),
        ('route="reply_from"}[1h])) > 0', 'route="reply_from"}[15m])) > 0', "flyer"),
    ],
    ids=["a few are enough", "some of its own are none", "too short a look back"],
)
def test_a_fallback_that_alarms_too_early_would_be_found(
    word: str, instead: str, number: str, rules: Path
) -> None:
    written = rules.read_text(encoding="utf-8")
    assert written.count(word) == 1
    rules.write_text(written.replace(word, instead), encoding="utf-8")
    code, said = judged(rules, *(case for case in CASES if case.alert == "PrimaryUnused"))
    assert code == 1
    assert set(re.findall(r'alertname="PrimaryUnused", number="(\w+)"', said)) >= {number}


@pytest.mark.require("promtool")
def test_promtool_finds_the_files_right(rules: Path) -> None:
    config = rules.with_name("prometheus.yml")
    config.write_text((FOLDER / "prometheus.yml").read_text(encoding="utf-8"), encoding="utf-8")
    assert ran("promtool", "check", "config", str(config))[0] == 1  # it needs the token
    rules.with_name("paravent.token").write_text("x" * 20, encoding="utf-8")
    code, said = ran("promtool", "check", "config", str(config))
    assert code == 0, said


@pytest.mark.require("promtool")
def test_amtool_finds_the_files_right() -> None:
    code, said = ran("amtool", "check-config", str(FOLDER / "alertmanager.yml"))
    assert code == 0, said


ALERTMANAGER = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
ABOUT = {case.alert: case.labels.keys() & {"instance", "account", "purse", "number"} for case in CASES} | {
    "PurseEmpty": set()
}
"""Labels of the one host, account, purse or number that an alert is about; all accounts share one purse."""


def named(matchers: list[str]) -> set[str]:
    """Alerts that matchers speak of."""
    return {name for matcher in matchers for name in re.findall(r"[A-Z]\w+", matcher)}


def overreaching(rule: dict[str, Any]) -> set[tuple[str, str]]:
    """Pairs of alerts of which the first, about one, silences the second, about others or all."""
    equal = set(rule.get("equal", ()))
    return {
        (source, target)
        for source in named(rule["source_matchers"])
        for target in named(rule["target_matchers"])
        if not ABOUT[source] <= equal & ABOUT[target]
    }


def test_what_alertmanager_names_is_an_alert() -> None:
    rules = ALERTMANAGER["inhibit_rules"]
    spelled = set().union(*(named(rule["source_matchers"] + rule["target_matchers"]) for rule in rules))
    assert spelled
    assert spelled <= ALERTS.keys()


def receiver(labels: dict[str, str]) -> str:
    """Who is told of an alert with these labels, as `amtool` says."""
    file = str(FOLDER / "alertmanager.yml")
    told = [f"{name}={value}" for name, value in labels.items()]
    return ran("amtool", "config", "routes", "test", f"--config.file={file}", *told)[1].split()[0]


@pytest.mark.require("promtool")
@pytest.mark.parametrize(
    ("alert", "told"),
    [
        ("Watchdog", "dead-mans-switch"),
        ("MoneyNearlyGone", "whoever-is-awake"),
        ("NobodyAnswered", "whoever-is-awake"),
        ("RaidBegan", "everybody"),
        ("RaidEnded", "everybody"),
        ("RunwayShort", "everybody"),
        ("OldestTextTooOld", "everybody"),
        ("EvidenceNotSent", "the-log"),
    ],
)
def test_who_is_told(alert: str, told: str) -> None:
    assert receiver({"alertname": alert, **ALERTS[alert]["labels"]}) == told


def test_what_ails_one_silences_nothing_about_others() -> None:
    assert set().union(*map(overreaching, ALERTMANAGER["inhibit_rules"])) == set()


def test_one_dead_router_that_silences_the_fleet_would_be_found() -> None:
    rule = {
        "source_matchers": ['alertname="RouterDown"'],
        "target_matchers": ['alertname=~"FactsMissing|NobodyAnswered"'],
    }
    both = {("RouterDown", "FactsMissing"), ("RouterDown", "NobodyAnswered")}
    assert overreaching(rule) == both
    assert overreaching(rule | {"equal": ["instance"]}) == {("RouterDown", "NobodyAnswered")}

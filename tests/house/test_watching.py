"""What watches the router in compose outlives it: on a network of its own, and finds it by its name."""

from __future__ import annotations

import copy
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.house.test_deploy import COMPOSE, DEPLOY, MANIFESTS
from tests.prometheus.test_rules import ran

SERVICES: dict[str, Any] = COMPOSE["services"]


def started(folder: Path, services: dict[str, Any] = SERVICES) -> Path:
    """The settings that Prometheus is started with: its entrypoint is run, with its folders in this one."""
    etc, tmp, program = folder / "etc", folder / "tmp", folder / "program"
    etc.mkdir()
    tmp.mkdir()
    for name in ("prometheus.yml", "rules.yml"):
        (etc / name).write_text((DEPLOY / "prometheus" / name).read_text(encoding="utf-8"), encoding="utf-8")
    (etc / "paravent.token").write_text("x" * 20, encoding="utf-8")
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    watcher = services["prometheus"]
    assert watcher["entrypoint"][0] == "/bin/sh"
    places = {"/etc/prometheus/": f"{etc}/", "/tmp/": f"{tmp}/", "/bin/prometheus": str(program)}
    told = [word.replace("$$", "$") for word in (*watcher["entrypoint"][1:], *watcher["command"])]
    moved = [re.sub("|".join(places), lambda place: places[place[0]], word) for word in told]
    for _start in ("the first", "again"):
        done = subprocess.run(["/bin/sh", *moved], capture_output=True, text=True, timeout=30, check=True)
    said = done.stdout.splitlines()
    assert said == moved[-len(watcher["command"]) :]
    (config,) = (word.partition("=")[2] for word in said if word.startswith("--config.file="))
    return Path(config)


def asked(config: Path) -> set[str]:
    """The addresses that Prometheus asks, and those that it tells."""
    held = yaml.safe_load(config.read_text(encoding="utf-8"))
    groups = [*held["scrape_configs"], *held["alerting"]["alertmanagers"]]
    return {to for group in groups for each in group["static_configs"] for to in each["targets"]}


def unreachable(services: dict[str, Any], asked: set[str]) -> set[str]:
    """Who of those that watch, or are asked by them, is not found by name on a network that both are on."""
    where = {name: set(each.get("networks", ())) for name, each in services.items()}
    grafana = urlsplit(services["grafana"]["environment"]["PROMETHEUS_URL"]).netloc
    pairs = {("prometheus", to) for to in asked} | {("grafana", grafana)}
    hosts = {(who, to.rpartition(":")[0]) for who, to in pairs}
    lost = {to for who, to in hosts if not where[who] & where.get(to, set())}
    return lost | {name for name, each in services.items() if "network_mode" in each}


def test_who_watches_finds_whom_it_asks_on_a_network_of_its_own(tmp_path: Path) -> None:
    found = asked(started(tmp_path))
    assert found == {"router:8080", "alertmanager:9093"}
    assert unreachable(SERVICES, found) == set()
    assert urlsplit(SERVICES["grafana"]["environment"]["PROMETHEUS_URL"]).netloc == "prometheus:9090"


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_control_a_watcher_in_the_routers_own_network_is_found(name: str) -> None:
    services = copy.deepcopy(SERVICES)
    del services[name]["networks"]
    services[name]["network_mode"] = "service:router"
    assert name in unreachable(services, {"router:8080", "alertmanager:9093"})


def test_control_an_address_of_a_bare_machine_is_found() -> None:
    bare = asked(DEPLOY / "prometheus" / "prometheus.yml")
    assert unreachable(SERVICES, bare) == {"127.0.0.1"}


@pytest.mark.require("promtool")
def test_promtool_finds_right_what_the_container_starts_with(tmp_path: Path) -> None:
    code, said = ran("promtool", "check", "config", str(started(tmp_path)))
    assert code == 0, said


@pytest.mark.require("promtool")
@pytest.mark.parametrize("name", ["rules.yml", "paravent.token"])
def test_control_a_file_that_is_not_beside_the_settings_is_missed(name: str, tmp_path: Path) -> None:
    config = started(tmp_path)
    config.with_name(name).unlink()
    assert ran("promtool", "check", "config", str(config))[0] == 1


TOLD = (DEPLOY / "prometheus" / "alertmanager.yml").read_text(encoding="utf-8")


def to_fill_in(written: str) -> str:
    """What stands for others' addresses in Alertmanager's settings, in the words of their first line."""
    held, count = yaml.safe_load(written), {2: "two", 3: "three"}
    receivers = [each for each in held["receivers"] if len(each) > 1]
    smtp = [name for name in held["global"] if name.startswith("smtp_")]
    return f"Fill in the {count[len(receivers)]} receivers and the {count[len(smtp)]} smtp lines;"


def test_who_fills_in_alertmanager_is_told_of_every_line_that_needs_it() -> None:
    assert to_fill_in(TOLD) in TOLD.splitlines()[0]
    assert "In a container `localhost` is the container" in TOLD.split("global:")[0]


def test_control_a_line_more_than_is_told_of_is_found() -> None:
    more = TOLD.replace("  smtp_from:", '  smtp_hello: "here"\n  smtp_from:')
    assert to_fill_in(more) not in more.splitlines()[0]


def test_a_pod_holds_nothing_but_the_router() -> None:
    (pod,) = (each["spec"]["template"]["spec"] for each in MANIFESTS if each["kind"] == "StatefulSet")
    assert [each["name"] for each in pod["containers"]] == ["router"]
    assert "hostNetwork" not in pod

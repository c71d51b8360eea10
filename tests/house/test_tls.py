"""The door of compose: what the Caddyfile lets through is what the router answers, on its port, unchanged."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass, field

import pytest

from router.web.body import LARGEST
from tests.house.test_deploy import COMPOSE, DEPLOY, IMAGE

CADDYFILE = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
UNITS = {"KB": 1_000, "MB": 1_000_000, "KiB": 1_024, "MiB": 1_048_576}
UNCHANGED = {"encode", "request_body", "reverse_proxy", "log"}
"""Directives that leave a request's path and words as they came."""


@dataclass
class Line:
    """One line of a Caddyfile, and what stands in its braces."""

    words: list[str]
    inside: list[Line] = field(default_factory=list)

    def named(self, name: str) -> Line:
        """The one line inside that begins so."""
        (found,) = (each for each in self.inside if each.words[0] == name)
        return found


def parsed(text: str) -> Line:
    """The file as lines in lines."""
    path = [Line([])]
    for written in text.splitlines():
        words = re.sub(r"(^|\s)#.*", "", written).split()
        if words == ["}"]:
            path.pop()
        elif words:
            path[-1].inside.append(Line([word for word in words if word != "{"]))
            if words[-1] == "{":
                path.append(path[-1].inside[-1])
    (whole,) = path
    return whole


def faults(text: str) -> set[str]:
    """What in a Caddyfile would keep a carrier, an operator or a secret from where it belongs."""
    (site,) = parsed(text).inside
    proxy = site.named("reverse_proxy")
    host, _, port = proxy.words[-1].rpartition(":")
    limit = re.fullmatch(r"(\d+)(\w+)", site.named("request_body").named("max_size").words[1])
    assert limit is not None
    tls, upstream = COMPOSE["services"]["tls"], COMPOSE["services"].get(host, {})
    said = dict(word.split("=", 1) for word in shlex.split(IMAGE["ENV"]))
    found = {
        "a name that compose does not give": site.words != ["{$PARAVENT_HOST}"]
        or "PARAVENT_HOST" not in tls["environment"],
        "not all paths": len(proxy.words) != 2,
        "a path is changed": not {each.words[0] for each in site.inside} <= UNCHANGED
        or not {each.words[0] for each in proxy.inside} <= {"flush_interval"},
        "nobody is there": not set(tls["networks"]) & set(upstream.get("networks", ())),
        "another port": {port} != {said["PARAVENT_LISTEN"].rpartition(":")[2], IMAGE["EXPOSE"]},
        "a body that the router takes is refused": int(limit[1]) * UNITS[limit[2]] < LARGEST,
        "events come late": proxy.named("flush_interval").words[1] != "-1",
        "secrets are logged": [each.words for each in site.named("log").inside] != [["output", "discard"]],
    }
    return {what for what, is_so in found.items() if is_so}


def test_what_comes_to_the_door_reaches_the_router_unchanged() -> None:
    assert faults(CADDYFILE) == set()
    mounted = {str(each).split(":")[1] for each in COMPOSE["services"]["tls"]["volumes"]}
    assert "/etc/caddy/Caddyfile" in mounted
    assert {"80:80", "443:443"} <= set(COMPOSE["services"]["tls"]["ports"])  # 80 is for its certificate


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("{$PARAVENT_HOST}", "{$HOST}", "a name that compose does not give"),
        ("reverse_proxy router", "reverse_proxy /hooks/* router", "not all paths"),
        ("encode gzip", "uri strip_prefix /hooks", "a path is changed"),
        ("flush_interval -1", "flush_interval -1\n\t\trewrite /{path}", "a path is changed"),
        ("router:8080", "rooter:8080", "nobody is there"),
        ("router:8080", "grafana:8081", "another port"),
        ("1MB", "100KB", "a body that the router takes is refused"),
        ("flush_interval -1", "flush_interval 5s", "events come late"),
        ("output discard", "output stdout", "secrets are logged"),
    ],
)
def test_a_slip_in_it_is_found(right: str, wrong: str, fault: str) -> None:
    assert CADDYFILE.count(right) == 1
    assert faults(CADDYFILE.replace(right, wrong)) == {fault}


def began(password: str, *, asks: bool = True) -> subprocess.CompletedProcess[str]:
    """Grafana's container as compose begins it; what the image begins with says hello instead."""
    shell, flag, program = COMPOSE["services"]["grafana"]["entrypoint"]
    assert program.endswith(" && exec /run.sh")
    said = program.replace("$$", "$").replace("/run.sh", "echo hello")
    return subprocess.run(
        [shell, flag, said if asks else said.rpartition("&& ")[2]],
        env={"GF_SECURITY_ADMIN_PASSWORD": password, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def test_grafana_does_not_start_without_a_password() -> None:
    grafana = COMPOSE["services"]["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "${GRAFANA_PASSWORD:-}"
    empty = began("")
    assert (empty.returncode != 0, empty.stdout) == (True, "")
    assert "write a GRAFANA_PASSWORD into secrets.env" in empty.stderr
    assert began("a password").stdout == "hello\n"
    assert began("", asks=False).stdout == "hello\n"  # the control


def test_nobody_is_asked_for_what_only_a_profile_needs() -> None:
    """Compose reads the whole file before it looks at profiles: `:?` in one stops those without it."""
    asking = {name for name, each in COMPOSE["services"].items() if ":?" in str(each.get("environment", ""))}
    assert asking == {"tls"}
    assert "profiles" not in COMPOSE["services"]["tls"]

"""What stands in deploy/ would run: the image by its own words, the rest by the schemas of what reads it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

from tests.house.installed import Environment, wheel
from tests.house.tree import TOP

pytestmark = pytest.mark.xdist_group("wheel")
DEPLOY = TOP / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    manifest
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
UNIT = (DEPLOY / "paravent.service").read_text(encoding="utf-8")
HOME = "/srv/paravent"


def instructions(dockerfile: str) -> dict[str, str]:
    """The last stage of a Dockerfile, each instruction's last word."""
    lines = re.sub(r"\\\n\s*", " ", dockerfile).splitlines()
    words = [(line.split()[0], line.split(None, 1)[1]) for line in lines if line and line[0] != "#"]
    last = max(place for place, line in enumerate(words) if line[0] == "FROM")
    return dict(words[last:])


IMAGE = instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))


def copied(dockerfile: str) -> set[str]:
    """What a Dockerfile copies out of the checkout."""
    lines = [line.split()[1:-1] for line in dockerfile.splitlines() if line.startswith("COPY ")]
    return {source for line in lines if not line[0].startswith("--from") for source in line}


# The image


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What the image's first stage makes: the wheel of nothing but what it copies, in an environment."""
    source = tmp_path_factory.mktemp("context")
    for name in copied((DEPLOY / "Dockerfile").read_text(encoding="utf-8")):
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (source / name).parent.mkdir(exist_ok=True)
            shutil.copy2(TOP / name, source / name)
    made = Environment.make(tmp_path_factory.mktemp("image"))
    made.install(wheel(source, tmp_path_factory.mktemp("wheel")))
    return made


@pytest.fixture
def volume() -> Iterator[Path]:
    """The image's volume, which a database's own user can pass through."""
    with tempfile.TemporaryDirectory(prefix="paravent-image-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def settled(volume: Path) -> Path:
    """Settings as an operator would mount them: one account, nothing but loopback."""
    path = volume / "paravent.toml"
    path.write_text(
        """
public_url = "https://sms.example.org"
rates = { USD = "0.92" }
budget = { limit = "1", period = "day" }
replies = { texts = { fr = "Non." } }
operator = { token = "env:OPERATOR_TOKEN" }
[accounts.twilio]
provider = "twilio"
prices = { FR = "0.08 USD" }
budget = { limit = "1", period = "day" }
settings = { account_sid = "env:SID", auth_token = "env:TOKEN", base_url = "http://127.0.0.1:9" }
[numbers.poster]
number = "+33199000001"
account = "twilio"
reply_from = { account = "twilio", sender = "+33199000001" }
fallback = []
"""
    )
    return path


def test_the_image_serves_as_its_own_words_say(image: Environment, volume: Path) -> None:
    said = dict(word.split("=", 1) for word in shlex.split(IMAGE["ENV"]))
    port = free_port()
    mounted = {
        "PARAVENT_SETTINGS": str(settled(volume)),
        "PARAVENT_DATA": str(volume / "data"),
        "PARAVENT_LISTEN": said["PARAVENT_LISTEN"].replace("0.0.0.0:8080", f"127.0.0.1:{port}"),
    }
    assert set(mounted) == {name for name in said if name.startswith("PARAVENT_")}
    secrets = {"OPERATOR_TOKEN": "x" * 24, "SID": "AC" + "0" * 32, "TOKEN": "0" * 32}
    entry, command = json.loads(IMAGE["ENTRYPOINT"]), json.loads(IMAGE["CMD"])
    check = json.loads(IMAGE["HEALTHCHECK"].split("CMD ", 1)[1])
    running = subprocess.Popen(
        [str(image.folder / "bin" / entry[0]), *entry[1:], *command],
        cwd=volume,
        env=image.variables({**mounted, **secrets}),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    try:
        assert any("ready" in line for line in running.stderr)
        probe = [word.replace(":8080", f":{port}") for word in check[1:]]
        assert probe != check[1:]
        assert image.run(check[0], *probe, cwd=volume).returncode == 0
    finally:
        running.send_signal(signal.Signals[IMAGE["STOPSIGNAL"]])
        assert running.wait(30) == 0, running.stderr.read()
        running.stderr.close()
    assert image.run(check[0], *probe, cwd=volume).returncode != 0  # it would see that nobody is there


def test_what_the_image_copies_gets_past_the_dockerignore() -> None:
    allowed = {
        line[1:]
        for line in (TOP / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line[0] == "!"
    }
    asked = copied((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert asked == allowed
    assert all((TOP / name).exists() for name in asked)


# systemd


def replaced(folder: Path, unit: str = UNIT) -> Path:
    """The unit, with programs that are there."""
    program = folder / "paravent"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = folder / "paravent.service"
    unit = unit.replace(f"{HOME}/bin/paravent", str(program)).replace("User=paravent", "User=nobody")
    path.write_text(unit.replace("Group=paravent", "Group=nogroup"))
    return path


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )


@pytest.mark.require("systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    done = analyzed("verify", "--man=no", str(replaced(tmp_path)))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.require("systemd")
def test_systemd_would_find_what_is_wrong(tmp_path: Path) -> None:
    done = analyzed("verify", "--man=no", str(replaced(tmp_path, UNIT.replace("KillMode", "KillMood"))))
    assert "KillMood" in done.stderr


@pytest.mark.require("systemd")
def test_the_unit_is_well_confined(tmp_path: Path) -> None:
    done = analyzed("security", "--offline=true", "--threshold=25", str(replaced(tmp_path)))
    assert done.returncode == 0, done.stdout


def test_the_unit_runs_commands_that_exist() -> None:
    lines = re.findall(rf"^Exec\w+={HOME}/bin/paravent (\w+)(.*)$", UNIT, re.MULTILINE)
    assert [line[0] for line in lines] == ["check", "serve"]


# compose


def test_compose_is_understood() -> None:
    compose = PyCompose.from_yaml((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert {"router", "tls", "prometheus", "grafana"} <= set(compose.service_names())
    named = {str(volume).split(":")[0] for each in COMPOSE["services"].values() for volume in each["volumes"]}
    assert {name for name in named if name[0] != "."} <= COMPOSE["volumes"].keys()
    assert {net for each in COMPOSE["services"].values() for net in each.get("networks", [])} == COMPOSE[
        "networks"
    ].keys()


def test_compose_with_a_misspelt_word_is_refused() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="restrat"):
        PyCompose.from_yaml(text.replace("restart:", "restrat:", 1))


def test_every_file_that_compose_mounts_is_here_or_is_the_operators_own() -> None:
    mounted = {
        str(volume).split(":")[0]
        for each in COMPOSE["services"].values()
        for volume in each["volumes"]
        if str(volume).startswith("./")
    }
    absent = {name for name in mounted if not (DEPLOY / name).exists()}
    told = (DEPLOY / "compose.yaml").read_text(encoding="utf-8").split("name: paravent")[0]
    assert {name for name in absent if f"deploy/{name[2:]}" not in told} == set()


def test_prometheus_shows_the_router_its_token() -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    asked = {job["authorization"]["credentials_file"] for job in jobs["scrape_configs"]}
    shown = {Path(each["target"]) for each in COMPOSE["services"]["prometheus"]["secrets"]}
    assert shown == {Path("/etc/prometheus") / name for name in asked}
    assert set(COMPOSE["secrets"]) == {
        each["source"] for one in COMPOSE["services"].values() for each in one.get("secrets", ())
    }
    variable = COMPOSE["secrets"]["operator"]["environment"]
    assert f"\n{variable}=" in (DEPLOY / "secrets.example.env").read_text(encoding="utf-8")
    assert f'token = "env:{variable}"' in (DEPLOY / "paravent.example.toml").read_text(encoding="utf-8")


def test_no_image_of_ours_is_what_a_stranger_calls_so() -> None:
    (stateful,) = (each for each in MANIFESTS if each["kind"] == "StatefulSet")
    (router,) = stateful["spec"]["template"]["spec"]["containers"]
    for image, registry in (
        (router["image"], "registry.invalid"),
        (COMPOSE["services"]["router"]["image"], "localhost"),
    ):
        assert re.fullmatch(rf"{re.escape(registry)}/paravent:[\w.-]+", image)


def test_nothing_but_tls_faces_the_world() -> None:
    doors = {name: each.get("ports", []) for name, each in COMPOSE["services"].items()}
    assert {name for name, ports in doors.items() if any(not p.startswith("127.0.0.1:") for p in ports)} == {
        "tls"
    }


# Kubernetes


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
@pytest.mark.parametrize("version", ["1.29", "1.34"])
def test_kubernetes_takes_the_manifests(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_kubernetes_would_refuse_a_misspelt_word() -> None:
    (stateful,) = (each for each in MANIFESTS if each["kind"] == "StatefulSet")
    wrong = json.loads(json.dumps(stateful).replace('"replicas"', '"replicaz"'))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.34", strict=True)


def test_the_spool_is_on_a_volume_and_everything_that_is_mounted_is_there() -> None:
    (spec,) = (each["spec"] for each in MANIFESTS if each["kind"] == "StatefulSet")
    pod = spec["template"]["spec"]
    mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
    kept = {each["metadata"]["name"] for each in spec["volumeClaimTemplates"]}
    assert mounts.keys() == kept | {each["name"] for each in pod["volumes"]}
    said = dict(word.split("=", 1) for word in shlex.split(IMAGE["ENV"]))
    assert {mounts[name] for name in kept} == {said["PARAVENT_DATA"]}
    assert said["PARAVENT_SETTINGS"].startswith(mounts["settings"])
    assert str(pod["securityContext"]["runAsUser"]) == IMAGE["USER"]

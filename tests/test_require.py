"""What a bare machine lacks is named, and never passes for tested."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.require import KNOWN

ROOT = Path(__file__).parent.parent
SUITE = """
import pytest

def test_plain():
    pass

@pytest.mark.require("promtool")
def test_with_promtool():
    {body}
"""


def run(folder: Path, body: str, named: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(SUITE.format(body=body))
    environment = {name: value for name, value in os.environ.items() if name != "PARAVENT_REQUIRE"}
    environment |= {"PYTHONPATH": str(ROOT)} | ({"PARAVENT_REQUIRE": named} if named is not None else {})
    command = [sys.executable, "-m", "pytest", "-p", "tests.require", "-p", "no:cacheprovider", *options, "."]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_what_is_not_named_is_listed_by_name(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, "assert False", None, *options)
    assert done.returncode == 0, done.stdout
    assert "test_sample.py::test_with_promtool  needs promtool" in done.stdout


def test_what_is_named_runs(tmp_path: Path) -> None:
    done = run(tmp_path, "assert False", "promtool")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout


def test_what_is_named_may_not_skip_itself(tmp_path: Path) -> None:
    done = run(tmp_path, "pytest.skip('no promtool here')", "promtool")
    assert done.returncode == 1
    assert "must run: " in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_a_misspelt_name_stops_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, "assert False", "promtol")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "promtol" in done.stderr


def demanded(workflow: str) -> dict[str, set[str]]:
    """What each of the workflow's machines must have, by machine; one that demands nothing is left out."""
    jobs = yaml.safe_load(workflow)["jobs"].values()
    rows = [row for job in jobs for row in job.get("strategy", {}).get("matrix", {}).get("include", ())]
    assert "${{ matrix.require }}" in {
        step["env"]["PARAVENT_REQUIRE"] for job in jobs for step in job["steps"] if "env" in step
    }
    return {f"{row['machine']} {row['python']}": set(row["require"].split(",")) for row in rows}


def out_of_step(run: str, workflow: str) -> dict[str, set[str]]:
    """What one of `.ci/run` and a machine of the workflow demands, and the other does not, by machine."""
    own = re.search(r"PARAVENT_REQUIRE-([\w,]+)\}", run)
    assert own is not None
    # Carriers' files are nowhere public, prism is there to serve them, and Ubuntu for arm has no Chromium.
    absent = {True: {"shared", "prism", "browser"}, False: {"shared", "prism"}}
    wanted = set(own[1].split(","))
    told = {on: (wanted - absent["arm" in on]) ^ names for on, names in demanded(workflow).items()}
    return {on: names for on, names in told.items() if names}


def test_strangers_machines_demand_what_ours_do() -> None:
    run, workflow = ((ROOT / path).read_text("utf-8") for path in (".ci/run", ".github/workflows/check.yml"))
    assert out_of_step(run, workflow) == {}
    assert set().union(*demanded(workflow).values()) == KNOWN - {"shared", "prism", "grafana"}
    assert out_of_step(run, workflow.replace("faketime,", "", 1)) == {"ubuntu-24.04 3.11": {"faketime"}}
    assert out_of_step(run.replace(",openssl", ""), workflow).keys() == demanded(workflow).keys()

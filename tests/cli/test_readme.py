"""What the README has one paste beside the demo works on a machine that has Python and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import TWILIO, Demo
from tests.house.tree import TOP

pytestmark = pytest.mark.xdist_group("demo")

README = (TOP / "README.md").read_text(encoding="utf-8")
PASTED = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def test_metrics_are_shown_without_curl_and_without_zeros(demo: Demo, tmp_path: Path) -> None:
    """PATH holds grep alone."""
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    (tmp_path / "grep").symlink_to("/usr/bin/grep")
    lines = [line for line in PASTED if "metrics" in line]
    here = "\n".join(lines).replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        ["/bin/sh", "-euc", here.replace("http://127.0.0.1:8080/", demo.console_url)],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'paravent_replies_total{account="twilio",outcome="accepted"}' in done.stdout
    assert 'paravent_account_state{account="twilio",state="open"} 1' in done.stdout
    assert 'paravent_purse_limit_money{purse="total"} 20' in done.stdout
    assert [line for line in done.stdout.splitlines() if float(line.rsplit(" ", 1)[1]) == 0] == []
    assert done.stderr == ""


def test_installing_says_no_more_than_is_needed_where_its_words_stand_in_the_way() -> None:
    (line,) = [line for line in PASTED if "paravent-acme" in line]
    assert " install -q " in line

"""What is only true of a router that runs is told as such, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from router.cli import accounts, budget, main, raid
from router.cli.showing import NO_ROUTER
from router.web.raiding import Raid

CALM = Raid.model_construct(
    mode="calm", since=None, by_hand=False, statistic=0.0, limit=18.0, baseline=0.02, learnt=0, held=0,
    grave=0, clusters=[], changes=[], judged=0, judged_held=0, share_wanted=0.01, line=None, calm_until=None,
)  # fmt: skip
READ: dict[str, Callable[[bool], Any]] = {
    "accounts": lambda runs: ([], runs),
    "budget": lambda runs: (SimpleNamespace(currency="EUR", caps={}, purses={}), [], {}, runs),
    "raid": lambda runs: (CALM, runs),
}


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("command", list(READ))
def test_whether_a_router_runs_is_told(command: str, monkeypatch: pytest.MonkeyPatch, *, runs: bool) -> None:
    def read(work: Coroutine[Any, Any, Any]) -> Any:
        work.close()
        return READ[command](runs)

    for module in (accounts, budget, raid):
        monkeypatch.setattr(module, "run", read)
    shown = CliRunner().invoke(main, [command, "--config", str(Path("nowhere"))])
    assert (NO_ROUTER in shown.output) is not runs
    told = CliRunner().invoke(main, [command, "--json"])
    assert json.loads(told.output)["router_runs"] is runs

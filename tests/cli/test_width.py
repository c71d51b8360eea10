"""Nothing that a command prints is wider than a terminal of 80 columns, whatever it has to say."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from router.cli import main, raiding, replay, showing, text
from router.cli.finding import Failed, WrongSettings
from router.postgres.replay import AsItWas
from router.rules.nights import Outcome
from router.stage.columns import side_by_side
from router.stage.replay import Replayed
from router.web.raiding import Change, Explanation, HeldWording, Raid
from tests.cli.conftest import TWILIO, Demo
from tests.cli.paravent import COMMAND, Paravent

pytestmark = pytest.mark.xdist_group("demo")
PERIOD = ("--from", "2017-01-01", "--to", "2100-01-01")
NIGHT = datetime(2017, 11, 27, 16, tzinfo=UTC)
MANY = 1_234_567
"""Texts of a night that is larger than any."""


def wide(said: str) -> list[str]:
    """Lines that a terminal would break; what is to be copied whole may be one word of any length."""
    return [line for line in said.splitlines() if len(line) > 80 and len(line.split()) > 1]


@pytest.fixture
def here(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs commands on the demo, in this process; policies stand in the folder where they run."""
    for place in range(6):
        (tmp_path / f"a_rather_long_name_{place}.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(showing, "_shown_in", {})
    monkeypatch.setattr(showing, "is_terminal", lambda _stream: True)
    return CliRunner(env={"PARAVENT_DATA": str(demo.paravent.folder), "COLUMNS": "80"})


def test_every_command_that_prints_for_people_fits(demo: Demo, here: CliRunner) -> None:
    policies = [word for place in range(6) for word in ("--policy", f"a_rather_long_name_{place}.toml")]
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    commands: list[tuple[str, ...]] = [
        ("accounts",), ("budget",), ("raid",), ("raid", "held"), ("check",), ("doctor",), ("providers",),
        ("migrate", "--dry-run"), ("evidence",), ("evidence", "verify"), ("drill", "--list"),
        ("evidence", "export", *PERIOD, "--out", "narrow"), ("replay", *policies), ("text", TWILIO, "Coucou"),
        ("text", TWILIO, "Rappelle-moi", "--from", "+33899700000"), ("budget", "set", "ovh", "5.00"),
        ("raid", "end"), ("accounts", "restore", "ovh"),
    ]  # fmt: skip
    found = {command: here.invoke(main, command) for command in commands}
    assert {command: done.exception for command, done in found.items() if done.exit_code not in {0, 1}} == {}
    assert {command for command, done in found.items() if not done.output} == set()
    assert {command: wide(done.output) for command, done in found.items() if wide(done.output)} == {}
    zone = "Times are those of Europe/Paris."
    assert [found[command,].output.count(zone) for command in ("accounts", "budget")] == [1, 1]


def crowded(mode: str) -> Raid:
    """A raid in which everything has to be told."""
    held = HeldWording.model_construct(
        id="0123456789ab", texts=MANY, senders=MANY, first=NIGHT, last=NIGHT, blurred="•• " * 40
    )
    changes = [
        Change.model_construct(
            at=NIGHT,
            mode=mode,
            cause=cause,
            by=by,
            baseline=0.123,
            began=NIGHT,
            texts=MANY,
            flagged=MANY,
            explanation=Explanation.model_construct(until=until),
        )
        for cause, by, until in (("statistic", "", None), ("operator", "console", NIGHT))
    ]
    return Raid.model_construct(
        mode=mode, since=NIGHT, by_hand=True, calm_until=NIGHT, statistic=123456.7, limit=18.0,
        baseline=0.123, learnt=40,
        line=0.5, judged=MANY, judged_held=MANY, share_wanted=0.01, held=3 * MANY, grave=MANY, phones=MANY,
        clusters=[held, held], changes=changes,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["calm", "raid"])
def test_all_that_may_be_said_of_a_raid_fits(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    raiding.told(crowded(mode), as_json=False)
    said = capsys.readouterr().out
    assert "by mistake" in " ".join(said.split())
    assert wide(said) == []


def test_every_reason_for_silence_fits(capsys: pytest.CaptureFixture[str]) -> None:
    for reason, why in (text._REASONS | text._NO_ANSWER).items():
        passed = "twilio:operator_cut vonage:total_budget"
        text._show(
            text.Result(
                answered=False, to=TWILIO, sender="", answer=None, account=None, seconds=1.0, state=None,
                reason=reason, why=why, passed_over=passed, by_the_carrier=False,
            )
        )  # fmt: skip
    said = capsys.readouterr().out
    assert said.count("Silence: ") == len(text._REASONS | text._NO_ANSWER)
    assert wide(said) == []


@pytest.mark.parametrize("policies", [1, 4, 5, 9])
def test_any_number_of_policies_fits(policies: int, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["yours", *(f"a_rather_long_name_{place}" for place in range(policies))]
    outcomes = {name: Outcome(texts=MANY, held=MANY, saved=MANY * 1_000_000) for name in names}
    learning = dict.fromkeys(names, 2 * MANY)
    replay._print(Replayed(AsItWas(MANY, MANY, MANY, MANY, MANY), outcomes, learning, erased=MANY, unknown=1))
    said = capsys.readouterr().out
    assert said.count("1,234,567.00") == len(names)
    assert wide(said) == []


_CELLS = st.text("0123456789,.", min_size=1, max_size=12)


@given(st.integers(1, 14).flatmap(lambda many: st.lists(_CELLS, min_size=many, max_size=many)), st.data())
def test_columns_break_into_blocks_and_none_is_lost(values: list[str], data: st.DataObject) -> None:
    heads = [
        f"{data.draw(st.sampled_from(['x', 'a_rather_long_name']))}{place}" for place in range(len(values))
    ]
    lines = list(side_by_side(heads, [("spent", values)], 30))
    assert max(map(len, lines)) <= 78
    shown = [line.split()[1:] for line in lines if line.startswith("spent")]
    assert [shown[0][0], *(value for block in shown for value in block[1:])] == values
    assert {block[0] for block in shown} == {values[0]}


@pytest.mark.parametrize(
    "error",
    [
        Failed("The database is newer than this build: it has 0012_x.sql, this build knows 11. Install it."),
        WrongSettings([f"accounts.twilio.{'long.' * 8}key: is not a setting, {'and ' * 20}nothing like it"]),
        click.BadParameter(
            "there is no such thing as what you name here, for all that I know", param_hint="'--x'"
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_fits_and_nothing_of_it_is_lost(error: click.ClickException) -> None:
    said = f"Error: {error.format_message()}"
    shown = f"Error: {showing.fitted(error.format_message(), 'Error: ')}"
    assert wide(said)
    assert wide(shown) == []
    assert shown.split() == said.split()


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_has_its_errors_broken(paravent: Paravent, *, terminal: bool) -> None:
    """Programs and logs find an error in one line."""
    near, far = os.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, "accounts"],
            env=paravent._environ({}),
            cwd=paravent.folder,
            stderr=far if terminal else subprocess.PIPE,
            timeout=60,
            check=False,
        )
        said = os.read(near, 1 << 16).decode() if terminal else done.stderr.decode()
    finally:
        os.close(near)
        os.close(far)
    assert "there is no paravent.toml here: write one, name another with --config" in " ".join(said.split())
    assert bool(wide(said)) is not terminal

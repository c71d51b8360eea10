"""A policy is laid over settings whole: what it names and no setting is, is told with what may be meant."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from router.cli.drill import command
from router.settings import Problem, SettingsError
from router.stage.policy import as_environment, slips


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[raid]\nheld = 0.1", "raid: is not a setting (did you mean raids?)"),
        ("[raids]\nhold = 0.1", "raids.hold: is not a setting (did you mean held?)"),
        ("[weather]\nrain = 1", "weather: is not a setting"),
        ("[weather]", "weather: is not a setting"),
        ("[raids.weather]", "raids.weather: is not a setting"),
        ("lifetime = 0", "lifetime: is not a setting"),
        ("[caps.range]\nanswer = 5", "caps.range.answer: is not a setting (did you mean answers?)"),
        (
            "[accounts.twilio.budget]\nlimits = 5",
            "accounts.twilio.budget.limits: is not a setting (did you mean limit?)",
        ),
    ],
)
def test_what_is_no_setting_is_named(written: str, said: str) -> None:
    assert list(map(str, slips(tomllib.loads(written)))) == [said]


def test_every_slip_is_named_at_once() -> None:
    assert len(slips(tomllib.loads("[raid]\nheld = 1\n[raids]\nheld = 0.1\nhold = 1\nwarm = 2"))) == 3


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[Raids]\nHeld = 0.1",
        "[replies]\nlifetime = 0",
        '[caps.range]\nprefix = "+33639"\nanswers = 5\nperiod = "hour"',
        "[accounts.twilio.budget]\nlimit = 5",
        "[accounts.twilio.settings]\nwhatever = 5",
        "[accounts.twilio.prices]\nFR = 0.07",
    ],
)
def test_what_may_stand_in_settings_is_none(written: str) -> None:
    assert slips(tomllib.loads(written)) == []


def test_without_that_a_section_of_an_unknown_name_would_change_nothing_and_say_nothing() -> None:
    assert as_environment({"weather": {}}) == {}
    assert as_environment({"weather": {"rain": 1}}) == {"PARAVENT_WEATHER__RAIN": "1"}


def test_a_drill_says_plainly_what_a_policy_has_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(*_: object) -> None:
        raise SettingsError([Problem("raids.held", "must be less than or equal to 1")])

    monkeypatch.setattr("router.stage.drill.drill.play", play)
    (tmp_path / "much.toml").write_text("[raids]\nheld = 2\n", encoding="utf-8")
    done = CliRunner().invoke(command, ["viral", "--policy", str(tmp_path / "much.toml")])
    assert done.exit_code == 2
    assert "cannot be used:\n  raids.held: must be less than or equal to 1" in done.output

"""A policy is laid over settings whole: what it names and no setting is, is told with what may be meant."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from router.cli.drill import command
from router.settings import SettingsError
from router.settings.sources import overlay
from router.stage.drill.house import prove
from router.stage.drill.scenes import SCENARIOS
from router.stage.policy import as_environment, slips
from tests.house.tree import TOP


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
        raise AssertionError("a night is played although a policy does not hold")

    monkeypatch.setattr("router.stage.drill.drill.play", play)
    (tmp_path / "much.toml").write_text("[raids]\nheld = 2\n", encoding="utf-8")
    done = CliRunner().invoke(command, ["viral", "--policy", str(tmp_path / "much.toml")])
    assert done.exit_code == 2
    assert "cannot be used:\n  raids.held: must be less than or equal to 1" in done.output


def test_a_drill_plays_nothing_under_the_settings_of_another_house(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(*_: object) -> None:
        raise AssertionError("a night is played although a policy does not hold")

    monkeypatch.setattr("router.stage.drill.drill.play", play)
    file = TOP / "deploy" / "paravent.example.toml"
    done = CliRunner().invoke(command, ["viral", "--policy", str(file)])
    assert (done.exit_code, "cannot be used:" in done.output) == (2, True)
    assert "accounts.ovh: is not in a drill" in done.output


def test_a_list_of_tables_is_laid_over_as_it_is_written() -> None:
    written = (
        'fallback = [{ account = "von\\"age", sender = "+33261910002" }, {}]\nalso = ["a", "b"]\nno = []'
    )
    found, problems = overlay(
        {}, as_environment({"numbers": {"poster": tomllib.loads(written)}}), ["numbers"]
    )
    assert problems == []
    assert found == {"numbers": {"poster": tomllib.loads(written)}}


def test_a_drill_has_accounts_and_a_number_of_its_own() -> None:
    with pytest.raises(SettingsError) as refused:
        prove(SCENARIOS["viral"], 1.0, {"numbers": {"stickers": {"account": "twilio"}}})
    assert list(map(str, refused.value.problems)) == ["numbers.stickers: is not in a drill; there are poster"]
    prove(SCENARIOS["viral"], 1.0, {})

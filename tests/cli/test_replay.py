"""One's own nights under other settings, from the command line: nothing is sent, nothing is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import TWILIO, Demo

pytestmark = pytest.mark.xdist_group("demo")


def test_a_policy_is_laid_over_ones_own_settings(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    policy = demo.paravent.folder / "nobody.toml"
    policy.write_text("[replies]\nlifetime = 0\n", encoding="utf-8")
    before = demo.paravent("budget", "--json").json
    told = demo.paravent("replay", "--policy", policy, "--json").json
    assert told["settings"]["yours"]["answered"] > 0
    assert told["settings"]["nobody"]["answered"] == 0
    # Other tests of this demo erase a text.
    assert told["settings"]["nobody"]["texts"] == told["as_it_was"]["texts"] - told["left_out"]["erased"]
    assert demo.paravent("budget", "--json").json == before
    shown = demo.paravent("replay", "--policy", policy)
    assert (shown.code, max(map(len, shown.out.splitlines())) <= 80) == (0, True)
    assert "63998" not in shown.out


def test_the_demo_is_replayed_as_it_was_run_and_where_hardly_a_raid_can_be_seen_it_is_said(
    demo: Demo,
) -> None:
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    policy = demo.paravent.folder / "patient.toml"
    policy.write_text("[raids]\nwarm_up = 1000\n", encoding="utf-8")
    told = demo.paravent("replay", "--policy", policy, "--json").json
    assert told["warm_up"] == {"yours": 1, "patient": 1_000}
    shown = demo.paravent("replay", "--policy", policy).out
    assert "patient: only a raid of most texts can be seen in so few; the first 1,000" in shown


def test_times_are_of_the_settings_zone_and_a_period_without_texts_has_no_table(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    policy = demo.paravent.folder / "same.toml"
    policy.write_text("", encoding="utf-8")
    came, near = datetime.now(ZoneInfo("Europe/Paris")), timedelta(minutes=15)
    spelled = [f"{at:%Y-%m-%dT%H:%M:%S}" for at in (came - near, came + near)]
    asked = ["--from", spelled[0], "--to", spelled[1], "--policy", policy]
    told = demo.paravent("replay", *asked, "--json", TZ="Asia/Tokyo").json
    assert told["as_it_was"]["texts"] > 0
    done = demo.paravent("replay", "--to", "2017-11-27", "--policy", policy)
    assert (done.code, done.out) == (1, "")
    assert "No text came in then." in done.err


def test_a_policy_that_cannot_be_is_said_plainly(demo: Demo) -> None:
    policy = demo.paravent.folder / "wrong.toml"
    policy.write_text("[raids]\nheld = 2\n", encoding="utf-8")
    done = demo.paravent("replay", "--policy", policy)
    assert (done.code, done.out) == (2, "")
    assert "raids.held" in done.err
    policy.write_text("[raids", encoding="utf-8")
    assert "TOML" in demo.paravent("replay", "--policy", policy).err
    policy.unlink()
    gone = demo.paravent("replay", "--policy", policy)
    assert (gone.code, gone.err.splitlines()[-1]) == (2, f"Error: There is no file {policy}.")


@pytest.mark.parametrize("command", [("replay",), ("drill", "weekend")])
def test_a_policy_that_names_what_is_no_setting_is_not_played(demo: Demo, command: tuple[str, ...]) -> None:
    policy = demo.paravent.folder / "slip.toml"
    policy.write_text("[raid]\nheld = 0.1\n[raids]\nhold = 0.1\n[weather]\n", encoding="utf-8")
    done = demo.paravent(*command, "--policy", policy)
    assert (done.code, done.out) == (2, "")
    assert "raid: is not a setting (did you mean raids?)" in done.err
    assert "raids.hold: is not a setting (did you mean held?)" in done.err
    assert "weather: is not a setting" in done.err

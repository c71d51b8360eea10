"""One's own nights under other settings, from the command line: nothing is sent, nothing is written."""

from __future__ import annotations

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


def test_a_policy_that_cannot_be_is_said_plainly(demo: Demo) -> None:
    policy = demo.paravent.folder / "wrong.toml"
    policy.write_text("[raids]\nheld = 2\n", encoding="utf-8")
    done = demo.paravent("replay", "--policy", policy)
    assert (done.code, done.out) == (2, "")
    assert "raids.held" in done.err
    policy.write_text("[raids", encoding="utf-8")
    assert "TOML" in demo.paravent("replay", "--policy", policy).err

"""Wrong settings are named all at once, without a value; right ones are measured."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from router.cli import main
from tests.cli.conftest import Demo
from tests.cli.paravent import Paravent

SECRET = "hunter2-is-no-good-secret"
RIGHT = '''\
listen = "127.0.0.1:8080"
budget = { limit = "20.00", period = "month" }
[accounts.twilio]
provider = "twilio"
prices = { FR = "0.0798 EUR" }
budget = { limit = "5.00", period = "day" }
[accounts.twilio.settings]
account_sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "env:TOKEN"
[numbers.poster]
number = "+33199000001"
account = "twilio"
reply_from = { account = "twilio", sender = "+33199000001" }
fallback = []
[replies]
max_parts = 3
[replies.texts]
fr = """Un non est un non. Un peut-être aussi. \\
La personne qui vous a donné ce numéro préfère ne pas être dérangée."""
'''
WRONG = (
    RIGHT.replace('limit = "20.00"', "limit = 20.00")
    .replace('provider = "twilio"', 'provider = "twillio"')
    .replace('reply_from = { account = "twilio"', 'reply_from = { account = "twilo"')
    .replace('listen = "127.0.0.1:8080"', f'lisen = "{SECRET}"')
    .replace("max_parts = 3", "max_parts = 1")
)


def written(paravent: Paravent, settings: str) -> Paravent:
    (paravent.folder / "paravent.toml").write_text(settings)
    return paravent


def test_every_fault_is_named_at_once_and_no_value_with_it(paravent: Paravent) -> None:
    done = written(paravent, WRONG)("check")
    assert done.code == 2
    assert done.out == ""
    places = [line.split(":")[0].strip() for line in done.err.splitlines()[1:]]
    assert {
        "accounts.twilio.provider",
        "budget.limit",
        "lisen",
        "numbers.poster.reply_from.account",
        "replies.texts.fr",
    } <= set(places)
    assert "did you mean listen?" in " ".join(done.err.split())
    assert max(map(len, done.err.splitlines())) <= 80
    assert "Traceback" not in done.err
    assert SECRET not in done.err


def test_every_command_ends_with_two_on_wrong_settings(paravent: Paravent) -> None:
    for command in (("serve",), ("accounts",), ("check", "--json")):
        done = written(paravent, WRONG)(*command)
        assert done.code == 2, command
        assert "accounts.twilio.provider" in done.err + done.out, command
        assert SECRET not in done.err + done.out, command


def test_wrong_settings_begin_with_their_file(paravent: Paravent) -> None:
    here = written(paravent, WRONG)("accounts")
    assert here.err.splitlines()[0] == "Error: paravent.toml cannot be used:"
    named = paravent("accounts", "--config", paravent.folder / "paravent.toml")
    assert named.err.splitlines()[0] == f"Error: {paravent.folder / 'paravent.toml'} cannot be used:"


@pytest.mark.xdist_group("demo")
def test_only_who_may_mean_the_demo_is_told_how_to_reach_it(
    paravent: Paravent, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(paravent, WRONG)
    monkeypatch.chdir(paravent.folder)
    beside = {"PARAVENT_DATA": str(demo.paravent.folder), "PARAVENT_SETTINGS": None}
    alone = beside | {"PARAVENT_DATA": str(paravent.folder)}

    def said(*command: str, environ: dict[str, str | None] = beside) -> bool:
        done = CliRunner(env=environ).invoke(main, command)
        assert (done.exit_code, "cannot be used" in done.output) == (2, True)
        return "run the command in another folder" in done.output

    assert said("accounts")
    assert said("budget", "set", "total", "1.00")
    assert [said(each) for each in ("check", "serve", "doctor", "migrate")] == [False] * 4
    assert not said("accounts", "--config", "paravent.toml")
    assert not said("accounts", environ=alone)


def test_what_going_live_needs_is_said_by_its_place(paravent: Paravent) -> None:
    live = RIGHT.replace('number = "+33199000001"', 'number = "+441632960001"')
    done = written(paravent, live)("check", TOKEN=SECRET)
    assert done.code == 0
    assert "Consider  public_url: is missing (no carrier finds the way here" in " ".join(done.out.split(" "))
    there = written(paravent, live)(
        "check", TOKEN=SECRET, PARAVENT_PUBLIC_URL="https://sms.cause.fr", PARAVENT_OPERATOR__TOKEN="t" * 20
    )
    assert (there.code, "public_url" in there.out) == (0, False)


def test_what_to_consider_fits_a_terminal(paravent: Paravent) -> None:
    tongues = 'fr = "Non."\nlong_name_of_some_language_or_other = "No."\n'
    both = f"{RIGHT.partition('fr = ')[0]}{tongues}"
    done = written(paravent, both)("check", TOKEN=SECRET)
    assert "Consider  replies.stop_confirmation.long_name_of_some_language_or_other" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_replies_are_measured_in_characters_parts_and_money(paravent: Paravent) -> None:
    done = written(paravent, RIGHT)("check", TOKEN=SECRET)
    assert done.code == 0, done.err
    answer = next(line for line in done.out.splitlines() if line.startswith("answer"))
    assert answer.split()[1:] == ["fr", "107", "ucs2", "2", "twilio", "159.60", "EUR"]
    assert "outside the GSM alphabet: ê" in done.out
    assert "in look-alikes it takes 1 instead of 2 parts" in done.out
    assert "peut-etre" in done.out
    assert SECRET not in done.out
    told = paravent("check", "--json", TOKEN=SECRET).json
    assert told["problems"] == []
    reply = next(each for each in told["replies"] if each["purpose"] == "answer")
    assert (reply["parts"], reply["offered_parts"], reply["per_thousand"]) == (2, 1, {"twilio FR": "159.6"})


def test_without_settings_it_says_how_to_have_some(paravent: Paravent) -> None:
    (paravent.folder / "paravent.toml").unlink(missing_ok=True)
    done = paravent("check")
    assert done.code == 2
    assert "paravent demo" in done.err


def test_a_file_that_is_not_there_or_no_toml_is_said_so(paravent: Paravent) -> None:
    missing = paravent("check", "--config", "elsewhere.toml")
    assert (missing.code, "cannot be read" in missing.err) == (2, True)
    broken = written(paravent, "this is = = no toml")("check")
    assert (broken.code, "not TOML at line 1" in broken.err) == (2, True)
    (paravent.folder / "paravent.toml").unlink()

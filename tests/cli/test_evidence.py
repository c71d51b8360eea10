"""What came in is exported, verified, held and erased from the command line; every exit code is a promise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from router.stage import signpost
from tests.cli.conftest import TWILIO, Demo

pytestmark = pytest.mark.xdist_group("demo")

PERIOD = ("--from", "2017-01-01", "--to", "2100-01-01")


def test_a_folder_is_made_verified_and_never_made_twice(demo: Demo) -> None:
    words = "Coucou, ici Palmyre"
    assert demo.paravent("text", TWILIO, words).code == 0
    done = demo.paravent("evidence", "export", *PERIOD, "--out", "handed", "--for", "the police", "--json")
    assert done.code == 0, done.err
    assert done.json["texts"] >= 1
    assert done.json["opened"] == 0
    folder = demo.paravent.folder / "handed"
    assert "Palmyre" not in "".join(path.read_text("utf-8") for path in folder.rglob("*.*"))
    again = demo.paravent("evidence", "export", *PERIOD, "--out", "handed")
    assert (again.code, again.out) == (1, "")
    assert "is there already" in again.err
    verified = demo.paravent("evidence", "verify", folder)
    assert (verified.code, verified.err) == (0, "")
    assert "Nothing was changed" in verified.out
    bare = subprocess.run(
        [sys.executable, "-I", folder / "verify.py"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (bare.returncode, bare.stdout) == (0, verified.out)
    assert max(map(len, verified.out.splitlines())) <= 80


def test_who_names_no_period_is_shown_one(demo: Demo) -> None:
    bare = demo.paravent("evidence", "export")
    assert bare.code == 2
    example = re.search(r"export( --from \S+ --to [^`]+)`", " ".join(bare.err.split()))
    assert example
    assert "Missing" not in demo.paravent("evidence", "export", *example[1].split()).err


def test_a_full_folder_says_what_was_written_and_a_changed_one_is_found_out(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Coucou, ici Bérénice").code == 0
    done = demo.paravent("evidence", "export", *PERIOD, "--out", "full", "--full")
    assert done.code == 0, done.err
    assert re.search(r"^Write the SHA-256 of its .* complaint:\n  [0-9a-f]{64}$", done.out, re.MULTILINE)
    said = " ".join(done.out.split())
    assert re.search(r"; [1-9]\d* records? w\w+ opened by this export, and that is written down\.", said)
    assert f"verifies it with: python3 {Path('full') / 'verify.py'}\nNo root leaves this machine" in done.out
    table = demo.paravent.folder / "full" / "texts.csv"
    assert "Bérénice" in table.read_text("utf-8")
    table.write_text(table.read_text("utf-8").replace("Bérénice", "Titus"), "utf-8")
    verified = demo.paravent("evidence", "verify", "full", "--json")
    assert verified.code == 3
    assert {finding["where"].partition(",")[0] for finding in verified.json["findings"]} == {"texts.csv"}


def test_the_database_is_verified_against_roots_kept_elsewhere(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "bonjour").code == 0
    settings = demo.paravent.folder / "sinks.toml"
    settings.write_text(f'{signpost.SETTINGS.read_text()}\n[evidence]\nroots_to = ["git+file:///nowhere"]\n')
    told = ("evidence", "export", *PERIOD, "--out", "roots", "--config", settings)
    done = demo.paravent(*told, **(signpost.environment(demo.home) or {}))
    assert done.code == 0, done.err
    assert done.out.endswith(f"with: python3 {Path('roots') / 'verify.py'} --roots FILE\n")
    roots = demo.paravent.folder / "roots" / "roots.jsonl"
    whole = demo.paravent("evidence", "verify", "--roots", roots)
    assert (whole.code, whole.err) == (0, "")
    assert "everything is as the roots say" in whole.out
    forged = [json.loads(line) for line in roots.read_text().splitlines()]
    forged[-1]["root"] = 64 * "0"
    roots.write_text("".join(json.dumps(root) + "\n" for root in forged))
    assert demo.paravent("evidence", "verify", "--roots", roots).code == 3


def test_what_is_held_is_not_erased_until_it_is_released(demo: Demo) -> None:
    number = "+33639980077"
    assert demo.paravent("text", TWILIO, "salut", "--from", number).code == 0
    held = demo.paravent("evidence", "hold", *PERIOD, "--why", "complaint 17/4711", "--name", "raid")
    assert held.code == 0, held.err
    assert demo.paravent("evidence", "hold", *PERIOD, "--why", "again", "--name", "raid").code == 1
    assert [hold["name"] for hold in demo.paravent("evidence", "--json").json["holds"]] == ["raid"]
    shown = demo.paravent("evidence", TZ="Asia/Tokyo").out
    assert re.search(r"^raid +01 Jan 00:00 +01 Jan 00:00 +-$", shown, re.MULTILINE)
    erase = ("evidence", "erase", number, "--why", "asked", "--yes", "--json")
    assert demo.paravent(*erase).json == {"texts": 0, "held": 1, "waiting": 0}
    assert demo.paravent("evidence", "release", "raid", "--why", "closed").code == 0
    assert demo.paravent("evidence", "release", "raid", "--why", "closed").code == 1
    again = demo.paravent("evidence", "hold", *PERIOD, "--why", "again", "--name", "raid")
    assert (again.code, "released or not: choose another with --name" in again.err) == (1, True)
    assert demo.paravent("evidence", "export", *PERIOD, "--out", "before").code == 0  # it seals what is due
    erase = ("evidence", "erase", "06 39 98 00 77", "--why", "asked", "--yes", "--json")
    assert demo.paravent(*erase).json["texts"] == 1
    again = demo.paravent(*erase)
    assert again.code == 1
    assert "Nothing is stored that this number wrote." in again.err
    assert "That is no number" in demo.paravent("evidence", "erase", "+33", "--why", "x", "--yes").err
    assert demo.paravent("evidence", "verify").code == 0


def test_a_pair_of_keys_is_made_once_and_its_private_half_is_nobody_elses(tmp_path: Path, demo: Demo) -> None:
    file = tmp_path / "private"
    done = demo.paravent("evidence", "key", file)
    assert done.code == 0
    assert re.fullmatch(r'public_key = "pvpub_[\w-]{43}"\n', done.out)
    assert file.read_text().startswith("pvkey_")
    assert file.stat().st_mode & 0o777 == 0o600
    assert demo.paravent("evidence", "key", file).code == 1
    unknown = demo.paravent("evidence", "verify", "--key", file)
    assert unknown.code == 0, unknown.out
    assert "is not the key that the settings know: evidence.public_key is not there" in unknown.err
    assert "Warning" not in demo.paravent("evidence", "verify").err
    made = demo.paravent("evidence", "export", *PERIOD, "--out", "unknown", "--key", file)
    assert made.code == 0, made.err
    assert "is not the key that the settings know: evidence.public_key is not there" in made.err
    assert "Warning" not in demo.paravent("evidence", "export", *PERIOD, "--out", "keyless", "--full").err
    wrong = tmp_path / "wrong"
    wrong.write_text("no key")
    refused = demo.paravent("evidence", "export", *PERIOD, "--out", "never", "--key", wrong)
    assert (refused.code, refused.out) == (1, "")
    assert "holds no private key" in refused.err


@pytest.mark.parametrize(
    "words", [("verify", "nowhere"), ("verify", "--roots", "nowhere"), ("verify", "--key", "nowhere")]
)
def test_what_cannot_be_read_is_said(demo: Demo, words: tuple[str, ...]) -> None:
    done = demo.paravent("evidence", *words)
    assert (done.code, done.out) == (1, "")
    assert "read" in done.err
    assert "Error(" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--from", "yesterday", "--to", "2100-01-01"),
        ("export", "--from", "2100-01-01", "--to", "2017-01-01"),
        ("hold", "--from", "2100-01-01", "--to", "2017-01-01", "--why", "x"),
    ],
)
def test_wrong_use_is_said(demo: Demo, words: tuple[str, ...]) -> None:
    done = demo.paravent("evidence", *words)
    assert (done.code, done.out) == (2, "")

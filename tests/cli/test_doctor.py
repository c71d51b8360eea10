"""The doctor looks at what only a live look can show."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from providers import CutOff, CutReason, Failure, InDoubt, Refused, RefusedReason, Throttled, Unreachable
from router import examination
from router.examination import examine
from router.settings import load
from tests.cli.conftest import Demo
from tests.cli.paravent import free_port
from tests.cli.test_check import RIGHT

pytestmark = pytest.mark.xdist_group("demo")

NOWHERE = "postgresql://127.0.0.1:1/nowhere"


def ask(demo: Demo, method: str, path: str, **said: object) -> None:
    body = json.dumps(said).encode() if said else None
    with urlopen(Request(f"{demo.control_url}{path}", body, method=method), timeout=10):
        pass


def test_a_healthy_demo_passes(demo: Demo) -> None:
    done = demo.paravent("doctor", "--json")
    found = {each["what"]: each for each in done.json["findings"]}
    assert [what for what, each in found.items() if each["ok"] is not True] == []
    assert done.code == 0
    assert {"database", "schema", "keys", "way in", "account ovh", "webhook vonage"} <= found.keys()


def test_revoked_credentials_are_found_by_name(demo: Demo) -> None:
    ask(demo, "POST", "/faults", carrier="twilio", fault="revoke")
    try:
        done = demo.paravent("doctor")
    finally:
        ask(demo, "DELETE", "/faults")
    assert done.code == 1
    line = next(line for line in done.out.splitlines() if line.startswith("account twilio"))
    assert "WRONG" in line
    assert "revoked" in line
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("failure", "do"),
    [
        (Unreachable("dns"), "here"),
        (Throttled(7, "429"), "Wait 7 s"),
        (CutOff(CutReason.UNPAID, "402"), "Pay"),
        (CutOff(CutReason.SUSPENDED, "20005"), "write to its support"),
        (CutOff(CutReason.REVOKED, "20003"), "credentials"),
        (CutOff(CutReason.SENDER_LOST, "21606"), "reply_from"),
        (Refused(RefusedReason.UNACCEPTABLE, "400"), "settings"),
        (InDoubt("http_500"), "look again"),
    ],
    ids=lambda each: getattr(each, "code", None),
)
def test_what_to_do_about_an_account_follows_what_is_wrong_with_it(failure: Failure, do: str) -> None:
    found = examination._failed("account twilio", failure, "here")
    assert do in found.do
    # Whose money or good name is gone is not sent to look for a slip in the settings.
    mended_here = isinstance(failure, Refused) or getattr(failure, "reason", None) is CutReason.REVOKED
    assert ("settings" in found.do) is mended_here


def test_a_throttled_account_is_to_wait_and_not_to_change_its_credentials(demo: Demo) -> None:
    ask(demo, "POST", "/faults", carrier="twilio", fault="throttle")
    try:
        findings = demo.paravent("doctor", "--json").json["findings"]
    finally:
        ask(demo, "DELETE", "/faults")
    (found,) = (each for each in findings if each["what"] == "account twilio")
    assert (found["ok"], found["do"].partition(" ")[0]) == (False, "Wait")


def test_its_own_forgeries_are_owned_up_to(demo: Demo) -> None:
    done = demo.paravent("doctor")
    for account in ("twilio", "vonage", "ovh"):
        demo.process.wait_for(f"account {account}: a webhook was not taken: forged")
    assert 'lines "a webhook was not taken: forged"' in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_with_nothing_running_it_asks_for_the_router_and_for_the_demo(tmp_path: Path) -> None:
    settings = RIGHT.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}")
    here = f'{"t" * 32}"\nbase_url = "http://127.0.0.1:1'
    (tmp_path / "paravent.toml").write_text(settings.replace("env:TOKEN", here))
    read = load(tmp_path / "paravent.toml", {"PARAVENT_DATABASE": NOWHERE})
    looked, simulated = (
        {found.what: found for found in asyncio.run(examine(read, simulated=demo))} for demo in (False, True)
    )
    assert not looked["way in"].ok
    assert "`paravent serve` (or `paravent demo`)" in looked["way in"].do
    assert looked["account twilio"].do == "See its address, and whether this machine reaches the internet."
    assert "is `paravent demo` running?" in simulated["account twilio"].do


def test_no_secret_is_printed(demo: Demo) -> None:
    kept = json.loads((demo.home / "environment.json").read_text())
    said = demo.paravent("check").out + "".join(demo.process.said)
    secrets = [value for name, value in kept.items() if name.endswith(("TOKEN", "SECRET", "KEY"))]
    assert len(secrets) >= 8
    assert [secret for secret in secrets if secret in said] == []


def test_it_prints_where_the_carriers_post_and_the_secret_only_when_asked(demo: Demo) -> None:
    token = json.loads((demo.home / "environment.json").read_text())["OVH_HOOK_TOKEN"]
    plain, exact = demo.paravent("doctor"), demo.paravent("doctor", "--urls", "--json")
    assert token not in plain.out
    assert "/hooks/twilio/inbound\n" in plain.out
    unpasted = [line for line in plain.out.splitlines() if "nothing to paste: each text names it" in line]
    assert unpasted == ["twilio, receipts (nothing to paste: each text names it):"]
    webhooks = exact.json["webhooks"]
    assert webhooks["ovh"]["texts"].endswith(f"/hooks/ovh/{token}/inbound")
    assert webhooks["vonage"]["receipts"].endswith("/hooks/vonage/receipt")
    with pytest.raises(HTTPError, match="403"):  # our door, which turns an unsigned one away
        urlopen(Request(webhooks["twilio"]["texts"], b"Body=a", method="POST"), timeout=10)

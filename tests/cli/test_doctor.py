"""The doctor looks at what only a live look can show."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

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
    assert looked["account twilio"].do == "See its credentials and address."
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

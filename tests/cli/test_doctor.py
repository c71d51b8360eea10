"""The doctor looks at what only a live look can show."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.cli.conftest import Demo

pytestmark = pytest.mark.xdist_group("demo")


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
    webhooks = exact.json["webhooks"]
    assert webhooks["ovh"]["texts"].endswith(f"/hooks/ovh/{token}/inbound")
    assert webhooks["vonage"]["receipts"].endswith("/hooks/vonage/receipt")
    with pytest.raises(HTTPError, match="403"):  # our door, which turns an unsigned one away
        urlopen(Request(webhooks["twilio"]["texts"], b"Body=a", method="POST"), timeout=10)

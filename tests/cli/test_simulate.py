"""The carriers alone, for other people's programs."""

from __future__ import annotations

import json
import signal

import pytest

from tests.cli.paravent import Paravent, get, is_listening

pytestmark = pytest.mark.xdist_group("serve")


def test_it_says_where_the_carriers_are_and_ends_when_told(paravent: Paravent) -> None:
    with paravent.started("simulate", "--json", until='"OVH_HOOK_TOKEN"') as process:
        told = json.loads("".join(process.said).rpartition("}")[0] + "}" if process.said else "")
        status, body = get(told["control_url"])
        assert status == 200
        assert set(json.loads(body)) == {"twilio", "vonage", "ovh"}
        assert process.end(signal.SIGINT) == 0
    assert not is_listening(told["control_url"])


def test_it_ends_by_itself(paravent: Paravent) -> None:
    done = paravent("simulate", "--for", "0")
    assert done.code == 0
    assert "Control API   http://127.0.0.1:" in done.out

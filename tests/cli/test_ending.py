"""However a demo ends, it leaves nothing behind; and what it keeps is its owner's alone."""

from __future__ import annotations

import json
import signal
import stat

import pytest

from tests.cli.conftest import TWILIO
from tests.cli.paravent import Paravent, is_listening, leavings

pytestmark = pytest.mark.xdist_group("ending")
READY = "Ctrl-C ends it."
NO_ROUTER = "No router runs: this is how things stood when the last one ended.\n"
TEXT = ("text", TWILIO, "Salut", "--from", "+33639980202", "--json")


def console(paravent: Paravent) -> str:
    where: dict[str, str] = json.loads((paravent.folder / "demo" / "running.json").read_text())
    return where["console_url"]


def environment(paravent: Paravent) -> dict[str, str]:
    kept: dict[str, str] = json.loads((paravent.folder / "demo" / "environment.json").read_text())
    return kept


def assert_gone(paravent: Paravent, url: str) -> None:
    assert leavings(paravent.folder) == []
    assert not is_listening(url)


def assert_refused(paravent: Paravent, port: str) -> None:
    second = paravent("demo", "--port", 0)
    assert (second.code, second.out) == (1, "")
    home = paravent.folder / "demo"
    pid = json.loads((home / "running.json").read_text())["pid"]
    assert f"A demo is running already in {home} (process {pid});" in second.err
    taken = paravent("demo", "--port", port, PARAVENT_DATA=str(paravent.folder / "other"))
    assert (taken.code, taken.out) == (1, "")
    assert f"Port {port} of 127.0.0.1 cannot be used (Address already in use): name another" in taken.err


def test_ctrl_c_sigterm_and_time_leave_nothing_but_the_data(paravent: Paravent) -> None:
    with paravent.started("demo", "--port", 0, until=READY) as demo:
        url, secrets = console(paravent), environment(paravent)
        for name in ("environment.json", "running.json", "keys"):
            assert stat.S_IMODE((paravent.folder / "demo" / name).stat().st_mode) == 0o600, name
        assert paravent(*TEXT).json["answered"] is True
        assert_refused(paravent, url.rstrip("/").rsplit(":", 1)[1])
        assert demo.end(signal.SIGINT, group=True) == 0
    assert_gone(paravent, url)

    with paravent.started("demo", "--port", 0, until=READY) as demo:
        url, others = console(paravent), environment(paravent)
        kept = {name for name in secrets if secrets[name] == others[name]}
        assert kept == {"PARAVENT_DATA", "PARAVENT_HEALTH__PROBE_LONGEST", "PARAVENT_RAIDS__WARM_UP"}
        assert paravent(*TEXT).json["reason"] == "cooldown"
        assert "No router runs" not in "".join(paravent(each).out for each in ("accounts", "budget", "raid"))
        assert demo.end(signal.SIGTERM) == 0
    assert_gone(paravent, url)
    for command in ("accounts", "budget", "raid"):
        assert paravent(command).out.endswith(NO_ROUTER), command

    with paravent.started("demo", "--fresh", "--port", 0, "--for", 3, until="ends by itself in 3 s") as demo:
        url = console(paravent)
        assert paravent(*TEXT).json["answered"] is True
        assert demo.ended() == 0
    assert_gone(paravent, url)


def test_one_that_is_killed_is_named_as_such_and_in_nobodys_way(paravent: Paravent) -> None:
    assert "No demo is running" in paravent(*TEXT).err
    with paravent.started("demo", "--port", 0, until=READY) as demo:
        assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    done = paravent(*TEXT)
    assert done.code == 1
    assert "was killed" in done.err
    with paravent.started("demo", "--port", 0, "--for", 0, until="It ends by itself") as demo:
        assert demo.ended() == 0
    assert leavings(paravent.folder) == []

"""`serve` keeps several processes on one port running, and ends in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cli.paravent import Paravent, Started, eventually, free_port, get, leavings

pytestmark = pytest.mark.xdist_group("serve")
SETTINGS = """\
listen = "127.0.0.1:{port}"
budget = {{ limit = "20.00", period = "month" }}
[accounts.twilio]
provider = "twilio"
prices = {{ FR = "0.0798 EUR" }}
budget = {{ limit = "5.00", period = "day" }}
[accounts.twilio.settings]
account_sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "env:TOKEN"
base_url = "http://127.0.0.1:9"
[numbers.poster]
number = "+33199000001"
account = "twilio"
reply_from = {{ account = "twilio", sender = "+33199000001" }}
fallback = []
[replies.texts]
fr = "Un non est un non."
"""
WORKERS = 2


@dataclass(frozen=True)
class Served:
    paravent: Paravent
    process: Started
    url: str

    def pids(self) -> set[int]:
        """The database's keeper and the workers."""
        return {child.pid for child in self.process.children()}

    def shown(self, series: str) -> float:
        """What /metrics says of a series."""
        (line,) = (
            one for one in get(f"{self.url}/metrics", 20)[1].splitlines() if one.startswith(f"{series} ")
        )
        return float(line.removeprefix(series))


@pytest.fixture(scope="module")
def served(paravent: Paravent) -> Iterator[Served]:
    port = free_port()
    (paravent.folder / "paravent.toml").write_text(SETTINGS.format(port=port))
    with paravent.started("serve", "--processes", WORKERS, until="ready", TOKEN="0" * 32) as process:
        yield Served(paravent, process, f"http://127.0.0.1:{port}")
        assert process.end() == 0
        assert leavings(paravent.folder) == []


def test_several_processes_answer_on_one_port(served: Served) -> None:
    assert len(served.pids()) == 1 + WORKERS
    assert {get(f"{served.url}/readyz")[0] for _ in range(20)} == {200}


def test_their_events_are_shown_together(served: Served) -> None:
    for _ in range(12):
        assert get(f"{served.url}/hooks/nobody/inbound")[0] == 404
    for _ in range(4):
        assert (
            served.shown('paravent_webhooks_rejected_total{account="unknown",reason="unknown_account"}') == 12
        )


def test_it_is_shown_how_many_were_ordered_and_how_many_run(served: Served) -> None:
    for _ in range(4):
        assert served.shown("paravent_processes_ordered") == WORKERS
        assert served.shown("paravent_processes") == WORKERS


@pytest.mark.parametrize("victim", [0, 1, 2], ids=["the keeper of the database", "a worker", "the other"])
def test_a_process_that_is_killed_is_replaced(served: Served, victim: int) -> None:
    before = served.pids()
    killed = sorted(before)[victim]
    next(child for child in served.process.children() if child.pid == killed).kill()
    served.process.wait_for(f"({killed}) died")
    eventually(lambda: len(served.pids() - {killed}) == 1 + WORKERS, "no process took its place")
    assert {get(f"{served.url}/readyz", 20)[0] for _ in range(10)} == {200}
    eventually(lambda: served.shown("paravent_processes") == WORKERS, "it does not say that it runs")
    assert served.shown("paravent_processes_ordered") == WORKERS


def test_a_second_router_on_the_port_is_refused_in_plain_words(served: Served) -> None:
    done = served.paravent("serve", TOKEN="0" * 32)
    assert done.code == 1
    assert "cannot be listened on" in done.err


def test_commands_join_the_running_database(served: Served) -> None:
    assert "Nothing to do" in served.paravent("migrate", TOKEN="0" * 32).out
    ordered = served.paravent(
        "accounts", "pin", "twilio", "--config", "paravent.toml", "--json", TOKEN="0" * 32
    )
    assert ordered.json["operator"] == "pin"


def test_ctrl_c_reaches_all_and_ends_in_order(paravent: Paravent, served: Served) -> None:
    """A terminal's Ctrl-C goes to the whole group; the database must not leave before its users."""
    settings = SETTINGS.format(port=free_port()).replace(
        "listen", f'data = "{paravent.folder}/two"\nlisten', 1
    )
    (paravent.folder / "two.toml").write_text(settings)
    began = ["serve", "--config", "two.toml", "--processes", WORKERS]
    # This environment's PARAVENT_DATA would outrank the file.
    environ = {"TOKEN": "0" * 32, "PARAVENT_DATA": str(paravent.folder / "two")}
    (paravent.folder / "two").mkdir(mode=0o711)
    with paravent.started(*began, until="ready", **environ) as process:
        before = time.monotonic()
        assert process.end(signal.SIGINT, group=True) == 0
        assert time.monotonic() - before < 20
    assert "ERROR" not in "".join(process.said)
    assert leavings(paravent.folder / "two") == []


def test_a_spool_that_cannot_be_written_to_does_not_start(paravent: Paravent) -> None:
    data = paravent.folder / "spoilt"
    data.mkdir()
    (data / "spool").write_text("not a folder")
    (data / "paravent.toml").write_text(SETTINGS.format(port=free_port()))
    config = ("--config", data / "paravent.toml")
    done = paravent("serve", *config, TOKEN="0" * 32, PARAVENT_DATA=str(data))
    assert done.code == 2
    assert "data: the spool in it cannot be written to: File exists" in done.err
    assert "Traceback" not in done.err


def test_a_database_that_is_away_is_told_without_its_password(paravent: Paravent) -> None:
    address = "postgresql://someone:hunter2@127.0.0.1:9/paravent"
    (paravent.folder / "away.toml").write_text(SETTINGS.format(port=free_port()))
    for command in ("serve", "accounts"):
        done = paravent(command, "--config", "away.toml", TOKEN="0" * 32, PARAVENT_DATABASE=address)
        assert done.code == 1, command
        assert "nobody listens there" in done.err
        assert "hunter2" not in done.err + done.out
        assert "Traceback" not in done.err

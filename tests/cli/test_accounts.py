"""Operators cut, restore and pin accounts, and see why each does what it does."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from router.cli import accounts
from router.postgres.accounts import Accounts
from router.postgres.embedded import Server
from router.postgres.pool import DatabaseAwayError, Pool
from router.settings import Settings
from tests.cli.conftest import TWILIO, Demo
from tests.cli.paravent import COMMAND
from tests.settings.coop import changed, settings_of

pytestmark = pytest.mark.xdist_group("demo")


def test_one_command_cuts_an_account_and_the_next_answer_comes_from_another(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Salut", "--json").json["account"] == "twilio"
    try:
        assert "twilio is cut by you" in demo.paravent("accounts", "cut", "twilio").out
        told = demo.paravent("text", TWILIO, "Salut", "--json").json
        assert (told["account"], told["passed_over"]) == ("vonage", "twilio:operator_cut")
    finally:
        assert "twilio is open" in demo.paravent("accounts", "restore", "twilio").out
    assert demo.paravent("text", TWILIO, "Salut", "--json").json["account"] == "twilio"


def test_one_sender_can_be_cut_alone(demo: Demo) -> None:
    try:
        assert demo.paravent("accounts", "cut", "twilio", "--sender", TWILIO).code == 0
        states = {
            (each["account"], each["sender"]): each["state"]
            for each in demo.paravent("accounts", "--json").json["accounts"]
        }
        assert states["twilio", ""] == "open"
        assert states["twilio", TWILIO] == "operator_cut"
        assert demo.paravent("text", TWILIO, "Salut", "--json").json["account"] == "vonage"
    finally:
        assert demo.paravent("accounts", "restore", "twilio", "--sender", TWILIO).code == 0


def test_a_pinned_account_is_shown_as_pinned(demo: Demo) -> None:
    try:
        assert demo.paravent("accounts", "pin", "ovh", "--json").json["operator"] == "pin"
        assert "open (pinned)" in demo.paravent("accounts").out
    finally:
        assert demo.paravent("accounts", "restore", "ovh").code == 0


def test_the_table_fits_eighty_columns(demo: Demo) -> None:
    lines = demo.paravent("accounts").out.splitlines()
    assert len(lines) >= 4
    assert max(map(len, lines)) <= 80


def _line(demo: Demo, account: str) -> str:
    return next(line for line in demo.paravent("accounts").out.splitlines() if line.startswith(account))


@pytest.mark.parametrize(
    ("purse", "said", "usual"),
    [("ovh", "its purse is empty", "5.00"), ("total", "the money is spent", "20.00")],
)
def test_an_account_that_can_pay_nothing_says_so(demo: Demo, purse: str, said: str, usual: str) -> None:
    assert _line(demo, "ovh").endswith("-")
    try:
        assert demo.paravent("budget", "set", purse, "0").code == 0
        assert said in " ".join(demo.paravent("accounts").out.split())
        rows = demo.paravent("accounts", "--json").json["accounts"]
        told = {each["account"]: each["unpaid"] for each in rows if not each["sender"]}
        assert told["ovh"] == said
        assert told["twilio"] == (said if purse == "total" else None)
        findings = demo.paravent("doctor", "--json").json["findings"]
        assert [(f["what"], f["said"]) for f in findings if not f["ok"]] == [(f"purse {purse}", said)]
    finally:
        assert demo.paravent("budget", "set", purse, usual).code == 0


@pytest.mark.parametrize(("no_color", "coloured"), [("1", False), ("", True)])
def test_a_terminal_gets_colours_unless_it_wants_none(demo: Demo, no_color: str, *, coloured: bool) -> None:
    near, far = os.openpty()
    environ = demo.paravent._environ({"NO_COLOR": no_color})
    try:
        subprocess.run(
            [*COMMAND, "accounts"], env=environ, cwd=demo.paravent.folder, stdout=far, timeout=60, check=True
        )
        shown = os.read(near, 1 << 16).decode()
    finally:
        os.close(near)
        os.close(far)
    assert "twilio" in shown
    assert ("\x1b[" in shown) is coloured


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("cut", "nobody"), "twilio, vonage, ovh"), (("cut", "ovh", "--sender", "+33100"), "no such sender")],
)
def test_a_slip_is_answered_with_the_names_there_are(
    demo: Demo, arguments: tuple[str, ...], said: str
) -> None:
    done = demo.paravent("accounts", *arguments)
    assert done.code == 2
    assert said in done.err


async def test_every_order_is_written_down(demo: Demo) -> None:
    demo.paravent("accounts", "pin", "vonage")
    demo.paravent("accounts", "restore", "vonage")
    connection = await asyncpg.connect(Server(demo.home).dsn)
    try:
        rows = await connection.fetch(
            "SELECT what, detail ->> 'account', by FROM operator_action ORDER BY id DESC LIMIT 2"
        )
    finally:
        await connection.close()
    assert [tuple(row) for row in rows] == [
        ("account restore", "vonage", "command line"),
        ("account pin", "vonage", "command line"),
    ]


def test_watching_shows_a_change_as_it_comes_and_ends_with_ctrl_c(demo: Demo) -> None:
    with demo.paravent.started("accounts", "--watch", until="vonage") as watching:
        assert demo.paravent("accounts", "cut", "vonage").code == 0
        try:
            watching.wait_for("cut by you")
        finally:
            assert demo.paravent("accounts", "restore", "vonage").code == 0
        assert watching.end(signal.SIGINT) == 0
    assert "\x1b[" not in "".join(watching.said)  # colours are for terminals


_LOOKS = 6
_TAKEN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'paravent watch'"


class _Over(Exception):
    """What ends a watch here."""


async def watched(monkeypatch: pytest.MonkeyPatch, *looks: str | Exception) -> None:
    """A watch that sees these, one after the other, without a database."""
    seen = iter(looks)

    @asynccontextmanager
    async def nowhere(_settings: object) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(line=lambda: None)

    async def look(*_asked: object) -> list[dict[str, Any]]:
        match next(seen):
            case str() as state:
                return [{"account": "twilio", "state": state}]
            case error:
                raise error

    monkeypatch.setattr(accounts, "settings_of", lambda _config: None)
    monkeypatch.setattr(accounts, "database", nowhere)
    monkeypatch.setattr(accounts, "_accounts", look)
    monkeypatch.setattr(accounts, "_EVERY", 0)
    await accounts._watch(None, as_json=True)


async def test_watching_outlives_a_database_that_goes_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = DatabaseAwayError("the database was lost while it was used")
    with pytest.raises(_Over):
        await watched(monkeypatch, "open", lost, lost, "open", "open", "cut_off", lost, "cut_off", _Over())
    shown, said = capsys.readouterr()
    assert [line.split('"')[3] for line in shown.splitlines() if "state" in line] == [
        "open", "open", "cut_off", "cut_off",
    ]  # fmt: skip
    assert said.count("The database is away (the database was lost while it was used).") == 2


async def test_watching_hides_no_other_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError):
        await watched(monkeypatch, "open", LookupError("a mistake"), "open", _Over())


@pytest.mark.parametrize("kept", [True, False], ids=["as it is", "control"])
async def test_watching_takes_no_more_connections_the_longer_it_lasts(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    settings, real = settings_of(tmp_path, changed({})), accounts._accounts
    taken: list[int] = []

    @asynccontextmanager
    async def here(_settings: object) -> AsyncIterator[Pool]:
        async with Pool(database, application="paravent watch") as pool:
            yield pool

    async def look(_settings: Settings, pool: Pool, books: Accounts) -> list[dict[str, Any]]:
        found = await real(settings, pool, books if kept else Accounts(pool))
        async with pool.connection() as connection:
            taken.append(await connection.fetchval(_TAKEN))
        if len(taken) == _LOOKS:
            raise _Over
        return found

    monkeypatch.setattr(accounts, "settings_of", lambda _config: settings)
    monkeypatch.setattr(accounts, "database", here)
    monkeypatch.setattr(accounts, "_accounts", look)
    monkeypatch.setattr(accounts, "_EVERY", 0)
    with pytest.raises(_Over):
        await accounts._watch(None, as_json=False)
    assert (taken[-1] == taken[0]) is kept, taken

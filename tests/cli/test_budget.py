"""What may be spent is shown with its origin, and changed without a restart."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from router.cli.showing import amounts
from router.postgres.embedded import Server
from router.rules.budget import Period
from router.rules.caps import Cap, Caps
from router.stage import signpost
from tests.cli.conftest import TWILIO, Demo

pytestmark = pytest.mark.xdist_group("demo")

_CAPS = """
[caps.range]
prefix = "+3363998"
answers = 500
period = "fixed"

[caps.france]
country = "FR"
answers = 9
period = "day"
"""


def purse(demo: Demo, name: str) -> dict[str, Any]:
    shown = demo.paravent("budget", "show", "--json").json
    found: dict[str, Any] = next(each for each in shown["purses"] if each["purse"] == name)
    return found


def test_every_purse_is_shown_with_who_set_it(demo: Demo) -> None:
    assert demo.paravent("budget", "--json").json["router_runs"] is True
    done = demo.paravent("budget")
    assert done.code == 0
    rows = [line for line in done.out.splitlines()[1:] if line[:1].strip()]  # others go on with a cell
    assert [row.split()[0] for row in rows[:4]] == ["ovh", "twilio", "vonage", "total"]
    assert "the settings" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_purse_set_to_zero_stops_its_account_at_once(demo: Demo) -> None:
    try:
        told = demo.paravent("budget", "set", "twilio", "0", "--json").json["purses"][0]
        assert (told["limit"], told["origin"]) == ("0.00", "operator")
        told = demo.paravent("text", TWILIO, "Salut", "--json").json
        assert (told["account"], told["passed_over"]) == ("vonage", "twilio:budget")
        assert "as in the settings" not in demo.paravent("budget").out
        said = demo.paravent("budget", "set", "twilio", "5").out
        assert re.search(r"you, \S+, as in the settings", " ".join(said.split()))
    finally:
        told = demo.paravent("budget", "unset", "twilio", "--json").json["purses"][0]
    assert (told["limit"], told["next_limit"], told["origin"]) == ("5.00", "5.00", "file")


def test_the_points_of_a_column_stand_one_below_the_other() -> None:
    found = amounts([1_588_660, None, 174_432, 12_500_000])
    assert found == [" 1.588660", "unlimited", " 0.174432", "12.500000"]
    assert amounts([20_000_000, 5_100_000]) == ["20.00", " 5.10"]
    assert amounts([None, 0], without="-") == ["   -", "0.00"]
    assert amounts([]) == []


async def test_a_top_up_fills_the_present_window_alone_and_is_booked(demo: Demo) -> None:
    before = purse(demo, "vonage")
    after = demo.paravent("budget", "top-up", "vonage", "1.5", "--json").json["purses"][0]
    assert Decimal(after["limit"]) == Decimal(before["limit"]) + Decimal("1.5")
    assert after["next_limit"] == before["next_limit"]
    assert Decimal(after["left"]) == Decimal(before["left"]) + Decimal("1.5")
    connection = await asyncpg.connect(Server(demo.home).dsn)
    try:
        booked = await connection.fetchrow(
            "SELECT account, cap, amount, unit, source FROM ledger WHERE kind = 'top_up'"
        )
        noted = await connection.fetchval("SELECT what FROM operator_action ORDER BY id DESC LIMIT 1")
    finally:
        await connection.close()
    assert tuple(booked or ()) == ("vonage", 1_500_000, Decimal("1.5"), "EUR", "operator")
    assert noted == "budget top-up"


async def test_caps_are_shown_with_what_is_used_of_them(demo: Demo) -> None:
    settings = demo.paravent.folder / "capped.toml"
    settings.write_text(signpost.SETTINGS.read_text() + _CAPS)
    environment = signpost.environment(demo.home) or {}
    (slot,) = Caps({"range": Cap(prefix="+3363998", answers=500, period=Period.FIXED)}).slots(
        datetime.now(UTC)
    )
    connection = await asyncpg.connect(Server(demo.home).dsn)
    try:
        await connection.execute("INSERT INTO cap_window VALUES ('range', $1, 12)", slot.starts_at)
    finally:
        await connection.close()
    told = demo.paravent("budget", "--json", "--config", settings, **environment).json["caps"]
    assert [tuple(each.values()) for each in told] == [
        ("range", "prefix +3363998", "fixed", 500, 12, 488),
        ("france", "country FR", "day", 9, 0, 9),
    ]
    lines = demo.paravent("budget", "--config", settings, **environment).out.splitlines()
    assert [line.split() for line in lines[-3:]] == [
        ["CAP", "OF", "PER", "ANSWERS", "USED", "LEFT"],
        ["range", "prefix", "+3363998", "fixed", "500", "12", "488"],
        ["france", "country", "FR", "day", "9", "0", "9"],
    ]
    assert demo.paravent("budget", "--json").json["caps"] == []


def test_unlimited_is_spelled_and_cannot_be_topped_up(demo: Demo) -> None:
    try:
        told = demo.paravent("budget", "set", "ovh", "unlimited", "--json").json
        assert told["purses"][0]["limit"] == "unlimited"
        done = demo.paravent("budget", "top-up", "ovh", "1")
        assert done.code == 1
        assert "unlimited" in done.err
    finally:
        assert demo.paravent("budget", "set", "ovh", "5.00").code == 0


def test_a_slip_changes_nothing_and_exits_with_two(demo: Demo) -> None:
    before = purse(demo, "ovh")
    for slip in (("set", "nobody", "1"), ("set", "ovh", "1,50"), ("top-up", "ovh", "0"), ("set", "ovh")):
        done = demo.paravent("budget", *slip)
        assert done.code == 2, slip
        assert done.err.startswith("Usage:"), slip
    assert purse(demo, "ovh") == before

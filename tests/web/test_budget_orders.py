"""Money by the API: a limit set, a window topped up, written down, and nothing else taken."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import pytest

from router.office import Office
from tests.web.house import House


async def order(house: House, path: str, said: Any) -> tuple[int, dict[str, Any]]:
    async with house.session.post(f"{house.url}/api/v1/budget/{path}", json=said) as answer:
        return answer.status, await answer.json()


async def limits(house: House) -> dict[str, str | None]:
    async with house.session.get(house.url + "/api/v1/budget") as answer:
        return {purse["name"]: purse["limit"] for purse in (await answer.json())["purses"]}


async def test_a_limit_is_set_at_once_and_written_down(house: House) -> None:
    status, said = await order(house, "twilio/set", {"amount": "7.25"})
    assert status == 200
    assert {purse["name"]: purse["limit"] for purse in said["purses"]}["twilio"] == "7.250000"
    assert (await order(house, "twilio/set", {"amount": "unlimited"}))[0] == 200
    assert (await limits(house))["twilio"] is None
    rows = await house.rows("SELECT what, detail, by FROM operator_action ORDER BY id")
    assert [(row["what"], json.loads(row["detail"])["micros"], row["by"]) for row in rows] == [
        ("budget set", 7_250_000, "console"),
        ("budget set", None, "console"),
    ]


@pytest.mark.parametrize("by_hand", ["unlimited", "9", "0"])
async def test_a_limit_set_by_hand_is_unset_with_its_top_up_and_written_down(
    house: House, by_hand: str
) -> None:
    await order(house, "twilio/set", {"amount": by_hand})
    if by_hand != "unlimited":
        await order(house, "twilio/top-up", {"amount": "2"})
    status, said = await order(house, "twilio/unset", {})
    (purse,) = (each for each in said["purses"] if each["name"] == "twilio")
    assert (status, purse["limit"], purse["origin"]) == (200, "5.000000", "file")
    assert purse["settings_limit"] == "5.000000"
    rows = await house.rows("SELECT what, detail, by FROM operator_action ORDER BY id DESC LIMIT 1")
    assert [(row["what"], json.loads(row["detail"]), row["by"]) for row in rows] == [
        ("budget unset", {"purse": "twilio", "micros": 5_000_000}, "console")
    ]


async def test_a_purse_whose_settings_say_unlimited_is_so_again(house: House) -> None:
    await order(house, "ovh/set", {"amount": "1"})
    assert (await order(house, "ovh/unset", {}))[0] == 200
    assert (await limits(house))["ovh"] is None


async def test_a_top_up_adds_to_the_window_and_to_the_ledger(house: House) -> None:
    assert (await order(house, "total/top-up", {"amount": "2.50"}))[0] == 200
    assert (await limits(house))["total"] == "22.500000"
    [row] = await house.rows("SELECT account, cap, source FROM ledger WHERE kind = 'top_up'")
    assert tuple(row) == ("total", 2_500_000, "operator")


@pytest.mark.parametrize("purse", ["twilio", "total"])
async def test_a_purse_with_less_than_one_answer_is_empty(house: House, purse: str) -> None:
    """What is left over for ever is no money: the alarm is told of it."""
    await order(house, f"{purse}/set", {"amount": "0.05"})
    assert await house.sample("paravent_purse_runway_seconds", purse=purse) == inf
    await order(house, f"{purse}/set", {"amount": "0.04"})
    assert await house.sample("paravent_purse_runway_seconds", purse=purse) == 0


async def test_control_counted_to_the_last_millionth_a_purse_is_never_empty(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Office, "least", lambda self, account: 1)
    with pytest.raises(AssertionError, match="== 0"):
        await test_a_purse_with_less_than_one_answer_is_empty(house, "twilio")


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [
        ("total/set", {"amount": "a lot"}, 422),
        ("total/set", {"amount": "-1"}, 422),
        ("total/set", {"amount": 20.0}, 422),
        ("total/set", {}, 422),
        ("total/top-up", {"amount": "0.00"}, 422),
        ("total/top-up", {"amount": "unlimited"}, 422),
        ("nobody/set", {"amount": "1"}, 404),
        ("nobody/unset", {}, 404),
        ("nobody/top-up", {"amount": "1"}, 404),
        ("ovh/top-up", {"amount": "1"}, 409),
    ],
)
async def test_what_is_no_amount_or_no_purse_changes_nothing(
    house: House, path: str, said: Any, status: int
) -> None:
    before = await limits(house)
    answer, told = await order(house, path, said)
    assert (answer, "do" in told) == (status, True)
    assert await limits(house) == before
    assert await house.rows("SELECT 1 FROM operator_action") == []

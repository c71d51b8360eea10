"""Snapshots as server-sent events: at once, when something changes, for few, and to the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import aiohttp
import pytest

from router.postgres.pulse import PulseDesk
from router.rules.story import Ending, Story
from router.web import Lately, events
from tests.web.house import FRONT, TEXTER, House, open_house

EVENTS = "/api/v1/events"
TOKEN = "0perator-token-of-the-tests"


class Stream:
    """What a listener hears."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def block(self) -> str:
        """The next block, empty at the end."""
        said = ""
        async with asyncio.timeout(20):
            while not said.endswith("\n\n"):
                line = await self._answer.content.readline()
                if not line:
                    return ""
                said += line.decode()
        return said

    async def snapshot(self) -> dict[str, Any]:
        """The next snapshot."""
        while not (said := await self.block()).startswith("data: "):
            assert said, "the stream has ended"
        found: dict[str, Any] = json.loads(said.removeprefix("data: "))
        return found


@asynccontextmanager
async def listening(house: House, **more: Any) -> AsyncIterator[Stream]:
    async with house.session.get(house.url + EVENTS, **more) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield Stream(answer)


async def test_a_snapshot_comes_at_once_and_another_when_something_changed(house: House) -> None:
    async with listening(house) as stream:
        first = await stream.snapshot()
        assert {account["name"]: account["state"] for account in first["accounts"]} == {
            "twilio": "open",
            "ovh": "open",
        }
        assert first["currency"] == "EUR"
        assert first["demo"] is False
        async with house.session.post(house.url + "/api/v1/accounts/ovh/cut", json={}) as done:
            assert done.status == 200
        second = await stream.snapshot()
        assert {account["state"] for account in second["accounts"]} == {"open", "operator_cut"}
        assert second["deeds"][0]["what"] == "account cut"
        assert second["deeds"][0]["about"] == {"account": "ovh"}


async def test_what_does_not_change_is_not_told_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "EVERY", 0.05)
    monkeypatch.setattr(events, "KEEP_ALIVE", 0.5)
    async with listening(house) as stream:
        await stream.snapshot()
        assert await stream.block() == ":\n\n"
        assert await stream.block() == ":\n\n"


async def test_a_snapshot_says_who_answers_for_whom_and_why(house: House) -> None:
    async with house.session.post(house.url + "/api/v1/budget/twilio/set", json={"amount": "0"}) as done:
        assert done.status == 200
    house.office.learn(await _facts(house))
    async with listening(house) as stream:
        front, side = (await stream.snapshot())["numbers"]
    assert (front["preferred"], front["through"]) == ("twilio", "ovh")
    assert front["passed"] == [{"account": "twilio", "why": "budget"}]
    assert (side["preferred"], side["through"]) == ("ovh", "ovh")


async def _facts(house: House) -> Any:
    from router.postgres.accounts import Accounts

    return await Accounts(house.pool).facts()


async def test_no_number_and_no_text_is_in_it(house: House) -> None:
    await house.text("canary words")
    await house.rows(
        "INSERT INTO operator_action (what, detail, by) VALUES ('account cut', jsonb_build_object('account',"
        " 'twilio', 'sender', $1::text, 'texter', $2::text), 'command line') RETURNING 1",
        FRONT,
        TEXTER,
    )
    async with listening(house) as stream:
        said = await stream.snapshot()
    assert said["deeds"][0]["about"] == {"account": "twilio", "sender": "front"}
    assert said["health"]["queue"]["queued"] == 1
    for secret in ("canary", FRONT.lstrip("+"), TEXTER.lstrip("+")):
        assert secret not in json.dumps(said)


async def test_only_so_many_listen_and_one_who_goes_makes_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST", 2)
    monkeypatch.setattr(events, "KEEP_ALIVE", 0.1)
    async with listening(house) as first:
        await first.snapshot()
        async with listening(house), house.session.get(house.url + EVENTS) as third:
            assert third.status == 429
            assert "close other consoles" in (await third.json())["do"]
    for _ in range(100):
        async with house.session.get(house.url + EVENTS) as again:
            if again.status == 200:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("a listener that went still takes a place")


async def test_it_is_for_the_operator(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path, operator=TOKEN) as house:
        assert (await house.get(EVENTS))[0] == 401
        async with listening(house, headers={"Authorization": f"Bearer {TOKEN}"}) as stream:
            await stream.snapshot()


async def test_the_door_closes_without_waiting_for_those_who_listen(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        stream = listening(house)
        heard = await stream.__aenter__()
        await heard.snapshot()
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 5
    await stream.__aexit__(None, None, None)


async def test_a_database_that_goes_away_is_said_and_the_rest_stands(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from router.postgres.pool import DatabaseAwayError
    from router.web.reading import Readings

    async def away(_readings: Readings) -> None:
        raise DatabaseAwayError("away")

    async with listening(house) as stream:
        before = await stream.snapshot()
        monkeypatch.setattr(Readings, "latest", away)
        after = await stream.snapshot()
    assert (before["database_away"], after["database_away"]) == (False, True)
    assert after["accounts"] == before["accounts"]


@asynccontextmanager
async def two_processes(database: str, folder: Path) -> AsyncIterator[tuple[House, House]]:
    """Two on one database; each has decided one text."""
    (folder / "other").mkdir()
    async with (
        open_house(database, folder, lately=decided("front")) as one,
        open_house(database, folder / "other", lately=decided("side")) as other,
    ):
        yield one, other


def decided(number: str) -> Lately:
    lately, at = Lately(), datetime.now(UTC)
    ending = Ending.WAITING
    lately.fold(
        Story(
            text=uuid4(), account="twilio", number=number, decision=None, ending=ending,
            received_at=at, ended_at=at,
        )
    )  # fmt: skip
    return lately


async def seen(house: House, wanted: set[str]) -> list[str]:
    """The numbers of the last decisions, once they are those that are wanted."""
    async with listening(house) as stream:
        while True:
            said = await stream.snapshot()
            if {each["number"] for each in said["decisions"]} == wanted:
                return [each["text"] for each in said["decisions"]]


async def test_the_last_decisions_are_the_same_whichever_process_says_them(
    database: str, tmp_path: Path
) -> None:
    async with two_processes(database, tmp_path) as (one, other):
        both = {"front", "side"}
        assert await seen(one, both) == await seen(other, both)


async def test_a_process_that_kept_its_decisions_to_itself_would_be_found(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PulseDesk, "tell", AsyncMock())
    async with two_processes(database, tmp_path) as (one, other):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4):
                await seen(one, {"front", "side"})
        assert await seen(other, {"side"})


async def test_a_decision_as_another_version_tells_it_is_left_out() -> None:
    lately, told = Lately(), decided("front").own()[0].model_dump(mode="json")
    lately.hear([[told, {"text": "of another shape"}]])
    assert [each.number for each in lately.decisions()] == ["front"]

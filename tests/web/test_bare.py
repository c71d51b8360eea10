"""Orders whose path says all: a body that says something else is not passed over."""

from __future__ import annotations

import pytest

from tests.web.house import House
from tests.web.test_api import CUT

BARE = (CUT, "/api/v1/budget/total/unset", "/api/v1/raid/declare", "/api/v1/raid/end")


async def _not_understood(house: House, path: str) -> None:
    for body in ("not json at all", "{", '{"until": "tomorrow"}'):
        async with house.session.post(
            house.url + path, data=body, headers={"Content-Type": "application/json"}
        ) as answer:
            assert answer.status == 422, "it was carried out"
            assert (await answer.json())["error"].startswith("wrong: ")


@pytest.mark.parametrize("path", BARE)
async def test_what_is_not_understood_is_not_carried_out(house: House, path: str) -> None:
    await _not_understood(house, path)
    async with house.session.post(house.url + path, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 200, "no body at all says nothing else"


async def test_control_unread_it_would_be(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_model: object, _request: object) -> None:
        return None

    monkeypatch.setattr("router.web.asked.asked", nothing)
    with pytest.raises(AssertionError, match="carried out"):
        await _not_understood(house, CUT)

"""The public page: off unless set, nothing of anybody, and an appeal before the money is gone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from router.postgres import pulse
from router.postgres.figures import PurseFigures
from router.web import public
from router.web.public import hours_left
from router.web.terms import Public
from tests.web.house import FRONT, TEXTER, House, open_house

TERMS = Public("<b>Ours</b>", 'https://example.org/give?a=1&b="2"')
TOKEN = "0perator-token-of-the-tests"


@pytest.fixture
async def shown(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house with a public page, and a token for everything else."""
    async with open_house(database, tmp_path, operator=TOKEN, public=TERMS) as house:
        yield house


async def told(house: House) -> dict[str, Any]:
    async with house.session.get(house.url + "/public.json") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=60")
        found: dict[str, Any] = await answer.json()
        return found


async def answered(house: House, ago: str, state: str = "accepted") -> None:
    """An answer of so long ago that cost a euro."""
    await house.rows(
        "INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live,"
        " estimate, spent, account_window, total_window, at)"
        " SELECT translate(substr(md5(random()::text), 1, 20), '0189', 'wxyz'), gen_random_uuid(), 1,"
        " 'answer', 'twilio', $1, '\\x00112233445566778899aabbccddeeff', $3, $3 = 'accepted', 1000000,"
        " 1000000, now(), now(), now() - $2::text::interval RETURNING 1",
        FRONT,
        ago,
        state,
    )


async def test_without_the_setting_there_is_no_page(house: House) -> None:
    for path in ("/public", "/public.json"):
        assert (await house.get(path))[0] == 404


async def test_it_counts_the_answers_of_seven_days(shown: House) -> None:
    await answered(shown, "1 hour")
    await answered(shown, "6 days")
    await answered(shown, "8 days")
    await answered(shown, "1 hour", "refused")
    found = await told(shown)
    assert found["answered_in_seven_days"] == 2
    assert found["money"] == "enough"


async def test_when_money_is_short_it_asks_before_the_cut(
    shown: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "_SHARE", 0)
    for _ in range(10):
        await answered(shown, "1 hour")
    found = await told(shown)
    assert (found["money"], found["hours_left"]) == ("short", 48.0)  # 20 euros at 10 a day
    status, page = await shown.get("/public", headers={"Accept-Language": "fr-FR,fr;q=0.9"})
    assert status == 200
    assert "Aidez-nous avant" in page
    await shown.rows("DELETE FROM attempt RETURNING 1")
    monkeypatch.setattr(public, "KEPT", 0.0)

    assert "Aidez-nous avant" not in (await shown.get("/public?lang=fr"))[1]


async def test_it_is_read_once_a_minute_however_many_look(shown: House) -> None:
    assert (await told(shown))["answered_in_seven_days"] == 0
    await answered(shown, "1 hour")
    assert (await told(shown))["answered_in_seven_days"] == 0


async def test_nothing_of_anybody_is_on_it_and_what_is_set_stays_text(shown: House) -> None:
    await shown.text("canary words")
    for path in ("/public?lang=en", "/public?lang=fr", "/public.json"):
        page = (await shown.get(path))[1]
        for secret in ("canary", FRONT.lstrip("+"), TEXTER.lstrip("+"), "twilio"):
            assert secret not in page
    page = (await shown.get("/public"))[1]
    assert "&lt;b&gt;Ours" in page
    assert '"2"' not in page
    assert not re.search(r"<script|<b>|style=|\son\w+=", page)


async def test_with_the_database_away_it_says_so_and_is_not_kept(
    shown: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from router.postgres.pool import DatabaseAwayError
    from router.web.reading import Readings

    async def away(_readings: Readings) -> None:
        raise DatabaseAwayError("away")

    monkeypatch.setattr(Readings, "latest", away)
    assert (await shown.get("/public.json"))[0] == 503
    async with shown.session.get(shown.url + "/public") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "cannot be said just now" in await answer.text()


@pytest.mark.parametrize(
    ("limit", "spent", "day", "runway", "hours"),
    [
        (None, 5, 5, float("inf"), None),
        (20, 0, 0, float("inf"), None),
        (20, 10, 10, float("inf"), 24.0),
        (20, 10, 10, 7_200.0, 2.0),
        (20, 10, 240, 7_200.0, 1.0),
        (20, 20, 10, 0.0, 0.0),
        (0, 0, 0, 0.0, 0.0),
    ],
)
def test_the_faster_pace_counts(
    limit: int | None, spent: int, day: int, runway: float, hours: float | None
) -> None:
    purse = PurseFigures(limit=limit, reserved=0, spent=spent, overrun=0, runway=runway, origin="file")
    assert hours_left(purse, day) == hours

"""The public page: off unless set, nothing of anybody, and an appeal before the money is gone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import pytest

from router.postgres import pulse
from router.postgres.accounts import Accounts
from router.postgres.figures import PurseFigures
from router.postgres.orders import order
from router.web import public
from router.web.public import Renewal, Told, _appeal, lasting
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


async def answered(house: House, ago: str, state: str = "accepted", texter: int = 1) -> None:
    """An answer of so long ago that cost a euro."""
    await house.rows(
        "INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live,"
        " estimate, spent, account_window, total_window, at)"
        " SELECT translate(substr(md5(random()::text), 1, 20), '0189', 'wxyz'), gen_random_uuid(), 1,"
        " 'answer', 'twilio', $1, decode(md5($4::text), 'hex'), $3, $3 = 'accepted', 1000000,"
        " 1000000, now(), now(), now() - $2::text::interval RETURNING 1",
        FRONT,
        ago,
        state,
        str(texter),
    )


async def test_without_the_setting_there_is_no_page(house: House) -> None:
    for path in ("/public", "/public.json"):
        assert (await house.get(path))[0] == 404


async def test_it_counts_who_was_answered_in_seven_days_and_nobody_twice(shown: House) -> None:
    await answered(shown, "1 hour", texter=1)
    await answered(shown, "6 days", texter=2)
    await answered(shown, "5 days", texter=2)
    await answered(shown, "8 days", texter=3)
    await answered(shown, "1 hour", "refused", texter=4)
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


def purse(limit: int | None, spent: int = 0, runway: float = inf) -> PurseFigures:
    """Limit and spent in hundreds of parts; a part is one millionth."""
    whole = None if limit is None else limit * 100
    return PurseFigures(limit=whole, reserved=0, spent=spent * 100, overrun=0, runway=runway, origin="file")


@pytest.mark.parametrize(
    ("limit", "spent", "day", "runway", "hours"),
    [
        (None, 5, 5, inf, None),
        (20, 0, 0, inf, None),
        (20, 10, 10, inf, 24.0),
        (20, 10, 10, 7_200.0, 2.0),
        (20, 10, 240, 7_200.0, 1.0),
        (20, 20, 10, 0.0, 0.0),
        (0, 0, 0, 0.0, 0.0),
    ],
)
def test_the_faster_pace_counts(
    limit: int | None, spent: int, day: int, runway: float, hours: float | None
) -> None:
    purses = {"total": purse(limit, spent, runway), "twilio": purse(None)}
    assert lasting(purses, {"twilio": 1}, day * 100).hours == hours


@pytest.mark.parametrize(
    ("own", "others", "hours"),
    [(0, 0, 0.0), (2, 0, 24.0), (2, 3, 60.0), (50, 50, 216.0), (None, 0, 216.0)],
)
def test_what_no_account_may_spend_does_not_count(own: int | None, others: int, hours: float) -> None:
    purses = {"total": purse(20, 2), "twilio": purse(own), "ovh": purse(others)}
    assert lasting(purses, {"twilio": 1, "ovh": 1}, 200).hours == hours


@pytest.mark.parametrize(
    ("own", "renewal", "hours", "back"),
    [
        (2, None, 24.0, None),  # as it stands
        (2, Renewal(3 * 3_600, 86_400), 216.0, None),  # filled anew at midnight, and each day lasts
        (2, Renewal(30 * 3_600, 86_400), 24.0, 30 * 3_600.0),  # it runs out before
        (1, Renewal(3 * 3_600, 86_400), 15.0, None),  # tomorrow it lasts for half a day
        (0, Renewal(3 * 3_600, 86_400), 0.0, 3 * 3_600.0),
        (None, Renewal(3 * 3_600, 86_400), 216.0, None),
    ],
)
def test_what_may_be_spent_in_a_day_is_there_again_the_next_day(
    own: int | None, renewal: Renewal | None, hours: float, back: float | None
) -> None:
    purses = {"total": purse(20, 2), "twilio": purse(own)}
    found = lasting(purses, {"twilio": 1}, 200, {} if renewal is None else {"twilio": renewal})
    assert found == (hours, back)


def test_an_account_that_may_not_carry_counts_for_nothing() -> None:
    purses = {"total": purse(20, 2), "twilio": purse(2), "ovh": purse(None)}
    assert lasting(purses, {"twilio": 1}, 200).hours == 24.0


def test_a_few_answers_are_no_pace() -> None:
    purses = {"total": purse(20), "twilio": purse(None)}
    assert lasting(purses, {"twilio": 1}, 19).hours is None
    assert lasting(purses, {"twilio": 1}, 20).hours is not None


async def _learnt(house: House) -> dict[str, Any]:
    """What the page tells once the router knows what is ordered."""
    house.office.learn(await Accounts(house.pool).facts())
    return await told(house)


async def test_with_every_account_cut_it_does_not_say_that_it_answers(shown: House) -> None:
    for account in ("twilio", "ovh"):
        await order(shown.pool, "cut", account, "", by="tests")
    found = await _learnt(shown)
    assert (found["answering"], found["money"]) == (False, "enough")
    page = (await shown.get("/public"))[1]
    assert "Nobody is answered just now" in page
    assert "Money for" not in page


async def test_with_the_purses_of_all_accounts_empty_the_money_is_spent(shown: House) -> None:
    await shown.rows("UPDATE purse SET cap = 0, unlimited = false WHERE name <> 'total' RETURNING 1")
    await shown.rows("UPDATE purse_window SET cap = 0, unlimited = false WHERE purse <> 'total' RETURNING 1")
    found = await _learnt(shown)
    assert (found["answering"], found["money"], found["hours_left"]) == (False, "spent", 0.0)
    assert "The money is spent" in (await shown.get("/public"))[1]


async def test_while_texts_wait_that_nobody_takes_it_does_not_say_that_it_answers(
    shown: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "KEPT", -1.0)
    await shown.text("words")
    assert (await _learnt(shown))["answering"] is True
    await shown.rows("UPDATE reply SET received_at = received_at - interval '2 minutes' RETURNING 1")
    for _ in range(200):  # figures are kept for a second
        if not (await told(shown))["answering"]:
            break
        await asyncio.sleep(0.05)
    assert "This number does not answer" not in (await shown.get("/public"))[1]  # its own title stays
    assert "Nobody is answered just now" in (await shown.get("/public"))[1]


async def test_without_a_place_to_give_nobody_is_asked_to(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path, operator=TOKEN, public=Public()) as house:
        assert (await told(house))["answering"] is True
        page = (await house.get("/public"))[1]
        assert "This number answers" in page
        assert not re.search("Gifts|Help|class=appeal", page)
    assert _appeal(Told(**{**_SHORT, "donation_url": None})) == "public.short.plain"
    assert _appeal(Told(**{**_SHORT, "donation_url": "https://example.org"})) == "public.short"
    until: dict[str, Any] = {"again_at": datetime(2026, 12, 1, tzinfo=UTC), "donation_url": None}
    assert _appeal(Told(**_SHORT, **until)) == "public.short.until"
    assert _appeal(Told(**{**_SHORT, **until, "money": "spent"})) == "public.empty.until"


async def test_the_time_is_that_of_the_settings(shown: House) -> None:
    assert re.search(r"As of \d\d:\d\d CES?T", (await shown.get("/public"))[1])


_SHORT: dict[str, Any] = {
    "title": None,
    "at": datetime(2026, 11, 30, tzinfo=UTC),
    "answering": True,
    "answered_in_seven_days": 1,
    "money": "short",
    "hours_left": 2.0,
}

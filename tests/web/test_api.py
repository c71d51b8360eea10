"""The operator's API and console: who gets in, what orders do, and that nothing from a text can run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from router.postgres.accounts import Accounts
from router.rules.health import Operator
from router.web import Bubble, Phone, console
from router.web.console import FILES, PLACE, VERSION, read
from tests.web.house import FRONT, TEXTER, House, open_house

OPERATOR = "0perator-token-of-the-tests"
CUT = "/api/v1/accounts/twilio/cut"
GUARDED = ("/api/v1/health", "/api/v1/accounts", "/api/v1/budget", "/metrics", "/metrics/state")
HERE = Path(console.__file__).parent
BEARER = {"Authorization": f"Bearer {OPERATOR}"}


@pytest.fixture
async def locked(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose operator has a token."""
    async with open_house(database, tmp_path, operator=OPERATOR) as house:
        yield house


@pytest.fixture
async def stage(database: str, tmp_path: Path) -> AsyncIterator[tuple[House, list[tuple[str, str, str]]]]:
    """A house of a demo, and what was texted through its telephone."""
    texted: list[tuple[str, str, str]] = []

    async def text(to: str, sender: str, body: str) -> str:
        texted.append((to, sender, body))
        return "its-id"

    def conversation(number: str) -> list[Bubble]:
        at = datetime(2017, 10, 21, tzinfo=UTC)
        return [Bubble(direction="in", text=body, at=at) for _, sender, body in texted if sender == number]

    async with open_house(database, tmp_path, phone=Phone(text, conversation)) as house:
        yield house, texted


async def post(house: House, path: str, said: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
    async with house.session.post(house.url + path, json=said or {}, **more) as answer:
        return answer.status, await answer.json()


async def operator_said(house: House) -> Operator:
    return (await Accounts(house.pool).state("twilio"))[0].operator


@pytest.mark.parametrize("path", GUARDED)
async def test_without_the_token_nothing_is_shown(locked: House, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {OPERATOR}"}):
        status, said = await locked.get(path, headers=headers)
        assert status == 401
        assert '"do"' in said
    assert (await locked.get(path, headers=BEARER))[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/metrics/state"])
async def test_who_knows_the_token_may_call_the_machine_by_any_name(locked: House, path: str) -> None:
    named = {"Host": "router:8080"}
    assert (await locked.get(path, headers=BEARER | named))[0] == 200
    assert (await locked.get(path, headers=named))[0] == 401


async def test_a_token_that_is_no_text_is_a_wrong_token(locked: House) -> None:
    host, port = locked.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    async with asyncio.timeout(10):
        assert (await reader.readline()).split()[1] == b"401"
    writer.close()
    await writer.wait_closed()


async def test_without_the_comparison_any_token_opens(locked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.web.guard.hmac.compare_digest", lambda _a, _b: True)
    with pytest.raises(AssertionError):
        await test_without_the_token_nothing_is_shown(locked, "/api/v1/health")


async def test_probes_and_the_page_ask_for_no_token(locked: House) -> None:
    for path in (
        "/healthz",
        "/readyz",
        "/",
        "/console/console.js",
        "/console/words.fr.json",
        "/api/openapi.json",
    ):
        assert (await locked.get(path))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.org"},
        {"Host": "["},
        {"X-Forwarded-For": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
    ],
)
async def test_without_a_token_set_only_this_machine_asks_by_its_own_name(
    house: House, headers: dict[str, str]
) -> None:
    assert (await house.get("/api/v1/health"))[0] == 200
    assert (await house.get("/api/v1/health", headers=headers))[0] == 403


async def test_an_order_cuts_pins_and_restores_and_is_kept_as_history(locked: House) -> None:
    for order, now in (("cut", Operator.CUT), ("pin", Operator.PIN), ("restore", Operator.NONE)):
        status, said = await post(locked, f"/api/v1/accounts/twilio/{order}", headers=BEARER)
        assert (status, said["operator"]) == (200, now.value)
        assert await operator_said(locked) is now
    rows = await locked.rows("SELECT by FROM health_history")
    assert [row["by"] for row in rows] == ["operator"] * 3
    rows = await locked.rows("SELECT what, by FROM operator_action ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (f"account {verb}", "console") for verb in ("cut", "pin", "restore")
    ]


async def _foreign_page_orders_nothing(house: House) -> None:
    for foreign in ("https://evil.example.org", "null", "https://["):
        assert (await post(house, CUT, headers={"Origin": foreign}))[0] == 403
    async with house.session.post(house.url + CUT, data={"a": "b"}) as answer:
        assert answer.status == 415
    assert await operator_said(house) is Operator.NONE


async def test_a_foreign_page_orders_nothing(house: House) -> None:
    await _foreign_page_orders_nothing(house)


async def test_without_the_check_a_foreign_page_cuts_the_account(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.web.guard._lured", lambda _request: None)
    with pytest.raises(AssertionError):
        await _foreign_page_orders_nothing(house)


async def test_the_console_may_order(house: House) -> None:
    assert (await post(house, CUT, headers={"Origin": house.url}))[0] == 200


async def test_an_unknown_account_is_not_found_and_says_what_to_do(house: House) -> None:
    status, said = await post(house, "/api/v1/accounts/nobody/cut")
    assert status == 404
    assert "/api/v1/accounts" in said["do"]


async def test_stalled_answering_shows_with_its_cause(house: House) -> None:
    await house.text("Salut")
    await house.rows("UPDATE reply SET received_at = received_at - interval '5 min' RETURNING 1")
    await post(house, CUT)
    async with house.session.get(house.url + "/api/v1/health") as answer:
        health = await answer.json()
    assert health["status"] == "stalled"
    assert health["oldest_ready_seconds"] >= 300
    assert health["because"] == ["account twilio is operator_cut"]


async def test_an_empty_purse_is_a_cause(house: House) -> None:
    await house.rows("UPDATE purse SET cap = 0 WHERE name = 'total' RETURNING 1")
    async with house.session.get(house.url + "/api/v1/health") as answer:
        assert (await answer.json())["because"] == ["purse total is empty"]


async def test_the_budget_is_told_in_exact_amounts(house: House) -> None:
    async with house.session.get(house.url + "/api/v1/budget") as answer:
        said = await answer.json()
    purses = {purse["name"]: purse for purse in said["purses"]}
    assert said["currency"] == "EUR"
    assert (purses["total"]["limit"], purses["ovh"]["limit"]) == ("20.000000", None)
    assert purses["twilio"]["period"] == "day"


async def test_a_closed_sender_shows_by_name_and_never_by_digits(house: House) -> None:
    await house.rows(
        "INSERT INTO health (account, sender, status, reason, version, changed_at) VALUES"
        " ('twilio', $1, 'cut_off', 'sender_lost', 1, now()), ('twilio', '+33999', 'slow', 'slow', 1, now())"
        " RETURNING 1",
        FRONT,
    )
    async with house.session.get(house.url + "/api/v1/accounts") as answer:
        [twilio] = [one for one in (await answer.json())["accounts"] if one["name"] == "twilio"]
    assert {sender["name"] for sender in twilio["senders"]} == {"front", "another number"}


async def test_an_account_whose_pause_is_over_is_open_again_on_every_page(house: House) -> None:
    await house.rows(
        "INSERT INTO health (account, sender, status, reason, not_before, version, changed_at) VALUES"
        " ('twilio', '', 'throttled', 'throttled', now() - interval '1 s', 1, now() - interval '1 min'),"
        " ('ovh', '', 'throttled', 'throttled', now() + interval '1 h', 1, now()) RETURNING 1"
    )
    async with house.session.get(house.url + "/api/v1/accounts") as answer:
        said = {one["name"]: (one["state"], one["reason"]) for one in (await answer.json())["accounts"]}
    assert said == {"twilio": ("open", ""), "ovh": ("throttled", "throttled")}
    metrics = (await house.get("/metrics/state"))[1]
    assert 'paravent_account_state{account="twilio",state="open"} 1.0' in metrics


async def test_the_openapi_document_is_valid_and_names_every_path(house: House) -> None:
    async with house.session.get(house.url + "/api/openapi.json") as answer:
        document = await answer.json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert {"/api/v1/health", "/api/v1/accounts/{name}/cut", "/api/v1/texts"} <= document["paths"].keys()


async def test_outside_a_demo_there_is_no_telephone(house: House) -> None:
    for path in ("/api/v1/numbers", "/api/v1/conversations?number=x"):
        assert (await house.get(path))[0] == 404


async def test_in_a_demo_a_text_is_sent_and_the_conversation_seen(
    stage: tuple[House, list[tuple[str, str, str]]],
) -> None:
    house, texted = stage
    words = "<img src=x onerror=alert(1)>"
    status, _ = await post(house, "/api/v1/texts", {"to": FRONT, "sender": TEXTER, "text": words})
    assert status == 202
    assert texted == [(FRONT, TEXTER, words)]
    async with house.session.get(house.url + "/api/v1/conversations", params={"number": TEXTER}) as answer:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert [bubble["text"] for bubble in (await answer.json())["bubbles"]] == [words]
    status, said = await post(house, "/api/v1/texts", {"to": "x", "sender": TEXTER, "text": "Salut Kevin"})
    assert (status, said["error"]) == (422, "wrong: to")


async def test_the_page_runs_nothing_but_its_own_script(house: House) -> None:
    async with house.session.get(house.url + "/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = await answer.text()
        assert "Server" not in answer.headers
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|style=|\son\w+=|https?://", page)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js") and "/" not in name])
def test_no_script_puts_a_text_into_markup(name: str) -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function"
    assert not re.search(markup, read(name).decode())


async def test_every_file_of_the_page_is_served_and_not_sent_twice(house: House) -> None:
    lying = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*") if path.is_file()}
    assert {name for name in lying if not name.endswith((".py", ".pyc"))} == {*FILES, "index.html"}
    for name in FILES:
        async with house.session.get(f"{house.url}/console/{name}") as answer:
            assert (answer.status, await answer.read()) == (200, read(name))
        known = {"If-None-Match": answer.headers["ETag"]}
        assert (await house.get(f"/console/{name}", headers=known))[0] == 304


async def test_the_page_names_files_that_are_kept_for_good_and_sent_packed(house: House) -> None:
    page = (await house.get("/"))[1]
    named = set(re.findall(r'"(/console/[^"]+)"', page))
    assert all(each.startswith(PLACE) for each in named)
    modules = {name for name in FILES if name.endswith(".js") and "/" not in name}
    assert {each.removeprefix(PLACE) for each in named} >= modules
    drawing = f"{PLACE}uplot/uPlot.iife.min.js"
    whole, packed = [
        await sent(house, drawing, coding) for coding in ("identity, gzip;q=0", "deflate, gzip;q=0.5")
    ]
    assert (whole[1], packed[1]) == (None, "gzip")
    assert packed[0] < 0.5 * whole[0]
    assert {whole[2], packed[2]} == {"public, max-age=31536000, immutable"}
    assert whole[3] != packed[3]


async def test_a_page_of_another_version_finds_its_files_but_not_for_good(house: House) -> None:
    other = "0" * len(VERSION)
    assert (await sent(house, f"/console/{other}/console.js", "gzip"))[2] == "no-cache"
    assert (await house.get(f"/console/{VERSION}/nothing.js"))[0] == 404


async def sent(house: House, path: str, coding: str) -> tuple[int, str | None, str, str]:
    """How many bytes a file is when it is sent, as what, for how long, and by which tag."""
    headers = {"Accept-Encoding": coding}
    async with house.session.get(house.url + path, headers=headers) as answer:
        assert (answer.status, answer.headers["Vary"]) == (200, "Accept-Encoding")
        size, kept = int(answer.headers["Content-Length"]), answer.headers["Cache-Control"]
        return size, answer.headers.get("Content-Encoding"), kept, answer.headers["ETag"]

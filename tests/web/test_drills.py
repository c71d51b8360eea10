"""Drills that were kept beside the router: listed, shown as paper by a link, and nothing else is."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from router.web import guard, shelf
from tests.web.house import House, open_house

TOKEN = "0perator-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def put(house: House, name: str, page: str) -> None:
    house.settings.data.mkdir(exist_ok=True)
    shelf.put(house.settings.drills, name, page)


async def listed(house: House, **more: Any) -> list[dict[str, str]]:
    status, said = await house.get("/api/v1/drills", **more)
    assert status == 200
    found: list[dict[str, str]] = json.loads(said)["drills"]
    return found


async def test_a_drill_that_was_kept_is_listed_and_shown(house: House) -> None:
    assert await listed(house) == []
    french = '<h1 lang="fr">7 personnes sur 7 &amp; Cie.</h1>'
    put(house, "viral-seed-1", f'<!doctype html>{french}<h1 lang="en">7 of 7 people &amp; co.</h1>')
    put(house, "weekend-seed-1", "<!doctype html><h1>old</h1>")
    assert [each["headline"] for each in await listed(house)] == ["old", "7 of 7 people & co."]
    put(house, "weekend-seed-1", "<!doctype html><h1>9 of 9</h1><script>alert(1)</script>")
    os.utime(house.settings.drills / "viral-seed-1.html", (1, 1))
    kept = [tuple(each[of] for of in ("name", "headline", "headline_fr")) for each in await listed(house)]
    assert kept == [
        ("weekend-seed-1", "9 of 9", ""),
        ("viral-seed-1", "7 of 7 people & co.", "7 personnes sur 7 & Cie."),
    ]
    async with house.session.get(house.url + (await listed(house))[0]["page"]) as page:
        assert page.status == 200
        assert page.content_type == "text/html"
        words = await page.text()
        assert "9 of 9" in words
        assert "<script" not in words  # it may not run here: a browser would say so
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
        assert policy.endswith("sandbox")


async def test_only_the_last_are_listed(house: House) -> None:
    for number in range(23):
        put(house, f"weekend-seed-{number}", "<h1>x</h1>")
        os.utime(house.settings.drills / f"weekend-seed-{number}.html", (number, number))
    assert [each["name"] for each in await listed(house)] == [
        f"weekend-seed-{number}" for number in range(22, 2, -1)
    ]


@pytest.mark.parametrize("name", ["none", "..%2fenvironment", "%2e%2e%2frunning.json", "weekend-seed-1.html"])
async def test_nothing_but_a_kept_page_is_shown(house: House, name: str) -> None:
    put(house, "weekend-seed-1", "<h1>x</h1>")
    (house.settings.data / "environment.html").write_text("secret")
    status, said = await house.get(f"/api/v1/drills/{name}/page")
    assert status == 404
    assert "secret" not in said


async def _asked(house: House, link: str) -> int:
    return (await house.get(link))[0]


async def test_where_a_token_guards_it_a_page_opens_by_its_own_link_alone(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(database, tmp_path, operator=TOKEN) as house:
        put(house, "a b", "<h1>x</h1>")
        put(house, "weekend-seed-1", "<h1>x</h1>")
        assert await _asked(house, "/api/v1/drills") == 401
        first, second = (each["page"] for each in await listed(house, headers=BEARER))
        assert [await _asked(house, link) for link in (first, second)] == [200, 200]
        path, _, given = first.partition("?")
        until = int(re.findall(r"until=(\d+)", first)[0])
        for wrong in (
            path,
            f"{path}?until={until}",
            f"{path}?{given[:-1]}",
            f"{second.partition('?')[0]}?{given}",
            first.replace(str(until), str(until + 1)),
            f"{path}?until=x&pass=é",
            f"/api/v1/drills?{given}",
            f"/api/v1/budget?{given}",
        ):
            assert await _asked(house, wrong) == 401, wrong
        monkeypatch.setattr(guard, "PASS_LASTS", 0.0)
        late = (await listed(house, headers=BEARER))[0]["page"]
        assert await _asked(house, late) == 401


async def test_control_a_guard_that_looked_at_no_pass_would_be_found(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard.Guard, "_has_pass", lambda _self, request: "pass" in request.query)
    with pytest.raises(AssertionError, match="pass="):
        await test_where_a_token_guards_it_a_page_opens_by_its_own_link_alone(database, tmp_path, monkeypatch)


def test_a_folder_that_never_was_has_none(tmp_path: Path) -> None:
    assert shelf.drills(tmp_path / "drills") == []
    assert shelf.page(tmp_path / "drills", "weekend") is None

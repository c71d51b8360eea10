"""Drills that were kept beside the demo: listed, shown as paper, and nothing else is given away."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import pytest

from router.stage import shelf
from router.web.terms import Phone
from tests.web.house import open_house


async def _text(_to: str, _sender: str, _body: str) -> str:
    return "its-id"


def _phone(home: Path) -> Phone:
    return Phone(_text, lambda _: (), drills=partial(shelf.drills, home), page=partial(shelf.page, home))


async def test_a_drill_that_was_kept_is_listed_and_shown(database: str, tmp_path: Path) -> None:
    home = tmp_path / "demo"
    french = '<h1 lang="fr">7 personnes sur 7 &amp; Cie.</h1>'
    shelf.put(home, "viral-seed-1", f'<!doctype html>{french}<h1 lang="en">7 of 7 people &amp; co.</h1>')
    shelf.put(home, "weekend-seed-1", "<!doctype html><h1>old</h1>")
    shelf.put(home, "weekend-seed-1", "<!doctype html><h1>9 of 9</h1><script>alert(1)</script>")
    os.utime(home / "drills" / "viral-seed-1.html", (1, 1))
    async with open_house(database, tmp_path, phone=_phone(home)) as house:
        status, said = await house.get("/api/v1/drills")
        assert status == 200
        kept = [
            tuple(each[of] for of in ("name", "headline", "headline_fr"))
            for each in json.loads(said)["drills"]
        ]
        assert kept == [
            ("weekend-seed-1", "9 of 9", ""),
            ("viral-seed-1", "7 of 7 people & co.", "7 personnes sur 7 & Cie."),
        ]
        async with house.session.get(f"{house.url}/api/v1/drills/weekend-seed-1/page") as page:
            assert page.status == 200
            assert page.content_type == "text/html"
            assert "9 of 9" in await page.text()
            policy = page.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
            assert policy.endswith("sandbox")


@pytest.mark.parametrize("name", ["none", "..%2fenvironment", "%2e%2e%2frunning.json", "weekend-seed-1.html"])
async def test_nothing_but_a_kept_page_is_shown(database: str, tmp_path: Path, name: str) -> None:
    home = tmp_path / "demo"
    shelf.put(home, "weekend-seed-1", "<h1>x</h1>")
    (home / "environment.html").write_text("secret")
    async with open_house(database, tmp_path, phone=_phone(home)) as house:
        status, said = await house.get(f"/api/v1/drills/{name}/page")
        assert status == 404
        assert "secret" not in said


async def test_outside_a_demo_there_are_no_drills(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        assert (await house.get("/api/v1/drills"))[0] == 404


def test_a_folder_that_was_never_a_demo_has_none(tmp_path: Path) -> None:
    assert shelf.drills(tmp_path / "demo") == []
    assert shelf.page(tmp_path / "demo", "weekend") is None

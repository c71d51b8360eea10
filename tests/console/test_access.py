"""Everybody can use the console: on a phone, by keyboard, by ear, in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from router.web.terms import Public
from tests.console.acting import answered_through, serious, text, themes
from tests.console.conftest import Demo, Opener
from tests.web.house import open_house

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE = {"width": 360, "height": 740}


async def test_a_narrow_screen_never_scrolls_sideways(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, viewport=PHONE)
    await expect(page.locator("#carriers li")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.get_by_role("button", name="Français").click()
    await expect(page.locator("#carriers-title")).to_have_text("Les opérateurs")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def _never_sideways_in_larger_letters(page: Page) -> None:
    await page.get_by_role("button", name="Français").click()
    await expect(page.locator("#carriers-title")).to_have_text("Les opérateurs")
    for size in ("130%", "200%"):
        await page.evaluate("(size) => { document.documentElement.style.fontSize = size }", size)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], size


async def test_larger_letters_never_scroll_a_phone_sideways(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, viewport=PHONE)
    await expect(page.locator("#carriers li")).to_have_count(3)
    await _never_sideways_in_larger_letters(page)


async def test_control_where_the_table_of_faults_pushes_they_do(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, viewport=PHONE)
    await expect(page.locator("#carriers li")).to_have_count(3)
    await page.locator(".levers").evaluate("(levers) => { levers.style.overflow = 'visible' }")
    with pytest.raises(AssertionError, match="130%"):
        await _never_sideways_in_larger_letters(page)


async def test_letters_of_twice_the_size_leave_every_figure_whole(demo: Demo, visit: Opener) -> None:
    """To media queries such letters are a screen of half the width."""
    page = await visit(demo.url, viewport={"width": 190, "height": 740})
    await expect(page.locator("#left")).to_contain_text("€")
    cut = "(figures) => figures.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.id)"
    figures = page.locator(".tile .figure")
    assert await figures.evaluate_all(cut) == []
    await page.locator("#tiles").evaluate("(tiles) => { tiles.style.gridTemplateColumns = '1fr 1fr' }")
    await page.locator("#tiles").evaluate("(tiles) => { tiles.style.width = '150px' }")
    assert "left" in await figures.evaluate_all(cut), "side by side they would be cut"


async def test_on_a_phone_what_is_broken_beside_send_is_seen_without_scrolling_back(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url, viewport=PHONE)
    send, lever = page.get_by_role("button", name="Send"), page.locator("#quick")
    await send.scroll_into_view_if_needed()
    away, beside = await send.bounding_box(), await lever.bounding_box()
    assert away
    assert beside
    assert beside["y"] - away["y"] < PHONE["height"] / 3
    await lever.click()
    await expect(lever).to_be_checked()
    await text(page)
    await answered_through(page, "Vonage")
    await expect(page.locator("#gist")).to_contain_text("Vonage carries")
    await expect(page.locator("#gist")).to_be_in_viewport()
    await page.evaluate("scrollTo(0, 0)")
    await expect(page.locator("#gist")).to_be_hidden()
    await expect(page.locator("#sentence")).to_be_in_viewport()


async def _tab_to(page: Page, name: str) -> None:
    for _ in range(80):
        await page.keyboard.press("Tab")
        if (
            await page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
            )
            == name
        ):
            return
    raise AssertionError(f"{name} is not reached by the Tab key")


async def test_the_keyboard_alone_texts_breaks_cuts_and_thinks_again(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    await _tab_to(page, "Send")
    await page.keyboard.press("Enter")
    await answered_through(page, "Twilio")
    await _tab_to(page, "Twilio: Account suspended")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("switch", name="Twilio: Account suspended")).to_be_checked()
    await page.keyboard.press("Space")
    await _tab_to(page, "Cut: Vonage")
    await page.keyboard.press("Enter")
    await expect(page.locator("#sure-no")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Cut: Vonage")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#carriers li").nth(1)).to_contain_text("Cut by you")


async def test_what_changes_is_read_aloud_and_what_ticks_is_not(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    aloud = page.locator("#aloud")
    await expect(aloud).to_contain_text("Texters are answered.")
    await demo.order("api/v1/accounts/vonage/cut")
    await expect(aloud).to_contain_text("Vonage is cut by you; OVH carries.")
    assert not re.search(r"[0-9€]", await aloud.inner_text())


async def test_nothing_serious_stands_in_anybodys_way(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, color_scheme="light")
    await demo.order("api/v1/accounts/twilio/cut")
    await expect(page.locator("#sentence")).to_contain_text("Twilio is cut by you; Vonage carries.")
    await text(page)
    await answered_through(page, "Vonage")
    assert await themes(page) == []
    await page.get_by_role("button", name="Top up: OVH").click()
    assert await serious(page) == []


async def test_what_stands_in_the_way_would_be_found(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    await page.evaluate("for (const each of document.querySelectorAll('label')) each.remove()")
    assert any("label" in each for each in await serious(page))


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_stands_in_the_way_of_whoever_looks_in_from_outside(
    database: str, visit: Opener, tmp_path: Path, theme: str
) -> None:
    public = Public(title=None, donation_url="https://example.org/give")
    async with open_house(database, tmp_path, public=public) as house:
        page = await visit(f"{house.url}/public", color_scheme=theme)
        await expect(page.get_by_role("link", name="Give")).to_be_visible()
        assert await serious(page) == []
        for looks in ("short", "spent", "silent", "unknown"):
            await page.locator("body").evaluate("(body, looks) => { body.className = looks; }", looks)
            assert await serious(page) == []

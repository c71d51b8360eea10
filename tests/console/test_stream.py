"""One stream of news at most, and never a dead one, whatever the tab and the network do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from playwright.async_api import Page, Route, expect

from router.web.console import read
from tests.console.conftest import PATIENCE, Demo, Opener
from tests.console.passage import Passage, passage

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]

TOGGLES = 7
_HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(PATIENCE // 20):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to hold")


async def instead(page: Page, what: str, by: str) -> None:
    """Serve another listen.js: with `by` in place of `what`."""
    script = read("listen.js").decode()
    assert what in script
    other = script.replace(what, by)

    async def served(route: Route) -> None:
        await route.fulfill(body=other, content_type="text/javascript")

    await page.route("**/listen.js", served)


def _more_turned_away(way: Passage, than: int) -> bool:
    return way.turned_away > than


async def _looked_away_while_shut(page: Page, way: Passage) -> None:
    await page.goto(way.url)
    await expect(page.locator("#live-words")).to_have_text("Live")
    way.close()
    for _ in range(TOGGLES):
        await page.evaluate(_HIDE, arg=True)
        before = way.turned_away
        await page.evaluate(_HIDE, arg=False)
        await until(partial(_more_turned_away, way, before))
    way.shut = False
    await until(lambda: way.streams > 0)


async def test_a_tab_that_comes_and_goes_while_the_router_is_away_listens_once(
    demo: Demo, visit: Opener
) -> None:
    async with passage(demo.url) as way:
        page = await visit("about:blank", quiet=True)  # a browser itself complains of what is refused
        await _looked_away_while_shut(page, way)
        await expect(page.locator("#live-words")).to_have_text("Live")
        most = 0
        for _ in range(60):
            most = max(most, way.streams)
            await asyncio.sleep(0.05)
        assert most == 1
        await page.get_by_role("button", name="Cut: OVH").click()
        await page.locator("#sure-yes").click()
        await expect(page.locator("#carriers li").nth(2)).to_contain_text("Cut by you")


async def test_loops_that_outlive_their_end_would_be_found(demo: Demo, visit: Opener) -> None:
    async with passage(demo.url) as way:
        page = await visit("about:blank", quiet=True)
        await instead(page, "while (!ended.aborted)", "for (;;)")
        await _looked_away_while_shut(page, way)
        await until(lambda: way.streams > 1)


async def _swallowed(page: Page, way: Passage, demo: Demo, patience: int = PATIENCE) -> None:
    await page.goto(way.url)
    await expect(page.locator("#live-words")).to_have_text("Live")
    await expect(page.locator("#sentence")).not_to_contain_text(
        "Vonage"
    )  # the news of the test before is over
    way.swallow()
    await demo.order("api/v1/accounts/vonage/cut")
    await expect(page.locator("#sentence")).to_contain_text("Vonage is cut by you", timeout=patience)


async def test_a_stream_that_fell_silent_is_left_for_another(demo: Demo, visit: Opener) -> None:
    async with passage(demo.url) as way:
        page = await visit("about:blank", quiet=True)
        await instead(page, "35_000", "1_500")
        await _swallowed(page, way, demo)
        await expect(page.locator("#live-words")).to_have_text("Live")


async def test_a_page_that_waited_for_ever_would_be_found(demo: Demo, visit: Opener) -> None:
    async with passage(demo.url) as way:
        page = await visit("about:blank", quiet=True)
        await instead(page, "setTimeout(leave, SILENT)", "0")
        with pytest.raises(AssertionError):
            await _swallowed(page, way, demo, 8_000)

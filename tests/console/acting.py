"""What a visitor does on the console, and waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.console.conftest import PATIENCE, Demo

expect.set_options(timeout=PATIENCE)


async def text(page: Page, words: str | None = None) -> None:
    """Text the first number."""
    if words is not None:
        await page.locator("#text").fill(words)
    await page.get_by_role("button", name="Send").click()


async def answered_through(page: Page, account: str) -> None:
    await expect(page.locator("#conversation .out .through").last).to_have_text(f"through {account}")


async def text_by_api(demo: Demo) -> None:
    done = await asyncio.to_thread(demo.paravent, "text", "+33353010003", "Salut c'est Kevin")
    assert done.code == 0


async def serious(page: Page) -> list[str]:
    """What stands in somebody's way on the page as it is shown."""
    return in_the_way((await Axe().run(page)).response)


def in_the_way(found: Any) -> list[str]:
    """Of all that axe found, what is serious."""
    return [
        f"{each['id']}: {node['html']}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


async def themes(page: Page) -> list[str]:
    """What does on light paper or on dark; the page is left as it was found."""
    found = await serious(page)
    await page.locator("#theme").click()
    found += await serious(page)
    await page.locator("#theme").click()
    return found

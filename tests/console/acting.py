"""What a visitor does on the console, and waits for."""

from __future__ import annotations

import asyncio

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

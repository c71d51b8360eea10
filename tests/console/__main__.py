"""Writes the README's pictures of the console, out of a demo of its own: ``python -m tests.console``."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.cli.paravent import ROOT, Paravent
from tests.console.conftest import FLAGS, PATIENCE

PICTURES = ROOT / "deploy" / "pictures"
LARGEST = 160_000
"""Bytes of one picture."""

DESK, PHONE = {"width": 1050, "height": 862}, {"width": 390, "height": 680}
_SECONDS = 15.0


async def _visit(browser: Browser, url: str, size: dict[str, int], locale: str, theme: str) -> Page:
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]  # it wants its own TypedDict
        locale=locale,
        color_scheme=theme,  # type: ignore[arg-type]  # light or dark
        reduced_motion="reduce",
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    await page.goto(url)
    await page.locator("#carriers li").first.wait_for()
    return page


async def _text(page: Page, through: str) -> None:
    await page.locator("#send button").click()
    await page.locator("#conversation .out", has_text=through).last.wait_for()


async def _keep(page: Page, name: str) -> None:
    path = PICTURES / f"console-{name}.png"
    await page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")
    if size > LARGEST:
        raise SystemExit(f"{path.name} is too large: {size:,} bytes of {LARGEST:,}")


async def pictures(url: str) -> None:
    """Break Twilio, watch Vonage take over, and keep what is seen."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("There is no chromium: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=[*FLAGS])
        desk = await _visit(browser, url, DESK, "en-GB", "light")
        phone = await _visit(browser, url, PHONE, "fr-FR", "dark")
        for number in range(3):
            await desk.locator("#numbers input").nth(number).check()
            await _text(desk, "through")
        await desk.locator("#numbers input").first.check()
        await desk.get_by_role("switch", name="Twilio: Unpaid bill").click()
        await _text(desk, "through Vonage")
        await desk.wait_for_timeout(_SECONDS * 1000)  # so that the lines have something to tell
        await desk.locator("#sentence .warn", has_text="Vonage carries").wait_for()
        await desk.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        await _keep(desk, "broken")
        await _keep(phone, "phone")
        await browser.close()


def main() -> None:
    """Run a demo, take the pictures, and end it."""
    with tempfile.TemporaryDirectory(prefix="paravent-pictures-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        with Paravent(folder).started("demo", "--port", 0, "--for", 3_600, until="It ends by itself"):
            asyncio.run(pictures(json.loads((folder / "demo" / "running.json").read_text())["console_url"]))


if __name__ == "__main__":
    main()

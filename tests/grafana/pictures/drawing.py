"""Draws dashboards in a headless Chromium with Grafana's own panel components."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Route, async_playwright

from tests.console.conftest import FLAGS

HERE = Path(__file__).parent
DESK, PHONE = 1280, 400
"""Widths, in pixels."""

_FONTS = {
    f"public/fonts/inter/Inter-{name}.woff2": f"inter-latin-{weight}-normal.woff2"
    for name, weight in (("Regular", 400), ("Medium", 500))
}
"""Where Grafana's styles look for letters, and as what npm has them."""

_SITE = "http://grafana.invalid/"
_PATIENCE = 30_000
_PAGE = """<!doctype html><html><meta charset="utf-8">
<link rel="stylesheet" href="panels.css"><style>body { margin: 0 }</style>
<body><div id="dashboard"></div><script>window.DRAWN = %s</script><script src="panels.js"></script>
</body></html>"""
_INSTALL = (
    "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock",
    "--legacy-peer-deps",  # some of its parts ask for an older React than Grafana itself
)  # fmt: skip
_BUNDLE = (
    "node_modules/.bin/esbuild", "panels.jsx", "--bundle", "--minify", "--format=iife", "--jsx=automatic",
    "--outfile=out/panels.js", '--define:process.env.NODE_ENV="production"', "--loader:.ttf=empty",
    "--alias:react-custom-scrollbars-2=./scrollbars.js", "--log-level=error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What is not right with a dashboard that was drawn.

    Args:
        complaints: Errors of the page.
        empty: Titles of panels that had nothing to show.
        cut: Titles that did not fit.
    """

    complaints: list[str]
    empty: list[str]
    cut: list[str]


_EMPTY = """[...document.querySelectorAll('[data-drawn=empty]')]
    .map(drawn => drawn.closest('[data-panel]').dataset.panel)"""
_CUT = """[...document.querySelectorAll('[data-panel] h2')]
    .filter(title => title.scrollWidth > title.clientWidth).map(title => title.textContent)"""


@dataclass(frozen=True, slots=True)
class Studio:
    """A browser, and what it draws with."""

    browser: Browser
    kit: Path

    async def draw(self, told: dict[str, Any], path: Path, *, width: int, dark: bool, part: int = 0) -> Seen:
        """Draw a dashboard, and answer what is not right with it.

        Args:
            told: What `answers.answered` made.
            path: Where to put the picture, PNG.
            width: Of the screen; a narrow one draws panels below each other, as Grafana does.
            dark: Grafana's dark theme.
            part: Pixels from the top that are kept; 0: all.
        """
        context = await self.browser.new_context(
            viewport={"width": width, "height": part or 200}, locale="en-GB", timezone_id="Europe/Paris"
        )
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(complaints, said.type, said.text))
        drawn = json.dumps({**told, "phone": width < 768, "dark": dark}).replace("</", "<\\/")
        await page.route("**/*", lambda route: self._serve(route, _PAGE % drawn))
        await page.goto(_SITE)
        await self._drawn(page, len(told["board"]["panels"]))
        await page.screenshot(path=path, full_page=not part)
        empty, cut = await page.evaluate(_EMPTY), await page.evaluate(_CUT)
        await context.close()
        return Seen(complaints, empty, cut)

    async def _drawn(self, page: Page, panels: int) -> None:
        ready = f"document.querySelectorAll('[data-panel] [data-drawn]').length === {panels}"
        await page.wait_for_function(ready, timeout=_PATIENCE)
        await page.evaluate("document.fonts.ready.then(() => undefined)")
        await page.wait_for_timeout(500)  # icons come in by themselves

    async def _serve(self, route: Route, page: str) -> None:
        name = route.request.url.removeprefix(_SITE).partition("?")[0]
        if not name:
            await route.fulfill(body=page, content_type="text/html")
            return
        modules = self.kit / "node_modules"
        if name in _FONTS:
            file = modules / "@fontsource/inter/files" / _FONTS[name]
        elif name.startswith("public/"):
            file = modules / "@grafana/ui/dist" / name.replace("public/build/", "public/")
        else:
            file = self.kit / "out" / name
        await (route.fulfill(path=file) if file.is_file() else route.abort())


@asynccontextmanager
async def studio() -> AsyncIterator[Studio]:
    """A browser with everything to draw with; the first time, npm gets it (a minute)."""
    kit = _kit()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("There is no chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        yield Studio(browser, kit)
        await browser.close()


def _kit() -> Path:
    """Grafana's components, bundled with the page, in a folder of the user's cache."""
    if shutil.which("npm") is None:
        raise SystemExit("There is no npm: apt-get install nodejs npm")
    kit = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paravent-grafana"
    kit.mkdir(parents=True, exist_ok=True)
    wanted, had = HERE / "package.json", kit / "had.json"
    if not had.exists() or had.read_bytes() != wanted.read_bytes():
        shutil.copy(wanted, kit)
        subprocess.run(_INSTALL, cwd=kit, check=True, timeout=900, stdout=subprocess.DEVNULL)
        shutil.copy(wanted, had)
    for name in ("panels.jsx", "scrollbars.js"):
        shutil.copy(HERE / name, kit)
    subprocess.run(_BUNDLE, cwd=kit, check=True, timeout=120)
    return kit


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind == "error":
        complaints.append(text)

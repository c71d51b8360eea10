"""A drill's page in a real browser: it fits a phone, speaks the reader's language, and is for everybody."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from router.stage.drill.page import page
from router.stage.drill.tale import Tale
from tests.console.acting import in_the_way
from tests.console.conftest import FLAGS

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("evening")]


@pytest.mark.require("browser")
def test_the_page_speaks_the_readers_language_and_the_other_by_a_click(evening: Tale, tmp_path: Path) -> None:
    file = tmp_path / "evening.html"
    file.write_text(page([evening]), encoding="utf-8")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS])
        for locale, own, other, scripts in (
            ("fr-FR", "fr", "en", True), ("en-GB", "en", "fr", True), ("de-DE", "en", "fr", True),
            ("fr-FR", "en", "fr", False),  # the control: where no script runs
        ):  # fmt: skip
            sheet = browser.new_context(locale=locale, java_script_enabled=scripts).new_page()
            sheet.goto(file.as_uri())
            expect(sheet.locator("h1:visible")).to_have_attribute("lang", own)
            sheet.locator(".other:visible a").click()
            expect(sheet.locator("h1:visible")).to_have_attribute("lang", other)
        browser.close()


@pytest.mark.require("browser")
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_fits_a_phone(evening: Tale, tmp_path: Path, language: str) -> None:
    rich = replace(
        evening, money=replace(evening.money, spent=1_234_567_890_123_456, naive=1_234_567_890_000)
    )
    file = tmp_path / "evening.html"
    file.write_text(page([rich, rich]), encoding="utf-8")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS])
        sheet = browser.new_page(viewport={"width": 390, "height": 844})
        sheet.goto(f"{file.as_uri()}#{language}")
        assert sheet.locator("h1:visible").get_attribute("lang") == language
        assert sheet.evaluate("document.documentElement.scrollWidth") == 390
        swipe = sheet.locator(f"#{language} .swipe").first
        scroll = sheet.locator(f"#{language} figure .scroll").first
        assert scroll.evaluate("each => each.scrollWidth > each.clientWidth") is swipe.is_visible() is True
        cards = f"[...document.querySelectorAll('#{language} .card')]"
        wide = f"{cards}.filter(each => each.scrollWidth > each.clientWidth).length"
        kept = f"[...document.querySelectorAll('#{language} td.kept')]"
        lines = """each => { const found = document.createRange(); found.selectNodeContents(each);
            return found.getClientRects().length; }"""
        assert sheet.evaluate(f"{kept}.map({lines})") == [1] * len(rich.promises)
        assert sheet.evaluate(wide) == 0
        sheet.add_style_tag(content="td, .card b { overflow-wrap: normal; white-space: nowrap }")
        assert sheet.evaluate("document.documentElement.scrollWidth") > 390  # the control
        assert sheet.evaluate(wide) > 0
        sheet.set_viewport_size({"width": 1280, "height": 844})
        assert scroll.evaluate("each => each.scrollWidth > each.clientWidth") is swipe.is_visible() is False
        browser.close()


@pytest.mark.require("browser")
def test_nothing_on_the_page_stands_in_anybodys_way(evening: Tale, tmp_path: Path) -> None:
    file = tmp_path / "evening.html"
    file.write_text(page([evening, evening]), encoding="utf-8")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS])
        sheet = browser.new_page(viewport={"width": 390, "height": 844})
        sheet.goto(file.as_uri())
        for theme in ("light", "dark"):
            sheet.emulate_media(color_scheme=theme)
            assert in_the_way(Axe().run(sheet).response) == []
        sheet.add_style_tag(content="td { color: var(--rule) }")
        assert in_the_way(Axe().run(sheet).response) != []  # the control
        browser.close()

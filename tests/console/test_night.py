"""What a night leaves on the page: evidence of it, and the page of a drill."""

from __future__ import annotations

import re
import zipfile

import pytest
from playwright.async_api import expect

from router.stage.drill.page import page
from router.web import shelf
from tests.console.acting import answered_through, text
from tests.console.conftest import Demo, Opener
from tests.stage.evening import nothing

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_evidence_is_made_after_asking_and_kept_by_the_browser(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await text(page)
    await answered_through(page, "Twilio")
    await page.get_by_label("For whom or what").fill("the complaint")
    await page.get_by_role("button", name="Make the file").click()
    await expect(page.locator("#sure")).to_contain_text("For: the complaint.")
    async with page.expect_download() as kept:
        await page.locator("#sure-yes").click()
    file = await kept.value
    assert re.fullmatch(r"evidence-\d{8}-\d{4}\.zip", file.suggested_filename)
    assert zipfile.is_zipfile(await file.path())
    await expect(page.locator("#told")).to_contain_text("The file is made")
    await expect(page.locator("#deeds li").first).to_contain_text(
        "exported an evidence folder for the complaint (without numbers and words)"
    )


async def test_both_days_of_a_period_are_named_where_it_is_more_than_today(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    ends = await page.locator("#evidence-to").input_value()
    for began, said in (
        (
            await page.locator("#evidence-from").input_value(),
            r"of \w+ \w+, \d\d:\d\d to \w+ \w+, \d\d:\d\d\?",
        ),
        (f"{ends[:10]}T00:00", r"of 00:00 to \d\d:\d\d\?"),
    ):
        await page.locator("#evidence-from").fill(began)
        await page.locator("#evidence-whom").fill("the complaint")
        await page.locator("#evidence-form button").click()
        await expect(page.locator("#sure")).to_contain_text(re.compile(said))
        await page.keyboard.press("Escape")


async def test_a_drill_that_was_kept_is_read_from_the_page(demo: Demo, visit: Opener) -> None:
    folder = demo.paravent.folder / "demo" / "drills"
    shelf.put(
        folder, "weekend-seed-1", "<!doctype html><title>x</title><h1>9 of 9 people were answered.</h1>"
    )
    page = await visit(demo.url)
    await expect(page.locator("#drills li", has_text="9 of 9 people were answered.")).to_be_visible()
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="weekend seed 1").click()
    paper = await opened.value
    await expect(paper.locator("h1")).to_have_text("9 of 9 people were answered.")


async def test_a_drill_is_told_in_the_reader_s_language_and_in_the_other_by_a_click(
    demo: Demo, visit: Opener
) -> None:
    folder = demo.paravent.folder / "demo" / "drills"
    shelf.put(folder, "viral-seed-1-scale-0.05", page([nothing()]))
    for locale, headline, name, first, other in (
        ("fr-FR", "0 personne sur 0 a eu une réponse.", "viral, graine 1, échelle 0,05", "fr", "en"),
        ("en-GB", "0 of 0 people were answered.", "viral, seed 1, scale 0.05", "en", "fr"),
    ):
        console = await visit(demo.url, locale=locale)
        await expect(console.locator(f"#drills li p[lang={first}]", has_text=headline)).to_be_visible()
        async with console.context.expect_page() as opened:
            await console.get_by_role("link", name=name).click()
        paper = await opened.value
        await expect(paper.locator(f"#{first} h1")).to_have_text(headline)
        await expect(paper.locator("h1:visible")).to_have_count(1)
        await paper.locator(f"#{first} .other a").press("Enter")
        await expect(paper.locator("h1:visible")).to_have_attribute("lang", other)

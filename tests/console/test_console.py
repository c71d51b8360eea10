"""The console in a real browser: what a volunteer does with it, and what a stranger cannot."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from router.web import events, shelf
from router.web.console import PLACE, read
from tests.console.acting import answered_through, text, text_by_api, themes
from tests.console.conftest import PATIENCE, Demo, Opener
from tests.web.house import House, open_house

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]

HOSTILE = "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\">"
TOKEN = "0perator-token-of-the-tests"


async def test_a_text_from_the_phone_is_answered_and_the_money_ticks(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#left")).to_have_text(re.compile("€"))
    before = await page.locator("#left").inner_text()
    await text(page)
    await answered_through(page, "Twilio")
    await expect(page.locator("#left")).not_to_have_text(before)
    await expect(page.locator("#left-more")).to_contain_text(
        "of answers in 24 hours, receiving not counted"
    )  # one text is no pace
    await expect(page.locator("#sentence")).to_contain_text("left.")
    await expect(page.locator("#answers")).not_to_have_text("0")
    await expect(page.locator("#sentence")).to_contain_text("Texters are answered.")
    await expect(page.locator("#decisions li").first).to_contain_text("poster: answered by Twilio")
    await expect(page.locator(".chart canvas")).to_have_count(4)


async def test_the_same_texter_again_gets_none_and_the_phone_says_why(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await text(page)
    await answered_through(page, "Twilio")
    await page.locator("#anew").uncheck()
    await text(page)
    await expect(page.locator("#conversation .note")).to_have_text("no answer: this texter had one already")
    await text(page)
    await expect(page.locator("#conversation .note")).to_have_count(2)
    await expect(page.locator("#conversation .in + .note")).to_have_count(2)
    await expect(page.locator("#conversation .out + .note")).to_have_count(0)


async def test_one_click_breaks_twilio_and_vonage_takes_over(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await page.get_by_role("switch", name="Twilio: Unpaid bill").click()
    await text(page)
    await answered_through(page, "Vonage")
    await expect(page.locator("#sentence")).to_contain_text(re.compile("Twilio is .*; Vonage carries"))
    await expect(page.locator("#carriers li").first).to_contain_text("Cut off")
    await expect(page.locator("#carriers li").nth(1)).to_contain_text("poster (instead of Twilio)")
    await page.get_by_role("button", name="Restore: Twilio").click()
    await expect(page.locator("#sure-says")).to_contain_text("without waiting for the next try")
    assert "your order" not in await page.locator("#sure-says").inner_text()
    await page.get_by_role("button", name="Leave it").click()
    await page.get_by_role("switch", name="Twilio: Unpaid bill").click()
    await expect(page.locator("#sentence")).not_to_contain_text("Twilio")  # by probe, nobody restored it


async def test_a_balance_that_is_older_than_the_accounts_state_is_shown_as_such(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    said = """([since]) => import("PLACErooms.js").then((rooms) => rooms.balance(
        { since, balance: { amount: 0, unit: "USD", at: "2026-11-30T12:00:00Z" } }))""".replace(
        "PLACE", PLACE
    )
    for since in (None, "2026-11-30T11:59:00Z"):
        assert await page.evaluate(said, [since]) == "0 USD at the carrier"
    assert "before its state last changed" in await page.evaluate(said, ["2026-11-30T12:01:00Z"])


async def test_an_account_that_the_next_text_will_try_says_so(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    said = """([through]) => import("PLACErooms.js").then(({ reasons }) => reasons({ name: "ovh",
        operator: "", state: "probing", reason: "unreachable", code: "" }, 0,
        [{ through }]).at(-1))""".replace("PLACE", PLACE)
    assert await page.evaluate(said, ["ovh"]) == "The next text tries it: once it is accepted, all is well."
    assert await page.evaluate(said, ["twilio"]) == "A try is under way."


async def test_what_took_no_time_to_speak_of_did_not_take_nought_seconds(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    said = """() => import("PLACEwords.js").then(({ brief }) => [0, 0.049, 0.05, 1.26].map(brief))""".replace(
        "PLACE", PLACE
    )
    assert await page.evaluate(said) == ["<\u00a00.1", "<\u00a00.1", "0.1", "1.3"]


@pytest.mark.parametrize(("told", "texter"), [(True, "78"), (False, "77")], ids=["as it is", "control"])
async def test_whoever_texted_before_is_no_somebody_new(
    demo: Demo, visit: Opener, *, told: bool, texter: str
) -> None:
    await asyncio.to_thread(demo.paravent, "text", "+33353010003", "Salut", "--from", "+33639980777")
    page = await visit(demo.url)
    if not told:
        await page.route("**/conversations*", lambda route: route.fulfill(json={"bubbles": []}))
    await page.evaluate("""() => {
        const drawn = [777, 777, 778];
        crypto.getRandomValues = (into) => { into[0] = drawn.shift(); return into; };
    }""")
    await text(page)
    await expect(page.locator("#conversation .who")).to_contain_text(f"6 39 98 07 {texter}")


async def test_a_text_that_could_not_be_sent_leaves_no_texter_on_the_phone(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, quiet=True)  # a browser itself complains of every 422
    await text(page)
    await answered_through(page, "Twilio")
    await page.locator("#text").evaluate("(field) => { field.value = 'a'.repeat(10000); }")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#told")).to_contain_text("Look at what you wrote")
    await expect(page.locator("#conversation .who")).to_have_count(1)


async def test_what_a_fault_does_to_the_text_it_meets_stands_beside_it(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    for fault in ("Hangs", "Errors"):
        row = page.locator("#levers tr", has_text=fault)
        await expect(row.locator(".then")).to_contain_text("after the third, later ones go elsewhere")
    await expect(page.locator("#levers tr", has_text="Unpaid bill").locator(".then")).to_be_hidden()


async def test_with_the_money_spent_the_page_says_that_texts_wait(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await demo.order("api/v1/budget/total/set", {"amount": "0"})
    try:
        await expect(page.locator("#sentence")).to_have_text(re.compile("The money is spent"))
        await text(page)
        await expect(page.locator("#conversation .note").last).to_contain_text("waits")
    finally:
        await demo.order("api/v1/budget/total/set", {"amount": "20"})
    await answered_through(page, "Twilio")


async def _hostile_stays_text(page: Page, patience: int = PATIENCE) -> None:
    await text(page, HOSTILE)
    await expect(page.locator("#conversation .in .words").last).to_have_text(HOSTILE, timeout=patience)
    assert await page.locator("#conversation img, #conversation script").count() == 0
    assert await page.title() != "x"


async def test_a_hostile_text_stays_text(demo: Demo, visit: Opener) -> None:
    await _hostile_stays_text(await visit(demo.url))


async def test_a_page_that_put_texts_into_markup_would_be_found(demo: Demo, visit: Opener) -> None:
    page = await visit("about:blank", quiet=True, bypass_csp=True)
    careless = read("pieces.js").decode().replace("element.textContent = text", "element.innerHTML = text")
    await page.route(
        "**/pieces.js", lambda route: route.fulfill(body=careless, content_type="text/javascript")
    )
    await page.goto(demo.url)
    page.set_default_timeout(5_000)
    with pytest.raises(AssertionError):
        await _hostile_stays_text(page, 2_000)


async def test_the_page_speaks_the_browsers_language_and_another_by_a_click(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url, locale="fr-FR")
    await expect(page.locator("#sentence")).to_contain_text("On répond aux SMS.")
    await text_by_api(demo)
    await expect(page.locator("#decisions li .what").first).to_contain_text(" : réponse envoyée par")
    assert await page.locator("html").get_attribute("lang") == "fr"
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("#sentence")).to_contain_text("Texters are answered.")
    await page.reload()
    await expect(page.locator("#carriers-title")).to_have_text("Who carries")


async def test_dark_and_light_follow_the_browser_and_a_click(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = await page.evaluate(paper)
    await page.get_by_role("button", name="Light").click()
    assert await page.evaluate(paper) != dark
    await page.reload()
    await expect(page.get_by_role("button", name="Dark")).to_be_visible()
    assert await page.evaluate(paper) != dark


async def _a_drill_is_read(page: Page, house: House) -> None:
    await expect(page.locator("#drills-none")).to_contain_text("None is kept on this machine yet.")
    house.settings.data.mkdir(exist_ok=True)
    shelf.put(house.settings.drills, "weekend-seed-1", "<h1>9 of 9 people were answered.</h1>")
    await page.reload()
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="weekend seed 1").click()
    paper = await opened.value
    await expect(paper.locator("h1")).to_have_text("9 of 9 people were answered.")


async def test_elsewhere_the_page_asks_for_the_token(database: str, visit: Opener, tmp_path: Path) -> None:
    async with open_house(database, tmp_path, operator=TOKEN) as house:
        page = await visit(house.url, quiet=True)  # a browser itself complains of every 401
        await expect(page.get_by_label("Operator's token")).to_be_focused()
        assert await page.locator("#rooms").is_hidden()
        assert await themes(page) == []
        for given in ("\u201cwrong\u201d", TOKEN):
            await page.get_by_label("Operator's token").fill(given)
            await page.get_by_role("button", name="Open").click()
            if given != TOKEN:
                await expect(page.locator("#door-wrong")).to_have_text("That token is not the right one.")
                assert await themes(page) == []
        await expect(page.locator("#carriers li")).to_have_count(2)
        await expect(page.locator("#now")).to_be_focused()
        assert await page.locator("#stage").is_hidden()
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url))
        await page.reload()
        await expect(page.locator("#carriers li")).to_have_count(2)
        assert any(url.endswith("/events") for url in asked)
        assert not any(url.endswith("/numbers") for url in asked)
        await _a_drill_is_read(page, house)
    await expect(page.locator("#live")).to_contain_text("Nothing new since")


async def test_a_console_too_many_and_a_period_without_texts_are_told_as_such(
    database: str, visit: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(database, tmp_path) as house:
        page = await visit(house.url, quiet=True)
        await expect(page.locator("#carriers li")).to_have_count(2)
        await page.locator("#evidence-whom").fill("the police")
        await page.get_by_role("button", name="Make the file").click()
        await page.locator("#sure-yes").click()
        await expect(page.locator("#sure-trouble")).to_have_text(
            "No text came in then. Choose another period."
        )
        await page.get_by_role("button", name="Leave it").click()
        await page.locator("#evidence-to").fill("2017-11-27T16:00")
        await page.get_by_role("button", name="Make the file").click()
        assert not await page.locator("#sure").is_visible()
        wrong = await page.locator("#evidence-to").evaluate("(field) => field.validationMessage")
        assert "before the beginning" in wrong
        monkeypatch.setattr(events, "MOST", 0)
        another = await visit(house.url, quiet=True)
        await expect(another.locator("#live-words")).to_contain_text("Too many consoles are open")


async def test_what_is_asked_for_is_left_alone_by_what_arrives(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    button = page.get_by_role("button", name="Set limit: Vonage")
    await button.focus()
    first = page.locator("#decisions li").first
    before = await first.get_attribute("data-key") if await first.count() else None
    await text_by_api(demo)
    await expect(page.locator(f"#decisions li:first-child:not([data-key='{before}'])")).to_be_visible()
    await expect(button).to_be_focused()


async def test_a_text_is_blurred_until_it_is_opened_and_labelled_it_is_gone(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url)
    await text(page, HOSTILE)
    await answered_through(page, "Twilio")
    await page.locator("#review-start").click()
    first = page.locator("#review li").first
    await expect(first.locator(".words")).to_have_text(re.compile("^[•\\s]+$"))
    before = await first.get_attribute("data-key")
    await first.get_by_role("button", name="Show the words").click()
    await expect(first.locator(".words")).to_have_text(re.compile(r"\w"))
    assert await page.locator("#review img, #review script").count() == 0
    assert await themes(page) == []
    await first.get_by_role("button", name="Fine").click()
    await expect(page.locator(f"#review li[data-key='{before}']")).to_have_count(0)
    await expect(page.locator("#deeds li").first).to_contain_text("labelled a text: fine (console)")

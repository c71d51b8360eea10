"""Raids on the console: declared, seen by itself, and what becomes of the texts that they hold."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from router.web.console import PLACE
from tests.console.acting import answered_through, serious, text, text_by_api, themes
from tests.console.conftest import Demo, Opener

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_a_raid_that_is_declared_is_seen_and_what_it_holds_is_answered(
    demo: Demo, visit: Opener
) -> None:
    await text_by_api(demo)
    await demo.counted()  # what is usual, or nobody would be held
    page = await visit(demo.url)
    await page.get_by_role("button", name="Declare a raid").click()
    await expect(page.locator("#sure")).to_contain_text("Suspicious texts wait")
    await page.locator("#sure-yes").click()
    try:
        await expect(page.locator("#sentence")).to_contain_text("A raid is declared: no text is held back")
        await expect(page.locator("#raid-more")).to_contain_text("line: signs that it ends")
        await expect(page.get_by_role("button", name="End the raid")).to_be_focused()
        await text(page, "ta gueule sale pute")
        await expect(page.locator("#conversation .note")).to_contain_text("held back")
        await expect(page.locator("#sentence")).to_contain_text("1 text held back")
        await expect(page.locator("#waiting-more")).to_have_text("1 more held back in a raid")
        wording = page.locator("#clusters li")
        await expect(wording.locator(".words")).to_have_text("•• •••••• •••• ••••")
        await wording.get_by_role("button", name="Show the words").click()
        await expect(wording.locator(".words")).to_have_text("ta gueule sale pute")
        await expect(page.locator("#deeds li").first).to_contain_text("opened a held text's words (console)")
        await wording.get_by_role("button", name="Never answer").click()
        saves = re.compile(r"1 text from 1 phone, which saves about €0\.0[1-9] .* cannot be undone")
        await expect(page.locator("#sure-says")).to_contain_text(saves)
        await page.get_by_role("button", name="Leave it").click()
        await page.get_by_role("button", name="End the raid").click()
        goes = re.compile(r"held back \(1 text from 1 phone\) is let go|gravest of it \(1 text\) waits")
        await expect(page.locator("#sure-says")).to_contain_text(goes)
        await page.get_by_role("button", name="Leave it").click()
        await wording.get_by_role("button", name="Answer them").click()
        await expect(page.locator("#sure-says")).to_contain_text(re.compile("one a phone, about €0"))
        await page.locator("#sure-yes").click()
        await answered_through(page, "Twilio")
        await expect(page.locator("#deeds")).to_contain_text("let 1 text go (console)")
        await _another_is_never_answered(page)
    finally:
        await demo.calm()
    await expect(page.locator("#sentence")).not_to_contain_text("raid")


async def _another_is_never_answered(page: Page) -> None:
    wording = page.locator("#clusters li")
    await text(page, "ta gueule sale pute")
    await expect(wording).to_have_count(1)
    assert await themes(page) == []
    await wording.get_by_role("button", name="Never answer").click()
    assert await serious(page) == []
    await page.locator("#sure-yes").click()
    await expect(page.locator("#deeds li").first).to_contain_text("dropped 1 text (console)")
    await expect(page.locator("#conversation .note").last).to_have_text("no answer: you decided so")
    await expect(wording).to_have_count(0)
    await page.get_by_role("button", name="End the raid").click()
    await expect(page.locator("#sure-says")).to_contain_text("Nothing is held back.")


async def test_who_says_that_it_is_no_raid_reads_until_when_and_takes_it_back(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url)
    await page.get_by_role("button", name="No raid: stay calm").click()
    await expect(page.locator("#sure-says")).to_contain_text("everybody is answered, within the purses")
    await page.locator("#sure-yes").click()
    try:
        await expect(page.locator("#raid-says")).to_contain_text(
            "You said that it is no raid: none is seen until"
        )
        await expect(page.locator("#deeds li").first).to_contain_text(
            re.compile(r"said that it is no raid, until .*\d:\d\d.* \(console\)")
        )
        await page.get_by_role("button", name="Look for raids again").click()
        await page.locator("#sure-yes").click()
        await expect(page.locator("#raid-says")).not_to_contain_text("You said")
    finally:
        await demo.order("api/v1/raid/end")


async def test_a_raid_in_which_nobody_is_held_or_only_the_flagged_says_so(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    said = """async ([mode, line, learnt]) => {
        const { raid } = await import("PLACEraid.js");
        raid({ currency: "EUR", answer_cost: "0.10", raid: { mode, line, learnt,
            since: "2026-11-30T12:00:00Z", by_hand: true, held: 0, grave: 0, phones: 0, phones_till_calm: 0,
            statistic: 0, limit: 1, clusters: [] } });
        document.querySelector("#raid-orders button").click();
        const words = [document.querySelector("#raid-says"), document.querySelector("#sure-says")];
        document.querySelector("#sure").close();
        return words.map((each) => each.textContent);
    }""".replace("PLACE", PLACE)
    flagged = "those that the detector flags are held back, and no others."
    assert (await page.evaluate(said, ["raid", 0, 199]))[0].endswith(flagged)
    assert "detector" not in (await page.evaluate(said, ["raid", 0, 200]))[0]
    assert "the setting raids.held is 0" in (await page.evaluate(said, ["raid", None, 0]))[0]
    assert "Nobody" not in (await page.evaluate(said, ["raid", 0.4, 200]))[0]
    calm = await page.evaluate(said, ["calm", None, 0])
    assert "Nobody" not in calm[0]
    assert calm[1].endswith("those that the detector flags would be held back, and no others.")
    assert "detector" not in (await page.evaluate(said, ["calm", None, 200]))[1]


async def test_it_is_said_that_texts_of_other_wordings_are_held(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    said = """async ([held, shown]) => {
        const { raid } = await import("PLACEraid.js");
        const at = "2026-11-30T12:00:00Z";
        const last = "2026-11-30T12:05:00Z";
        const cluster = { id: "0123456789ab", texts: shown, senders: 1, first: at, last, sample: "x",
            blurred: "" };
        raid({ currency: "EUR", answer_cost: "0.10", raid: { mode: "raid", line: 0, learnt: 99, since: at,
            by_hand: true, held, grave: 0, phones: 1, phones_till_calm: 1, statistic: 0, limit: 1,
            clusters: [cluster] } });
        const more = document.querySelector("#clusters-more");
        const alike = document.querySelector("#clusters p").textContent;
        return [more.hidden ? "" : more.textContent, alike.split(",")[0]];
    }""".replace("PLACE", PLACE)
    alike = "Alike: 3 texts from 1 phone"
    assert await page.evaluate(said, [4, 3]) == ["Not shown: 1 text of other wordings.", alike]
    assert await page.evaluate(said, [4_000, 3]) == ["Not shown: 3,997 texts of other wordings.", alike]
    assert await page.evaluate(said, [3, 3]) == ["", alike]


async def test_ending_a_raid_says_what_is_let_go_and_what_waits_with_how_much_it_costs(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    said = """async ([held, grave, phones]) => {
        const { raid } = await import("PLACEraid.js");
        raid({ currency: "EUR", answer_cost: "0.10", raid: { mode: "raid", since: null, by_hand: true,
            held, grave, phones: 99, phones_till_calm: phones, statistic: 0, limit: 1, clusters: [] } });
        document.querySelector("#raid-orders button").click();
        const words = document.querySelector("#sure-says").textContent;
        document.querySelector("#sure").close();
        return words;
    }""".replace("PLACE", PLACE)
    let_go = (
        "What is held back (12 texts from 4 phones) is let go, oldest first, after all others: one answer a"
    )
    waits = "The gravest of it (3 texts) waits for your word, then expires."
    usual = "Texts are answered as usual again."
    assert await page.evaluate(said, [0, 0, 0]) == f"{usual} Nothing is held back."
    assert await page.evaluate(said, [3, 3, 0]) == f"{usual} {waits}"
    assert await page.evaluate(said, [12, 0, 4]) == f"{usual} {let_go} phone, about €0.40 at most."
    assert await page.evaluate(said, [15, 3, 4]) == f"{usual} {let_go} phone, about €0.40 at most. {waits}"


async def test_a_raid_of_insults_is_seen_by_itself_and_the_kind_are_answered(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#sentence")).to_contain_text("Texters are answered.")
    try:
        await page.get_by_role("button", name="Begin the raid").click()
        await expect(page.locator("#sentence")).to_contain_text("It is a raid", timeout=40_000)
        await expect(page.locator("#raid-room")).to_contain_text("Answer them")
        await text(page)
        await answered_through(page, "Twilio")
        await expect(page.locator("#decisions li", has_text="held back").first).to_be_visible()
        assert await page.locator("#attack").get_attribute("aria-disabled") == "true"  # it still goes on
    finally:
        await page.goto("about:blank")  # and now it does not
        await demo.calm()
    await page.goto(demo.url)
    await expect(page.locator("#sentence")).to_contain_text("Texters are answered.")
    await expect(page.locator("#sentence")).not_to_contain_text("raid")

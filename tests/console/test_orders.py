"""What an operator orders on the console, after a question: accounts and money."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.console.acting import answered_through, text
from tests.console.conftest import Demo, Opener

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_an_account_is_cut_after_asking_and_the_next_one_carries(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await page.get_by_role("button", name="Cut: Twilio").click()
    await expect(page.locator("#sure")).to_contain_text("no answer leaves through Twilio")
    await page.get_by_role("button", name="Leave it").click()
    await expect(page.locator("#carriers li").first).to_contain_text("Open")
    await page.get_by_role("button", name="Cut: Twilio").click()
    await page.locator("#sure-yes").click()
    await expect(page.locator("#sentence")).to_contain_text("Twilio is cut by you; Vonage carries.")
    await text(page)
    await answered_through(page, "Vonage")
    await expect(page.locator("#decisions li").first).to_contain_text("not Twilio: cut by you")
    await expect(page.locator("#deeds li").first).to_contain_text("cut Twilio (console)")
    await page.get_by_role("button", name="Restore: Twilio").click()
    await page.locator("#sure-yes").click()
    await expect(page.locator("#sentence")).not_to_contain_text("Twilio")


async def test_an_account_is_kept_open_whatever_happens_until_it_is_restored(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url)
    first = page.locator("#carriers li").first
    await page.get_by_role("button", name="Keep open: Twilio").click()
    await expect(page.locator("#sure")).to_contain_text("whatever happens, even when it fails")
    await page.locator("#sure-yes").click()
    await expect(first).to_contain_text("Kept open")
    await expect(page.locator("#deeds li").first).to_contain_text("kept Twilio open (console)")
    await page.get_by_role("switch", name="Twilio: Key revoked").click()
    await text(page)
    await answered_through(page, "Vonage")  # this text alone: Twilio is still asked first
    await expect(first).to_contain_text("Kept open")
    await expect(first).to_contain_text("Answers for poster")
    await page.get_by_role("button", name="Restore: Twilio").click()
    await expect(page.locator("#sure-says")).to_contain_text("your order on it is lifted")
    await page.locator("#sure-yes").click()
    await expect(first).not_to_contain_text("Kept open")


async def test_money_is_topped_up_and_a_wrong_amount_is_told(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await page.get_by_role("button", name="Top up: OVH").click()
    await page.locator("#sure-amount").fill("much")
    await page.locator("#sure-yes").click()
    await expect(page.locator("#sure-trouble")).to_contain_text("such as 20.00")
    await page.locator("#sure-amount").fill("2,50")
    await page.locator("#sure-yes").click()
    await expect(page.locator("#purses li", has_text="OVH")).to_contain_text("left of €7.50")
    await expect(page.locator("#deeds li").first).to_contain_text("added €2.50 to OVH")


async def test_a_limit_is_set_by_hand_and_taken_off(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    purse = page.locator("#purses li", has_text="Vonage")
    for amount, said in (("3,25", "left of €3.25"), ("unlimited", "no limit")):
        await page.get_by_role("button", name="Set limit: Vonage").click()
        await expect(page.locator("#sure")).to_contain_text("Less than is spent stops sending at once")
        await page.locator("#sure-amount").fill(amount)
        await page.locator("#sure-yes").click()
        await expect(purse).to_contain_text(said)
        await expect(purse).to_contain_text("limit set by you")
    await expect(page.locator("#deeds li").first).to_contain_text(
        "set the limit of Vonage to unlimited (console)"
    )
    await expect(page.get_by_role("button", name="Top up: Vonage")).to_be_hidden()
    await page.get_by_role("button", name="Back to the settings: Vonage").click()
    await expect(page.locator("#sure")).to_contain_text("It is €5.00 again (today)")
    await page.locator("#sure-yes").click()
    await expect(purse).to_contain_text("left of €5.00")
    await expect(purse).not_to_contain_text("set by you")
    await expect(page.locator("#deeds li").first).to_contain_text(
        "gave Vonage the settings' limit back: €5.00 (console)"
    )
    await expect(page.get_by_role("button", name="Set limit: Vonage")).to_be_visible()
    await expect(page.get_by_role("button", name="Back to the settings: Vonage")).to_be_hidden()

"""What the console tells is so: by one clock, of money that is spent, in a carrier's own word."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, Route, expect

from router.evidence.export import NotSealedError
from router.web import events, proof
from router.web.console import PLACE, read
from tests.console.acting import answered_through, text
from tests.console.conftest import Demo, Opener
from tests.web.house import open_house
from tests.web.test_past import counted
from tests.web.test_public import answered

pytestmark = [
    pytest.mark.require("browser"),
    pytest.mark.xdist_group("console"),
    pytest.mark.asyncio(loop_scope="session"),
]


async def shown_at(page: Page) -> tuple[str, datetime]:
    """The time that the last decision is shown with, and the moment that it is."""
    when = page.locator("#decisions time").first
    await expect(when).to_be_visible()
    shown, moment = await when.evaluate("(each) => [each.textContent, each.dateTime]")
    return shown, datetime.fromisoformat(moment)


async def test_times_are_those_of_the_settings_wherever_one_looks_from(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url, timezone_id="America/New_York")
    await text(page)
    await answered_through(page, "Twilio")
    shown, moment = await shown_at(page)
    assert shown == f"{moment.astimezone(ZoneInfo('Europe/Paris')):%H:%M:%S}"
    assert shown != f"{moment.astimezone(ZoneInfo('America/New_York')):%H:%M:%S}"
    await expect(page.locator("#zone")).to_contain_text("Europe/Paris")
    listed = demo.paravent("accounts", "--json").json["accounts"]
    assert listed, "the command reads the same settings"


async def test_what_is_spelled_by_that_clock_is_that_moment_and_utc_is_said(
    demo: Demo, visit: Opener
) -> None:
    page = await visit(demo.url, timezone_id="Asia/Tokyo")
    await expect(page.locator("#zone")).to_contain_text("Europe/Paris")
    said = """async (written) => {
        const { inZone, moment, spelled, time } = await import("PLACEwords.js");
        inZone("Europe/Paris");
        const found = moment(written), again = spelled(found);
        inZone("UTC");
        return [found.toISOString(), again, time(found)];
    }""".replace("PLACE", PLACE)
    for written, there in {
        "2017-11-27T16:00": "2017-11-27T15:00:00.000Z",
        "2017-10-29T02:30": "2017-10-29T00:30:00.000Z",  # twice that night: the first
        "2017-10-29T03:30": "2017-10-29T02:30:00.000Z",
        "2017-03-26T03:30": "2017-03-26T01:30:00.000Z",
    }.items():
        utc = f"{there[11:19]} UTC"
        assert await page.evaluate(said, written) == [there, written, utc]


_SPENT = """async ([left, runway_seconds]) => {
    const { sentences, stateOf } = await import("PLACEsentence.js");
    const twilio = { name: "twilio", operator: "", state: "open" };
    const purse = { limit: "20", spent: String(20 - left), reserved: "0", runway_seconds };
    const now = { currency: "EUR", accounts: [], health: { status: "ok" }, raid: { mode: "calm" },
        numbers: [{ name: "poster", through: "twilio", preferred: "twilio" }],
        purses: [{ ...purse, name: "total" }, { ...purse, name: "twilio" }] };
    return [sentences(now).map((each) => each.text).join(" "), stateOf(twilio, now)];
}""".replace("PLACE", PLACE)


async def test_less_than_the_price_of_one_answer_is_spent_too(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await expect(page.locator("#carriers li")).to_have_count(3)
    spent = ["The money is spent. Texts are taken in and wait.", "purse"]
    assert await page.evaluate(_SPENT, [0, 0]) == spent
    assert await page.evaluate(_SPENT, [0.03, 0]) == spent
    assert await page.evaluate(_SPENT, [0.03, None]) == ["Texters are answered. €0.03 left.", "open"]


async def test_what_a_carrier_answered_is_told_as_its_own_word(demo: Demo, visit: Opener) -> None:
    page = await visit(demo.url)
    await page.get_by_role("switch", name="Break Twilio").click()
    await expect(page.get_by_role("switch", name="Twilio: Unpaid bill")).to_be_checked()
    await expect(page.locator("#quick-words")).to_have_text("Twilio is broken (unpaid bill): mend it")
    await text(page)
    await answered_through(page, "Vonage")
    # Twilio says of an unpaid account that it is suspended; that it is not paid is seen by its balance.
    await expect(page.locator("#decisions li").first).to_contain_text(
        "Twilio said: suspended, for it is unpaid"
    )
    await expect(page.locator("#sentence")).to_contain_text("unpaid")
    await page.get_by_role("switch", name="Twilio is broken (unpaid bill): mend it").click()
    await expect(page.get_by_role("switch", name="Break Twilio")).not_to_be_checked()


async def instead(page: Page, name: str, what: str, by: str) -> None:
    """Serve another script of this name: with `by` in place of `what`."""
    script = read(name).decode()
    assert what in script

    async def served(route: Route) -> None:
        await route.fulfill(body=script.replace(what, by), content_type="text/javascript")

    await page.route(f"**/{name}", served)


async def test_a_page_that_does_not_know_why_it_is_turned_away_would_be_found(
    database: str, visit: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST", 0)
    async with open_house(database, tmp_path) as house:
        page = await visit("about:blank", quiet=True)
        await page.goto(house.url)
        await expect(page.locator("#live-words")).to_contain_text("Too many consoles are open")
        await instead(page, "router.js", "429, ", "")
        await page.goto(house.url)
        await expect(page.locator("#live-words")).to_contain_text("That did not work (429)")


async def _reasons(page: Page, url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why no file is made: nothing came in then; and it is still being sealed."""

    async def not_sealed(*_asked: object) -> None:
        raise NotSealedError

    await page.goto(url)
    await expect(page.locator("#carriers li")).to_have_count(2)
    await page.locator("#evidence-whom").fill("the police")
    await page.get_by_role("button", name="Make the file").click()
    found = []
    for sealing in (False, True):
        with monkeypatch.context() as patch:
            if sealing:
                patch.setattr(proof, "export", not_sealed)
            async with page.expect_response("**/evidence/export"):
                await page.locator("#sure-yes").click()
            await expect(page.locator("#sure-yes")).to_be_enabled()
            found.append(await page.locator("#sure-trouble").inner_text())
    return found


NOTHING = "No text came in then. Choose another period."
SEALING = "What came in is still being sealed, or another file is being made. Try again in a minute."


async def test_that_a_file_is_not_made_yet_is_told_as_such_and_a_page_that_did_not_would_be_found(
    database: str, visit: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(database, tmp_path) as house:
        page = await visit("about:blank", quiet=True)  # a browser itself complains of what is refused
        assert await _reasons(page, house.url, monkeypatch) == [NOTHING, SEALING]
        await instead(page, "evidence.js", "throw word ?", "throw false ?")
        assert NOTHING not in (told := await _reasons(page, house.url, monkeypatch))
        assert SEALING not in told


_DRAWN = """(() => {
    let real;
    globalThis.drawn = {};
    const construct = (target, said) => {
        drawn[said[2].id] = said[1];
        return new target(...said);
    };
    const set = (given) => { real = new Proxy(given, { construct }); };
    Object.defineProperty(globalThis, "uPlot", { get: () => real, set });
})()"""


@pytest.mark.parametrize("remembered", [True, False], ids=["as it is", "control"])
async def test_lines_go_back_to_what_was_before_the_page_was_opened(
    database: str, visit: Opener, tmp_path: Path, *, remembered: bool
) -> None:
    async with open_house(database, tmp_path) as house:
        await answered(house, "10 min 30 s")
        await counted(house, "20 min", 2.5)
        page = await visit("about:blank", quiet=not remembered)
        await page.add_init_script(_DRAWN)
        if not remembered:
            await page.route("**/api/v1/past", lambda route: route.fulfill(status=404))
        async with page.expect_response("**/api/v1/past"):
            await page.goto(house.url)
        await expect(page.locator(".chart canvas")).to_have_count(4)
        ago = "([chart, which]) => Math.trunc((Date.now() / 1000 - drawn[chart][0][which]) / 60)"
        if remembered:
            known = "drawn['answers-chart'][1][0] === 1 && drawn['raid-chart'][1][0] === 2.5"
            await page.wait_for_function(known)
        began = [await page.evaluate(ago, [chart, 0]) for chart in ("answers-chart", "raid-chart")]
        assert began == ([10, 20] if remembered else [0, 0])
        assert await page.evaluate(ago, ["waiting-chart", 0]) == 0

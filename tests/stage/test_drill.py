"""A small evening through the real router: its decisions, its money, its promises, and how these break."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner

from router.cli import drill
from router.office import Office
from router.postgres.migrate import migrate
from router.stage.drill.counting import tell
from router.stage.drill.page import page
from router.stage.drill.parts import blocks
from router.stage.drill.report import report
from router.stage.drill.sheet import sheet
from router.stage.drill.tale import Tale
from router.stage.drill.wording import ENGLISH, FRENCH
from router.web import shelf
from tests.stage.conftest import Seen
from tests.stage.evening import EVENING, QUICK, merged, rehearsed, told

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("evening")]


def test_every_promise_is_kept(evening: Tale) -> None:
    assert [promise.key for promise in evening.promises if not promise.kept] == []
    assert len(evening.promises) == 5


def test_nearly_everybody_who_is_no_raider_is_answered(evening: Tale) -> None:
    people = evening.people
    assert people.answered / people.texters >= 0.95
    assert people.waiting + people.expired == people.texters - people.answered
    assert people.refused == 0


def test_the_rules_alone_say_beforehand_what_the_router_does(evening: Tale) -> None:
    told = rehearsed(evening)
    assert (told.texts, len(told.texters)) == (510, evening.people.texters + evening.raiders.phones)
    assert len(told.answered) == evening.people.answered + evening.raiders.paid
    assert told.held == evening.raiders.held + evening.people.held
    assert told.spent.total() == pytest.approx(evening.money.spent, rel=0.02)
    assert [(change.at, change.mode, change.statistic) for change in told.raids] == [
        (row.at, row.mode, row.statistic) for row in evening.played.rows.raids
    ]


def test_the_cut_off_account_is_left_and_comes_back(evening: Tale) -> None:
    words = [(move.account, move.word, move.reason) for move in evening.moves]
    assert words == [("twilio", "cut_off", "suspended"), ("twilio", "open", "")]
    assert evening.failovers.keys() == {"twilio > vonage: cut_off"}
    assert evening.people.by_account["vonage"] > 10


def test_an_empty_purse_keeps_people_waiting_until_it_is_topped_up(evening: Tale) -> None:
    assert max(hour.waiting for hour in evening.hours) > 20
    assert evening.people.longest > 3_600
    assert evening.hours[-1].waiting == 0
    assert evening.money.topped_up == 30_000_000


def test_an_hour_of_the_charts_is_an_hour_of_the_clock(evening: Tale) -> None:
    texts = evening.played.rows.texts
    for hour in evening.hours:
        end = hour.at + timedelta(hours=1)
        assert hour.genuine + hour.raid == sum(hour.at <= row.received_at < end for row in texts)
        assert sum(hour.answers.values()) == sum(
            row.answered_at is not None and hour.at <= row.answered_at < end for row in texts
        )
    assert evening.hours[-1].spent == evening.money.spent
    assert sum(hour.genuine + hour.raid for hour in evening.hours) == len(texts)


def test_when_the_purse_is_empty_is_told(evening: Tale) -> None:
    (empty,) = evening.played.empties
    assert empty.until == EVENING.when(EVENING.events[3])
    assert "was empty" in report([evening])
    assert "the purse is empty" in page([evening])


def test_every_text_is_sealed_and_the_raid_s_wordings_are_counted(evening: Tale) -> None:
    kept = evening.kept
    assert (kept.sealed, kept.raid) == (510, 150)
    assert kept.leaves >= 2 * (510 - evening.people.waiting - evening.raiders.held)
    assert kept.wordings > 0
    assert kept.largest >= kept.phones > 1
    assert kept.last in "".join(report([evening]).split())


def test_the_raid_is_found_and_most_of_it_waits_unpaid(evening: Tale) -> None:
    raid = evening.raiders
    assert raid.found_after is not None
    assert raid.found_after < 100
    assert raid.held > raid.paid
    assert raid.alarms == 0
    assert next(row.mode for row in evening.played.rows.raids) == "raid"


def test_the_report_fits_a_terminal_and_names_its_rows(evening: Tale) -> None:
    lines = report([evening]).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("[from " in line for line in lines) == 5
    compared = report([evening] * 6).splitlines()
    assert max(map(len, compared)) <= 80
    assert sum(line.count("own") for line in compared) > 6  # the first stands in each block


def test_a_scale_that_is_no_number_is_refused() -> None:
    done = CliRunner().invoke(drill.command, ["weekend", "--scale", "nan"])
    assert (done.exit_code, "such as 0.05" in done.output) == (2, True)


def test_the_list_of_scenarios_fits_a_terminal() -> None:
    lines = CliRunner().invoke(drill.command, ["--list"], catch_exceptions=False).output.splitlines()
    assert "raid-fresh" in lines
    assert max(map(len, lines)) <= 80


def test_the_report_speaks_to_people(evening: Tale) -> None:
    text = report([evening])
    assert "cut off, suspended, code " in text
    assert "Twilio was passed over: cut off" in " ".join(text.split())
    assert "brought back" in text
    assert "of whom 1 were" not in text
    page_text = unescape(page([evening]))
    assert not re.search(r"\bcut_off\b|reply\.received_at|attempt\.at", page_text.partition("<details>")[0])


def test_the_page_needs_nothing_from_elsewhere(evening: Tale) -> None:
    text = page([evening, evening])
    assert text.count("<svg") == 8
    assert not re.search(r"<script src|<link|https?://|url\(|@import", text)
    (script,) = re.findall(r"<script>(.*?)</script>", text)
    assert not re.search("fetch|import|innerHTML|http", script)
    assert "+33" not in text


def test_the_page_is_whole_in_each_language(evening: Tale) -> None:
    french, english = (
        unescape(re.sub(r"<style>.*?</style>|<pre.*?</pre>|<[^>]+>", " ", part, flags=re.DOTALL))
        for part in page([evening, evening]).split('<section lang="en"')
    )
    for part, say in ((french, FRENCH), (english, ENGLISH)):
        said = [title for title, _, _ in blocks(evening, say)]
        said += [name for name, _ in (each.told(say) for each in evening.promises)]
        said += [say.say(key) for key in ("promises", "policies", "sources")]
        assert [each for each in said if each not in part] == []
    assert not re.search(r"\b(the|of|with|was|were|texts|answered|kept|Sat|Mon)\b", french)
    assert "lun." not in english
    assert "1 envoi," not in english


def test_shown_it_is_kept_for_the_demos_console(
    evening: Tale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "_played", lambda _orders: [evening])
    done = CliRunner().invoke(
        drill.command, ["weekend", "--show"], env={"PARAVENT_DATA": str(tmp_path)}, catch_exceptions=False
    )
    assert done.exit_code == 0
    (kept,) = shelf.drills(tmp_path / "demo" / "drills")
    assert kept.name == "evening-seed-1-scale-1"
    people, raid = evening.people, evening.raiders
    answered = f"{people.answered} of {people.texters} people were answered."
    late, last = people.answered - people.at_once, ENGLISH.lasted(people.longest)
    waited = f"{late} of them waited longer than ten minutes, {last} at most; answers were kept for 48 h"
    assert (
        kept.headline["en"]
        == f"{answered} {waited} in this drill. {raid.texts} raid texts got {raid.paid} answers."
    )
    answered_fr = f"{people.answered} personnes sur {people.texters} ont eu une réponse."
    assert kept.headline["fr"].startswith(
        f"{answered_fr} {late} d'entre elles ont attendu plus de dix minutes"
    )
    assert kept.headline["fr"].endswith(f" Les {raid.texts} SMS du raid ont eu {raid.paid}\u00a0réponses.")


def test_the_json_and_the_sheet_say_the_same(evening: Tale) -> None:
    told_as = json.loads(json.dumps(evening.as_json(), default=str))
    lines = sheet(evening).splitlines()[1:]
    assert len(lines) == told_as["texts"] == 510
    assert sum(int(line.split(",")[9]) for line in lines) == told_as["money"]["spent"]
    assert "+33" not in "".join(lines)


_RECEIVING = {"accounts": {"twilio": {"receive_price": "0.0075 USD"}}}


async def test_without_holding_the_raid_costs_more_and_receiving_is_booked_as_the_carrier_charges_it(
    evening: Tale,
) -> None:
    open_house = await told(merged(QUICK, _RECEIVING, {"raids": {"held": "0"}}))
    purse = open_house.money
    assert purse.received == 510 * 6_900
    assert "as the carriers charge it" in report([open_house])
    assert purse.spent + purse.saved + purse.unpaid + purse.rest + purse.cheaper == purse.naive
    assert (evening.money.received, evening.money.receiving) == (0, 510 * 6_900)
    assert not tell(replace(open_house.played, received=[])).good  # the control
    assert open_house.raiders.held == 0
    assert open_house.raiders.paid > 1.5 * evening.raiders.paid
    assert open_house.money.spent > evening.money.spent
    assert open_house.good


async def test_without_the_rule_of_the_budget_the_report_says_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def weakened(dsn: str) -> Any:
        found = await migrate(dsn)
        connection = await asyncpg.connect(dsn)
        try:
            arm = await connection.fetchval("SELECT pg_get_functiondef('arm'::regproc)")
            await connection.execute(
                arm.replace("w_room[t] < p_estimate[i]", "false").replace(
                    "WHEN w_room[a] >= p_estimate[i] AND w_room[t] >= p_estimate[i] THEN", "WHEN true THEN"
                )
            )
            for name in await connection.fetch(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = 'purse_window'::regclass AND contype = 'c'"
            ):
                await connection.execute(f'ALTER TABLE purse_window DROP CONSTRAINT "{name[0]}"')
        finally:
            await connection.close()
        return found

    monkeypatch.setattr("router.stage.drill.house.migrate", weakened)
    monkeypatch.setattr(Office, "room", lambda _self, _purse, _now: None)
    broken = await told(merged(QUICK, {"budget": {"limit": "0"}, "raids": {"held": "0"}}))
    assert broken.money.over > 0
    assert [promise.key for promise in broken.promises if not promise.kept] == ["purse"]
    assert "BROKEN" in report([broken])


def test_nothing_is_left_behind(seen: Seen) -> None:
    assert seen.tale.good
    assert seen.left_behind == []

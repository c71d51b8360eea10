"""The lines of a drill's report: what is shown adds up, and each text stands in exactly one of them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from router.stage.drill.counting import tell
from router.stage.drill.parts import blocks
from router.stage.drill.report import report
from router.stage.drill.tale import Tale
from router.stage.drill.wording import ENGLISH
from tests.stage.evening import EVENING

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("evening")]


def said_of(tale: Tale, title: str) -> dict[str, str]:
    """A block of the report by its lines' names."""
    rows = [each for head, _, rows in blocks(tale, ENGLISH) if head.startswith(title) for each in rows]
    return {name.strip(): said for name, said in rows}


def amounts(said: list[str]) -> list[int]:
    """The cents of each amount in these lines."""
    return [int("".join(each)) for line in said for each in re.findall(r"(-?\d+)\.(\d\d)\b", line)]


def test_the_money_that_is_shown_adds_up(evening: Tale) -> None:
    said = said_of(evening, "The money")
    spent, every = amounts([said["spent"]])[0], amounts([said["an answer to every text"]])[0]
    rows = [(name, text) for name, text in said.items() if "sends" in name]
    assert sum(amounts([text for _, text in rows])[::2]) == spent
    assert len(rows) == 2
    names = (
        "spent",
        "saved by rule",
        "held still",
        "not answered otherwise",
        "by another carrier's price",
    )
    assert sum(sum(amounts([said[name]])[:1]) for name in names if name in said) == every
    purse = evening.money
    assert purse.spent + purse.saved + purse.unpaid + purse.rest + purse.cheaper == purse.naive
    rest = sum(
        row.state in {"queued", "delayed", "failed"} or row.reason == "expired"
        for row in evening.played.rows.texts
    )
    assert purse.rest >= evening.played.price * rest
    assert purse.cheaper > 0  # Vonage is cheaper, and it carried while Twilio could not


def test_the_answers_that_are_shown_add_up_and_say_who_got_more_than_one(evening: Tale) -> None:
    said = said_of(evening, "The genuine")
    through = [int(text.replace(",", "")) for name, text in said.items() if name.startswith("through ")]
    sends, _, more = said["answers to them"].partition(", ")
    assert sum(through) == int(sends.replace(",", "")) == sum(evening.people.by_account.values())
    extra = sum(through) - evening.people.answered
    assert more.startswith(f"{extra} of them to somebody who had one before") is bool(extra)


def counts(said: dict[str, str], *names: str) -> int:
    """The counts with which these lines begin, added up."""
    found = (re.match(r"[\d,]+", said[name]) for name in names if name in said)
    return sum(int(each[0].replace(",", "")) for each in found if each)


def test_each_text_stands_in_exactly_one_line(evening: Tale) -> None:
    texts, raid = evening.played.rows.texts, [each for each in evening.played.texts if each.raid]
    said = said_of(evening, "The raid")
    ends = ("answered, paid", "silent by rule", "held still", "not answered otherwise")
    assert counts(said, *ends) == counts(said, "texts") == len(raid)
    said = said_of(evening, "The genuine")
    lines = ("answers to them", "texts silent by rule", "texts without an answer")
    assert counts(said, *lines) == len(texts) - len(raid)
    assert said["wrote"] == f"{evening.people.texters} people, {len(texts) - len(raid)} texts"


def test_a_text_that_is_silenced_after_it_was_held_is_counted_once(evening: Tale) -> None:
    rows = list(evening.played.rows.texts)
    place = next(n for n, row in enumerate(rows) if row.state == "held" and evening.played.people[row.texter])
    rows[place] = rows[place]._replace(
        state="suppressed", reason="cooldown", released_at=rows[place].received_at
    )
    told = tell(replace(evening.played, rows=replace(evening.played.rows, texts=rows)))
    before, raid = evening.raiders, told.raiders
    assert (raid.silent, raid.left, raid.released) == (
        before.silent + 1,
        before.left - 1,
        before.released + 1,
    )
    assert raid.paid + raid.silent + raid.left + raid.rest == raid.texts
    assert raid.silent_later == before.silent_later + 1


def test_what_receiving_would_have_cost_is_said_and_is_not_in_the_sums(evening: Tale) -> None:
    assert evening.money.receiving == 510 * 6_900  # 0.0075 USD a text, at 0.92
    said = said_of(evening, "The money")["receiving"]
    assert said == "not counted here, so that figures tell of answers alone; at the demo's price 3.52 more"


def test_what_is_nought_is_left_out(evening: Tale) -> None:
    plain = replace(evening, money=replace(evening.money, topped_up=0, receiving=0))
    said = said_of(plain, "The money")
    assert said["could be spent"] == ENGLISH.money(evening.money.limit or 0)
    assert "receiving" not in said
    assert "of which 30.00 was topped up" in said_of(evening, "The money")["could be spent"]


def test_who_waited_longer_than_answers_are_kept_at_home_is_told_why(evening: Tale) -> None:
    late = replace(evening, people=replace(evening.people, longest=7 * 3_600.0))
    assert (
        "worth sending for 48 h (replies.expiry); where nothing is said, for 6 h"
        in said_of(late, "The genuine")["later"]
    )
    soon = replace(evening, people=replace(evening.people, longest=5 * 3_600.0))
    assert "replies.expiry" not in said_of(soon, "The genuine")["later"]


def test_one_who_waited_is_no_half_of_anybody(evening: Tale) -> None:
    people = evening.people
    one = replace(people, at_once=people.answered - 1, waited=1_200.0, longest=1_200.0)
    two = replace(people, at_once=people.answered - 2, waited=1_200.0, longest=1_800.0)
    assert said_of(replace(evening, people=one), "The genuine")["later"] == "1, after 20 min"
    said = said_of(replace(evening, people=two), "The genuine")["later"]
    assert said == "2; half of them within 20 min, the last after 30 min"


def test_raid_texts_that_were_paid_after_it_was_found_are_explained(evening: Tale) -> None:
    raid = replace(evening.raiders, paid=20, paid_later=3, paid_unseen=9)
    said = said_of(replace(evening, raiders=raid), "The raid")["as they came"]
    assert said == "17: 8 before it was found, 9 in it, for their words look like anybody's"
    none = replace(raid, paid_unseen=0)
    assert said_of(replace(evening, raiders=none), "The raid")["as they came"] == "17"
    seen = evening.raiders
    assert seen.found_after is not None
    assert 0 <= seen.paid - seen.paid_later - seen.paid_unseen <= seen.found_after


def test_when_a_carrier_went_wrong_and_when_it_was_noticed_are_both_said(evening: Tale) -> None:
    (left,) = (said for name, said in said_of(evening, "The carriers").items() if said.startswith("cut off"))
    began = ENGLISH.moment(EVENING.when(EVENING.events[0]))
    assert f"so at the carrier since {began}: an answer" in left
    move = next(each for each in evening.moves if each.word == "cut_off")
    at_once = [move._replace(at=EVENING.when(EVENING.events[0]))]
    (noticed,) = (
        said
        for _, said in said_of(replace(evening, moves=at_once), "The carriers").items()
        if said.startswith("cut off")
    )
    assert "since" not in noticed


def test_the_report_names_its_clock_once(evening: Tale) -> None:
    assert " ".join(report([evening]).split()).count("Times are those of Paris.") == 1

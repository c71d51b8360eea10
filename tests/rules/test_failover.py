"""Through whom a reply may go, and why each other candidate may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.failover import Choice, Facts, Passed, Route, Why, lane, routes
from router.rules.health import Operator, State, Status

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
PLAN = (Route("twilio", "+33937000001"), Route("vonage", "PARAVENT"), Route("ovh", "+33937000003"))
FACTS = {name: Facts(estimate=70_000, room=1_000_000) for name in ("twilio", "vonage", "ovh")}


def state(
    account: str, status: Status, *, sender: str = "", operator: Operator = Operator.NONE, wait: int = 60
) -> dict[tuple[str, str], State]:
    until = NOW + timedelta(seconds=wait)
    found = State(account=account, sender=sender, status=status, operator=operator, not_before=until)
    return {(account, sender): found}


def test_all_well_the_operators_order_stands() -> None:
    assert routes(PLAN, {}, FACTS, NOW) == Choice(PLAN, ())


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (Status.CUT_OFF, Why.CUT_OFF),
        (Status.SLOW, Why.SLOW),
        (Status.THROTTLED, Why.THROTTLED),
        (Status.PROBING, Why.PROBING),
    ],
)
def test_a_closed_account_is_passed_over_and_its_reason_kept(status: Status, why: Why) -> None:
    assert routes(PLAN, state("twilio", status), FACTS, NOW) == Choice(PLAN[1:], (Passed(PLAN[0], why),))


def test_a_lost_sender_closes_that_route_alone() -> None:
    plan = (Route("twilio", "+33937000001"), Route("twilio", "PARAVENT"))
    lost = state("twilio", Status.CUT_OFF, sender="+33937000001")
    assert routes(plan, lost, FACTS, NOW) == Choice(plan[1:], (Passed(plan[0], Why.CUT_OFF),))


def test_a_pause_ends_by_itself_at_its_moment() -> None:
    assert routes(PLAN, state("twilio", Status.THROTTLED, wait=0), FACTS, NOW).routes == PLAN


def test_the_operators_word_outranks_the_automatic() -> None:
    cut = state("twilio", Status.OPEN, operator=Operator.CUT)
    assert routes(PLAN, cut, FACTS, NOW).passed == (Passed(PLAN[0], Why.OPERATOR_CUT),)
    pinned = state("twilio", Status.CUT_OFF, operator=Operator.PIN)
    assert routes(PLAN, pinned, FACTS, NOW).routes == PLAN


def test_while_probing_only_the_holder_of_the_probe_passes() -> None:
    mine, other = UUID(int=1), UUID(int=2)
    key = ("twilio", "")
    held = {
        key: State(
            account="twilio",
            status=Status.PROBING,
            probe_owner=mine,
            probe_until=NOW + timedelta(seconds=1),
        )
    }
    assert routes(PLAN, held, FACTS, NOW, prober=mine).routes == PLAN
    assert routes(PLAN, held, FACTS, NOW, prober=other).passed == (Passed(PLAN[0], Why.PROBING),)
    late = NOW + timedelta(seconds=1)
    assert routes(PLAN, held, FACTS, late, prober=mine).passed == (Passed(PLAN[0], Why.PROBING),)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (Facts(estimate=None), Why.NO_PRICE),
        (Facts(estimate=70_000, room=69_999), Why.BUDGET),
        (Facts(estimate=70_000, room=0), Why.BUDGET),
        (Facts(estimate=70_000, doubtful=True), Why.IN_DOUBT),
        (Facts(estimate=70_000, busy=True), Why.BUSY),
    ],
)
def test_an_account_that_cannot_pay_or_take_more_is_passed_over(facts: Facts, why: Why) -> None:
    assert routes(PLAN, {}, FACTS | {"twilio": facts}, NOW).passed == (Passed(PLAN[0], why),)


def test_an_account_nobody_knows_has_no_price() -> None:
    assert routes(PLAN, {}, {}, NOW).passed == tuple(Passed(route, Why.NO_PRICE) for route in PLAN)


def test_a_full_total_purse_ends_it_for_all_and_exact_room_is_room() -> None:
    assert routes(PLAN, {}, FACTS, NOW, total_room=70_000).routes == PLAN
    ended = routes(PLAN, {}, FACTS, NOW, total_room=69_999)
    assert {passed.why for passed in ended.passed} == {Why.TOTAL_BUDGET}
    assert ended.routes == ()


@given(
    plan=st.lists(st.builds(Route, st.sampled_from("abc"), st.sampled_from("xy")), max_size=6),
    statuses=st.dictionaries(st.sampled_from("abc"), st.sampled_from(Status)),
    estimates=st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(0, 10)),
    room=st.integers(0, 10),
)
def test_every_candidate_is_on_one_list_once_and_order_is_kept(
    plan: list[Route], statuses: dict[str, Status], estimates: dict[str, int | None], room: int
) -> None:
    health = {(name, ""): State(account=name, status=status) for name, status in statuses.items()}
    facts = {name: Facts(estimate=estimate, room=room) for name, estimate in estimates.items()}
    choice = routes(plan, health, facts, NOW)
    once = list(dict.fromkeys(plan))
    assert sorted([*choice.routes, *(p.route for p in choice.passed)], key=once.index) == once
    assert list(choice.routes) == [route for route in once if route in choice.routes]
    for route in choice.routes:
        spend = facts[route.account].estimate
        assert spend is not None
        assert spend <= room


def test_numbers_with_the_same_plan_share_a_lane_and_no_others() -> None:
    assert lane(PLAN) == lane(list(PLAN))
    assert len({lane(PLAN), lane(PLAN[1:]), lane(PLAN[::-1]), lane(())}) == 4


def test_no_sender_shows_in_a_repr() -> None:
    assert "+339" not in repr(routes(PLAN, state("twilio", Status.CUT_OFF), FACTS, NOW))

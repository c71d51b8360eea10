"""What moves the state of an account, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import (
    Accepted,
    CutOff,
    CutReason,
    InDoubt,
    Outcome,
    Refused,
    RefusedReason,
    Scope,
    Throttled,
    Unreachable,
)
from router.rules import breaker
from router.rules.delivery import Deliveries, slow
from router.rules.health import WORDS, Operator, Policy, Reason, State, Status, rested, ripe, usable

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
POLICY = Policy()
OPEN = State(account="twilio")
ME, OTHER = UUID(int=1), UUID(int=2)
SUSPENDED = CutOff(CutReason.SUSPENDED, "20005")
OK = Accepted(provider_id="SM1")
HARMLESS: tuple[Outcome, ...] = (
    Refused(RefusedReason.BAD_NUMBER, "21211"),
    Refused(RefusedReason.FILTERED, "30007", Scope.ACCOUNT),
    Throttled(60, "14107", Scope.RECIPIENT),
    Throttled(60, "30017", Scope.MESSAGE),
    InDoubt("odd", Scope.MESSAGE),
    Unreachable("odd", Scope.RECIPIENT),
    CutOff(CutReason.SENDER_LOST, "21606", Scope.SENDER),
    OK,
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def moved(state: State | None) -> State:
    assert state is not None
    return state


def fallen(seconds: float = 0, state: State = OPEN) -> State:
    return moved(breaker.after(state, SUSPENDED, at(seconds), POLICY))


@pytest.mark.parametrize("outcome", HARMLESS, ids=lambda outcome: type(outcome).__name__)
def test_a_recipient_a_text_and_another_sender_never_touch_an_account(outcome: Outcome) -> None:
    state: State = OPEN
    for _ in range(100):
        assert breaker.after(state, outcome, NOW, POLICY) is None


def test_a_hard_answer_closes_it_at_once() -> None:
    state = fallen()
    assert (state.status, state.reason, state.code) == (Status.CUT_OFF, Reason.SUSPENDED, "20005")
    assert state.version == OPEN.version + 1
    assert not usable(state, at(86_400))
    assert breaker.after(state, SUSPENDED, at(1), POLICY) is None


def test_a_lost_sender_closes_the_sender_and_not_the_account() -> None:
    lost = CutOff(CutReason.SENDER_LOST, "21606", Scope.SENDER)
    sender = State(account="twilio", sender="PARAVENT")
    assert moved(breaker.after(sender, lost, NOW, POLICY)).reason is Reason.SENDER_LOST
    assert breaker.after(sender, SUSPENDED, NOW, POLICY) is None


def test_a_throttle_closes_it_for_its_pause_and_no_probe_is_needed() -> None:
    state = moved(breaker.after(OPEN, Throttled(10, "20429"), NOW, POLICY))
    assert state.status is Status.THROTTLED
    assert not usable(state, at(9.9))
    assert usable(state, at(10))
    assert not ripe(state, at(10))
    assert breaker.after(state, Throttled(5, "20429"), NOW, POLICY) is None
    assert moved(breaker.after(state, Throttled(30, "20429"), NOW, POLICY)).not_before == at(30)
    assert breaker.after(state, OK, at(5), POLICY) is None
    assert moved(breaker.after(state, OK, at(10), POLICY)).status is Status.OPEN
    assert moved(breaker.after(state, SUSPENDED, at(5), POLICY)).status is Status.CUT_OFF


@pytest.mark.parametrize("outcome", [Unreachable("dns"), InDoubt("timeout")], ids=["unreachable", "in doubt"])
def test_strikes_in_a_row_close_it_and_a_success_between_clears_them(outcome: Outcome) -> None:
    first = moved(breaker.after(OPEN, outcome, at(0), POLICY))
    second = moved(breaker.after(first, outcome, at(1), POLICY))
    assert [first.strikes, second.strikes] == [1, 2]
    assert usable(second, at(1))
    assert moved(breaker.after(second, outcome, at(2), POLICY)).status is Status.CUT_OFF
    cleared = moved(breaker.after(second, OK, at(2), POLICY))
    assert cleared.strikes == 0
    assert moved(breaker.after(cleared, outcome, at(3), POLICY)).strikes == 1


def test_strikes_far_apart_do_not_add_up() -> None:
    state = OPEN
    for turn in range(10):
        state = moved(breaker.after(state, InDoubt("timeout"), at(turn * 901), POLICY))
        assert (state.status, state.strikes) == (Status.OPEN, 1)


def test_sends_that_hung_together_count_together() -> None:
    state = OPEN
    for _ in range(POLICY.strikes):
        state = moved(breaker.after(state, InDoubt("timeout"), at(10), POLICY, began=at(0)))
    assert state.status is Status.CUT_OFF


def test_a_send_from_before_the_probe_does_not_fail_it_but_one_after_does() -> None:
    probing = moved(breaker.probe(fallen(), ME, at(5), POLICY))
    assert breaker.after(probing, InDoubt("timeout"), at(6), POLICY, began=at(4)) is None
    assert breaker.after(probing, OK, at(6), POLICY, began=at(4)) is None
    assert (
        moved(breaker.after(probing, InDoubt("timeout"), at(6), POLICY, began=at(5))).status is Status.CUT_OFF
    )
    opened = moved(breaker.after(probing, OK, at(7), POLICY, began=at(5)))
    assert breaker.after(opened, SUSPENDED, at(8), POLICY, began=at(4)) is None


def test_the_probe_is_one_for_the_fleet_and_its_deadline_is_a_failure() -> None:
    state = fallen()
    assert breaker.probe(state, ME, at(4.9), POLICY) is None
    probing = moved(breaker.probe(state, ME, at(5), POLICY))
    assert usable(probing, at(6), ME)
    assert not usable(probing, at(6), OTHER)
    assert not usable(probing, at(6))
    assert breaker.probe(probing, OTHER, at(34.9), POLICY) is None
    lapsed = moved(breaker.probe(probing, OTHER, at(35), POLICY))
    assert (lapsed.status, lapsed.not_before) == (Status.CUT_OFF, at(35 + 10))
    assert not usable(probing, at(35), ME)


def test_each_failed_probe_doubles_the_wait_up_to_the_longest() -> None:
    state, now, waits = fallen(), NOW, []
    for _ in range(10):
        assert state.not_before is not None
        waits.append((state.not_before - now).total_seconds())
        now = state.not_before
        state = moved(breaker.after(moved(breaker.probe(state, ME, now, POLICY)), SUSPENDED, now, POLICY))
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_good_probe_opens_it_but_its_trips_are_forgiven_only_with_time() -> None:
    opened = moved(breaker.after(moved(breaker.probe(fallen(), ME, at(5), POLICY)), OK, at(6), POLICY))
    assert (opened.status, opened.reason, opened.probe_owner) == (Status.OPEN, Reason.NONE, None)
    assert fallen(7, opened).not_before == at(7 + 10)
    assert fallen(6 + 600, opened).not_before == at(6 + 600 + 5)
    struck = moved(breaker.after(opened, InDoubt("timeout"), at(700), POLICY))
    assert fallen(701, struck).not_before == at(701 + 5)


@pytest.mark.parametrize(
    "outcome", [OK, Refused(RefusedReason.BAD_NUMBER, "21211")], ids=["accepted", "refused"]
)
def test_a_provider_that_answers_a_probe_is_back(outcome: Outcome) -> None:
    probing = moved(breaker.probe(fallen(), ME, at(5), POLICY))
    assert moved(breaker.after(probing, outcome, at(6), POLICY)).status is Status.OPEN


def test_a_probe_that_is_throttled_waits_for_the_pause() -> None:
    probing = moved(breaker.probe(fallen(), ME, at(5), POLICY))
    state = moved(breaker.after(probing, Throttled(3, "429"), at(6), POLICY))
    assert (state.status, state.not_before, state.probe_owner) == (Status.THROTTLED, at(9), None)


def test_a_late_success_does_not_reopen_what_was_cut_off() -> None:
    assert breaker.after(fallen(), OK, at(1), POLICY) is None


@given(
    st.lists(
        st.sampled_from([SUSPENDED, InDoubt("x"), Unreachable("x"), Throttled(5, "429"), OK]), max_size=20
    )
)
def test_the_operators_word_outranks_whatever_happens(outcomes: list[Outcome]) -> None:
    for order, can in ((breaker.cut, False), (breaker.pin, True)):
        state = order(fallen(), NOW)
        for second, outcome in enumerate(outcomes):
            assert breaker.after(state, outcome, at(second), POLICY) is None
            assert usable(state, at(second)) is can
        assert not ripe(state, at(10**6))
        assert breaker.slowed(state, NOW, POLICY) is None
        restored = breaker.restore(state, at(60))
        assert usable(restored, at(60))
        assert restored.trips == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [SUSPENDED, InDoubt("x"), Unreachable("x"), Throttled(5, "429"), OK, "probe", "slow"]
            ),
            st.floats(0, 1_200),
        ),
        max_size=40,
    )
)
def test_every_change_is_one_version_on_and_no_state_is_for_ever(
    happenings: list[tuple[Outcome | str, float]],
) -> None:
    state, now = OPEN, NOW
    for happening, seconds in happenings:
        now += timedelta(seconds=seconds)
        if happening == "probe":
            following = breaker.probe(state, ME, now, POLICY)
        elif happening == "slow":
            following = breaker.slowed(state, now, POLICY)
        else:
            assert not isinstance(happening, str)
            following = breaker.after(state, happening, now, POLICY)
        if following is None:
            continue
        assert following.version == state.version + 1
        assert following.changed_at == now
        assert (following.probe_owner is None) == (following.status is not Status.PROBING)
        assert (following.probe_until is None) == (following.probe_owner is None)
        assert following.word in WORDS
        assert following.status is not Status.OPEN or following.reason is Reason.NONE
        state = following
    later = now + max(POLICY.probe_longest, POLICY.slow_window)
    assert usable(state, later) or ripe(state, later)


def share(late: int, total: int) -> Deliveries:
    return Deliveries(total=total, late=late)


def test_an_account_is_slow_from_fifteen_percent_on_unless_all_are() -> None:
    fine = {"b": share(0, 100)}
    assert slow({"a": share(15, 100)} | fine, POLICY) == {"a"}
    assert slow({"a": share(14, 100)} | fine, POLICY) == frozenset()
    assert slow({"a": share(19, 19)} | fine, POLICY) == frozenset()
    assert slow({"a": share(50, 100), "b": share(15, 100)}, POLICY) == frozenset()
    assert slow({"a": share(50, 100), "b": share(0, 0)}, POLICY) == {"a"}
    assert slow({"a": share(50, 100)}, POLICY) == frozenset()
    assert slow({}, POLICY) == frozenset()


def test_a_slow_account_is_left_for_the_window_that_showed_it_and_then_probed() -> None:
    state = moved(breaker.slowed(OPEN, NOW, POLICY))
    assert (state.status, state.word) == (Status.SLOW, "slow")
    assert not usable(state, at(899))
    assert not ripe(state, at(899))
    assert breaker.after(state, OK, at(1), POLICY) is None
    assert moved(breaker.probe(state, ME, at(900), POLICY)).status is Status.PROBING
    assert breaker.slowed(state, at(1), POLICY) is None


def test_a_clear_status_look_may_open_it_again() -> None:
    assert moved(breaker.reopen(fallen(), at(5), POLICY)).status is Status.OPEN
    assert breaker.reopen(OPEN, at(5), POLICY) is None


def test_a_cut_is_a_word_of_its_own_and_no_number_shows_in_a_repr() -> None:
    assert breaker.cut(OPEN, NOW).word == "operator_cut"
    assert breaker.cut(OPEN, NOW).operator is Operator.CUT
    assert "+339" not in repr(replace(OPEN, sender="+33937000001"))


def test_a_pause_that_is_over_is_shown_as_open_though_no_text_went_through_since() -> None:
    state = breaker.after(OPEN, Throttled(20, "429"), NOW, POLICY)
    assert state is not None
    assert rested(state, NOW + timedelta(seconds=19)) == state
    after = rested(state, NOW + timedelta(seconds=20))
    assert (after.word, after.reason, after.code, after.not_before) == ("open", Reason.NONE, "", None)
    assert (after.changed_at, after.version) == (state.not_before, state.version)
    assert usable(state, NOW + timedelta(seconds=20))
    for other in (OPEN, replace(state, status=Status.CUT_OFF), replace(state, operator=Operator.CUT)):
        assert rested(other, NOW + timedelta(days=1)).word == other.word

"""An account whose sends hung comes back by a text that is accepted, never by a good look alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from providers import Accepted, CutOff, CutReason, InDoubt
from router.rules import breaker
from router.rules.health import Policy, Reason, State, Status, on_trial, ripe, usable

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
POLICY = Policy()
ME = UUID(int=1)
OK = Accepted(provider_id="SM1")
SUSPENDED = CutOff(CutReason.SUSPENDED, "20005")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def moved(state: State | None) -> State:
    assert state is not None
    return state


def hung() -> State:
    """An account whose sends hang, after a look that found nothing wrong."""
    state = State(account="twilio")
    for _ in range(POLICY.strikes):
        state = moved(breaker.after(state, InDoubt("timeout"), NOW, POLICY))
    taken = moved(breaker.probe(state, ME, at(5), POLICY))
    return moved(breaker.reopen(taken, at(5), POLICY))


def test_an_account_whose_sends_hung_is_on_trial_until_a_text_is_accepted() -> None:
    state = hung()
    assert on_trial(state)
    assert state.word == "probing"
    assert usable(state, at(6))
    assert not ripe(state, at(6))
    assert moved(breaker.after(state, OK, at(6), POLICY)).status is Status.OPEN


def test_one_that_hangs_again_is_left_for_longer() -> None:
    state = moved(breaker.after(hung(), InDoubt("timeout"), at(16), POLICY, began=at(6)))
    assert state.status is Status.CUT_OFF
    assert state.not_before == at(16) + 2 * POLICY.probe_first


def test_a_trial_that_nobody_had_a_text_for_is_looked_at_again() -> None:
    later = at(5) + POLICY.probe_longest
    again = moved(breaker.probe(hung(), ME, later, POLICY))
    assert (again.status, again.probe_owner, again.trips) == (Status.PROBING, ME, 1)
    assert moved(breaker.after(again, SUSPENDED, later, POLICY)).reason is Reason.SUSPENDED


def test_no_sender_is_on_trial() -> None:
    """Texts under way are counted by account."""
    sender = State(account="twilio", sender="PARAVENT", status=Status.CUT_OFF, reason=Reason.IN_DOUBT)
    assert moved(breaker.reopen(sender, NOW, POLICY)).status is Status.OPEN

"""What moves the state of an account, or of one of its senders.

House rule: every function returns the whole next state, or None for no change; the row is swapped only
if its version is still one below. Only faults of the account or the sender move it, never a recipient's.

    open --Throttled--> throttled --time--> usable again
    open --CutOff, or strikes--> cut_off --time, `probe`--> probing --success--> open
                                    ^----------- failure, or its deadline -------|
    probing, with no text to try it with --> open, or on trial where only a text can tell
    open --late deliveries--> slow --time, `probe`--> probing
The operator's word stands beside the state and outranks it: ``cut`` is closed, ``pin`` is open.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from providers.contract.failure import CutOff, InDoubt, Refused, Scope, Throttled, Unreachable, clean_code
from providers.contract.message import Accepted, Outcome
from router.rules.health import ANYONE, Operator, Policy, Reason, State, Status, on_trial, ripe, usable


def after(
    state: State, outcome: Outcome, now: datetime, policy: Policy, *, began: datetime | None = None
) -> State | None:
    """The next state after a send or a look, None where nothing changes.

    Args:
        state: Of the account, or of the sender the text went out from.
        outcome: What came of it.
        now: The database's clock, aware.
        policy: Section ``[health]``.
        began: When the send began. One that began before the account was probed or reopened says
            nothing of it now: sends that hang together must not fail the probe that follows them.
    """
    if state.operator is not Operator.NONE or not _concerns(state, outcome) or _stale(state, began):
        return None
    closed = state.status is not Status.PROBING and not usable(state, now)
    if closed and not isinstance(outcome, (CutOff, Throttled)):
        return None
    match outcome:
        case Accepted() | Refused():
            changed = _succeeded(state, now)
        case Throttled():
            changed = _throttle(state, outcome, now)
        case CutOff():
            changed = _fall(state, Reason(outcome.reason.value), outcome.code, now, policy)
        case Unreachable():
            changed = _strike(state, Reason.UNREACHABLE, outcome.code, now, policy)
        case InDoubt():
            changed = _strike(state, Reason.IN_DOUBT, outcome.code, now, policy)
        case _:
            assert_never(outcome)
    return changed


def well(state: State) -> bool:
    """Whether a text that is accepted changes nothing."""
    return state.status is Status.OPEN and not state.strikes


def probe(state: State, owner: UUID, now: datetime, policy: Policy) -> State | None:
    """Take the probe: one for the fleet, a lease with a deadline. None while it is not time.

    A lapsed probe is a failure first, so it comes back as `cut_off` with a longer wait; a trial that
    nobody had a text for is no failure, and is looked at again.
    """
    if not ripe(state, now):
        return None
    if state.status is Status.PROBING and not on_trial(state):
        return _fall(state, state.reason, state.code, now, policy)
    return _next(
        state,
        now,
        status=Status.PROBING,
        not_before=None,
        probe_owner=owner,
        probe_until=now + policy.probe_lease,
    )


def explained(state: State, look: object, now: datetime) -> State | None:
    """An account that is cut off, with the reason that a look gives where that is another.

    When it is probed stays as it is.
    """
    if state.status is not Status.CUT_OFF or not isinstance(look, CutOff) or look.scope is not Scope.ACCOUNT:
        return None
    reason = Reason(look.reason.value)
    if state.operator is not Operator.NONE or reason is state.reason:
        return None
    return _next(state, now, reason=reason, code=clean_code(look.code) if look.code else "")


def reopen(state: State, now: datetime, policy: Policy) -> State | None:
    """Open it again after a good look, with no text to try it with.

    A look says nothing of sends that hung or never arrived: then the account is on trial until one text
    is accepted. Its trips are remembered until it was open long enough.
    """
    if state.status is Status.OPEN:
        return None
    if state.sender or state.reason not in {Reason.IN_DOUBT, Reason.UNREACHABLE}:
        return _next(state, now, **_OPEN)
    return _next(state, now, probe_owner=ANYONE, probe_until=now + policy.probe_longest)


def cut(state: State, now: datetime) -> State:
    """The operator closes it; nothing automatic opens it."""
    return _next(state, now, **_OPEN, trips=0, operator=Operator.CUT)


def restore(state: State, now: datetime) -> State:
    """The operator opens it, lifts a cut or a pin, and forgets its trips."""
    return _next(state, now, **_OPEN, trips=0, operator=Operator.NONE)


def pin(state: State, now: datetime) -> State:
    """The operator keeps it open whatever happens."""
    return _next(state, now, **_OPEN, trips=0, operator=Operator.PIN)


def slowed(state: State, now: datetime, policy: Policy) -> State | None:
    """Leave an account for slow delivery, for as long as the window that showed it."""
    if state.status is not Status.OPEN or state.operator is not Operator.NONE:
        return None
    changed = _OPEN | {"status": Status.SLOW, "reason": Reason.SLOW}
    return _next(state, now, **changed | {"not_before": now + policy.slow_window})


_OPEN: dict[str, object] = {
    "status": Status.OPEN,
    "reason": Reason.NONE,
    "code": "",
    "not_before": None,
    "strikes": 0,
    "probe_owner": None,
    "probe_until": None,
}


def _concerns(state: State, outcome: Outcome) -> bool:
    """Whose state an outcome speaks of: a success of both, a failure of its scope only."""
    match outcome:
        case Accepted():
            return True
        case Refused():
            return state.status is Status.PROBING
        case _:
            return outcome.scope is (Scope.SENDER if state.sender else Scope.ACCOUNT)


def _stale(state: State, began: datetime | None) -> bool:
    """Strikes in a row are of one time; but a fresh start counts only what began after it."""
    if began is None or state.changed_at is None or began >= state.changed_at:
        return False
    return state.status is Status.PROBING or (state.status is Status.OPEN and state.strikes == 0)


def _succeeded(state: State, now: datetime) -> State | None:
    return None if well(state) else _next(state, now, **_OPEN)


def _throttle(state: State, outcome: Throttled, now: datetime) -> State | None:
    until = now + timedelta(seconds=outcome.pause)
    if state.status in {Status.CUT_OFF, Status.SLOW}:
        return None
    if state.status is Status.THROTTLED and state.not_before is not None and state.not_before >= until:
        return None
    changed = _OPEN | {"status": Status.THROTTLED, "reason": Reason.THROTTLED, "code": outcome.code}
    return _next(state, now, **changed | {"not_before": until})


def _strike(state: State, reason: Reason, code: str, now: datetime, policy: Policy) -> State | None:
    fresh = state.changed_at is not None and now - state.changed_at <= policy.strike_window
    strikes = state.strikes + 1 if state.strikes and fresh else 1
    if state.status is Status.PROBING or strikes >= policy.strikes:
        return _fall(state, reason, code, now, policy)
    return _next(state, now, **_OPEN | {"strikes": strikes, "trips": _trips(state, now, policy)})


def _fall(state: State, reason: Reason, code: str, now: datetime, policy: Policy) -> State | None:
    if state.status is Status.CUT_OFF:
        return None
    trips = _trips(state, now, policy)
    wait = min(policy.probe_first * 2 ** min(trips, 20), policy.probe_longest)
    changed = _OPEN | {"status": Status.CUT_OFF, "reason": reason, "code": clean_code(code) if code else ""}
    return _next(state, now, **changed | {"not_before": now + wait, "trips": trips + 1})


def _trips(state: State, now: datetime, policy: Policy) -> int:
    """Closures in a row; open and unharmed for long enough, it starts again from none."""
    at = state.changed_at
    rested = state.status is Status.OPEN and not state.strikes
    return 0 if rested and (at is None or now - at >= policy.forgiven_after) else state.trips


def _next(state: State, now: datetime, **changes: object) -> State:
    changes |= {"version": state.version + 1, "changed_at": now}
    return replace(state, **changes)  # type: ignore[arg-type]  # every key is a field of State

"""Whether an account, or one of its senders, carries texts at the moment: the state, as a value.

House rule: nobody is dead, only "not before t". What moves a state is in `breaker`; here it is only read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from router.rules.span import Span


class Status(StrEnum):
    """What an account does at the moment."""

    OPEN = "open"
    THROTTLED = "throttled"
    CUT_OFF = "cut_off"
    SLOW = "slow"
    PROBING = "probing"


class Operator(StrEnum):
    """What the operator ordered; it outranks the status."""

    NONE = ""
    CUT = "cut"
    PIN = "pin"


class Reason(StrEnum):
    """Why it is not open. The set is closed; the provider's own word is in `code`."""

    NONE = ""
    SUSPENDED = "suspended"
    UNPAID = "unpaid"
    REVOKED = "revoked"
    SENDER_LOST = "sender_lost"
    UNREACHABLE = "unreachable"
    IN_DOUBT = "in_doubt"
    THROTTLED = "throttled"
    SLOW = "slow"


class Policy(BaseModel):
    """Section ``[health]``: when an account is left and when it is tried again."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    strikes: int = Field(
        default=3, ge=1, description="Unreachable or doubtful sends in a row that close an account."
    )
    strike_window: Span = Field(
        default=timedelta(minutes=15), gt=timedelta(0), description="Strikes further apart do not add up."
    )
    probe_first: Span = Field(
        default=timedelta(seconds=5), gt=timedelta(0), description="Wait before the first probe."
    )
    probe_longest: Span = Field(
        default=timedelta(minutes=15),
        gt=timedelta(0),
        description="Each failed probe doubles the wait up to this.",
    )
    probe_lease: Span = Field(
        default=timedelta(seconds=30),
        gt=timedelta(0),
        description="A probe unanswered for so long has failed.",
    )
    forgiven_after: Span = Field(
        default=timedelta(minutes=10),
        gt=timedelta(0),
        description="Open for so long, an account starts again from the first wait.",
    )
    slow_share: float = Field(
        default=0.15, gt=0, le=1, description="Share of late deliveries that makes an account slow."
    )
    slow_after: Span = Field(
        default=timedelta(minutes=5), gt=timedelta(0), description="A later delivery is late."
    )
    slow_window: Span = Field(
        default=timedelta(minutes=15), gt=timedelta(0), description="Deliveries that are looked at."
    )
    slow_least: int = Field(default=20, ge=1, description="Fewer deliveries in the window say nothing.")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known of an account, or of one of its senders.

    Args:
        account: Its name in the settings.
        sender: Empty for the account itself.
        status: What it does.
        operator: What the operator ordered.
        reason: Why it is not open.
        code: The provider's own word, cleaned.
        strikes: Failures in a row that alone do not close it.
        trips: Closures in a row: the next wait is longer.
        not_before: When it may be used (throttled) or probed (cut off, slow) again.
        probe_owner: Who holds the probe.
        probe_until: Its deadline.
        version: Counts every change; the row is swapped only if it is one below.
        changed_at: When anything of it last changed, None for one never written.
    """

    account: str
    sender: str = field(default="", repr=False)
    status: Status = Status.OPEN
    operator: Operator = Operator.NONE
    reason: Reason = Reason.NONE
    code: str = ""
    strikes: int = 0
    trips: int = 0
    not_before: datetime | None = None
    probe_owner: UUID | None = None
    probe_until: datetime | None = None
    version: int = 0
    changed_at: datetime | None = None

    @property
    def word(self) -> str:
        """The state in one word, the operator's cut included: it labels `paravent_account_state`."""
        return "operator_cut" if self.operator is Operator.CUT else self.status.value


ANYONE = UUID(int=0)
"""Owner of a probe that whoever has the next text may make: one text at a time, in the whole fleet."""

WORDS = (*(status.value for status in Status), "operator_cut")
"""Every word a state can have."""


def usable(state: State, now: datetime, prober: UUID | None = None) -> bool:
    """Whether a text may go through it now. While probing, only for the probe's holder, unless on trial."""
    if state.operator is not Operator.NONE:
        return state.operator is Operator.PIN
    match state.status:
        case Status.OPEN:
            return True
        case Status.THROTTLED:
            return state.not_before is None or now >= state.not_before
        case Status.PROBING:
            held = state.probe_until is not None and now < state.probe_until
            return on_trial(state) or (held and prober is not None and prober == state.probe_owner)
        case Status.CUT_OFF | Status.SLOW:
            return False
        case _:
            assert_never(state.status)


def rested(state: State, now: datetime) -> State:
    """What it is said to be: a pause that is over leaves it open, whether or not it carried a text since."""
    if state.status is not Status.THROTTLED or state.not_before is None or now < state.not_before:
        return state
    return replace(
        state,
        status=Status.OPEN,
        reason=Reason.NONE,
        code="",
        not_before=None,
        changed_at=state.not_before,
    )


def on_trial(state: State) -> bool:
    """Whether the next text is its probe: it may have one under way, and opens once one is accepted."""
    probing = state.status is Status.PROBING and state.operator is Operator.NONE
    return probing and state.probe_owner == ANYONE


def ripe(state: State, now: datetime) -> bool:
    """Whether it is time to probe: its wait is over, or the last probe's deadline has passed."""
    if state.status is Status.PROBING and state.operator is Operator.NONE:
        return state.probe_until is None or now >= state.probe_until
    closed = state.status in {Status.CUT_OFF, Status.SLOW} and state.operator is Operator.NONE
    return closed and (state.not_before is None or now >= state.not_before)

"""What happened to one text, as a value. Metrics, health and logs are folds over stories.

House rule: a story has everything anybody will ask about a text, except who wrote it and what.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never
from uuid import UUID

from providers.contract.failure import (
    CutOff,
    CutReason,
    Failure,
    InDoubt,
    Refused,
    RefusedReason,
    Throttled,
    Unreachable,
)
from providers.contract.message import Accepted, Outcome
from router.rules.answer import Decision, Reply
from router.rules.failover import Passed, Route
from router.rules.holding import Judgement


class Ending(StrEnum):
    """How it ended for now. The set is closed: it labels `paravent_replies_total`."""

    ACCEPTED = "accepted"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    SILENT = "silent"
    WAITING = "waiting"
    HELD = "held"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One armed send.

    Args:
        route: Through whom.
        outcome: What came of it.
        seconds: How long the provider took.
        parts: By our own count.
        reserved: Millionths of the ledger currency.
    """

    route: Route
    outcome: Outcome
    seconds: float
    parts: int
    reserved: int


Step: TypeAlias = Passed | Attempt


@dataclass(frozen=True, slots=True)
class Failover:
    """The reply left one account for another, and why. Names of accounts, never digits."""

    left: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened to one text.

    Args:
        text: Its id.
        account: The account it came in through.
        number: Name of the texted number.
        decision: Reply or silence; None where the lease was lost before deciding.
        steps: Candidates passed over and attempts made, in order.
        ending: How it ended for now.
        received_at: Business time, aware.
        ended_at: Business time, aware.
        judgement: Where it stood in a raid, None in calm.
    """

    text: UUID
    account: str
    number: str
    decision: Decision | None
    steps: tuple[Step, ...] = ()
    ending: Ending
    received_at: datetime
    ended_at: datetime
    judgement: Judgement | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The armed sends, in order."""
        return tuple(step for step in self.steps if isinstance(step, Attempt))

    @property
    def passed(self) -> tuple[Passed, ...]:
        """The candidates passed over, in order."""
        return tuple(step for step in self.steps if isinstance(step, Passed))

    @property
    def failovers(self) -> tuple[Failover, ...]:
        """Each move: from the preferred route, or the last one tried, to the next one tried."""
        moves: list[Failover] = []
        left: Step | None = None
        for step in self.steps:
            if left is not None and isinstance(step, Attempt) and step.route != left.route:
                moves.append(Failover(left.route.account, step.route.account, _why(left)))
            if left is None or isinstance(step, Attempt):
                left = step
        return tuple(moves)


def outcome_word(outcome: Outcome) -> str:
    """The outcome in one word of a closed set: it labels `paravent_attempts_total`."""
    match outcome:
        case Accepted():
            return "accepted"
        case Unreachable():
            return "unreachable"
        case Throttled():
            return "throttled"
        case CutOff():
            return "cut_off"
        case Refused():
            return "refused"
        case InDoubt():
            return "in_doubt"
        case _:
            assert_never(outcome)


OWN_CODES = (
    "dns", "connect", "tls", "certificate", "request", "timeout", "reset", "lease-over", "unreadable",
    "provider-raised", "provider-answered-junk", "job-abandoned",
)  # fmt: skip
"""Codes that are ours: what became of a call that no provider's own word describes."""
ANSWER = "answer"
"""Stands for a provider's own code."""

FAILURES = (
    ("throttled", "throttled"),
    *(("cut_off", reason.value) for reason in CutReason),
    *(("refused", reason.value) for reason in RefusedReason),
    *((outcome, code) for outcome in ("unreachable", "in_doubt") for code in (*OWN_CODES, ANSWER)),
)
"""Every outcome that failed with every reason it may have: it labels `paravent_failures_total`."""


def failure_word(failure: Failure) -> str:
    """Why it failed, in a word of a closed set: a provider's codes are too many, and are its own."""
    match failure:
        case CutOff(reason=reason) | Refused(reason=reason):
            return reason.value
        case Throttled():
            return "throttled"
        case Unreachable(code=code) | InDoubt(code=code):
            return code if code in OWN_CODES else ANSWER
        case _:
            assert_never(failure)


def line(story: Story) -> dict[str, object]:
    """One log line: no phone number, no text, only names, reasons and durations."""
    decision = story.decision
    said: dict[str, object] = {}
    if isinstance(decision, Reply):
        said = {
            "purpose": decision.purpose.value,
            "language": decision.language,
            "priority": int(decision.priority),
        }
    elif decision is not None:
        said = {"silence": decision.reason.value}
    place = story.judgement
    if place is not None:
        said["raid"] = {"version": place.version, "rank": round(place.rank, 3), "line": round(place.line, 3)}
    return {
        "text": str(story.text),
        "account": story.account,
        "number": story.number,
        "ending": story.ending.value,
        "seconds": round((story.ended_at - story.received_at).total_seconds(), 3),
        **said,
        "passed": [{"account": step.route.account, "why": step.why.value} for step in story.passed],
        "attempts": [_told(attempt) for attempt in story.attempts],
        "failovers": [{"from": move.left, "to": move.to, "reason": move.reason} for move in story.failovers],
    }


def _told(attempt: Attempt) -> dict[str, object]:
    return {
        "account": attempt.route.account,
        "outcome": outcome_word(attempt.outcome),
        "code": getattr(attempt.outcome, "code", ""),
        "seconds": round(attempt.seconds, 3),
        "parts": attempt.parts,
        "reserved_micros": attempt.reserved,
    }


def _why(step: Step) -> str:
    return step.why.value if isinstance(step, Passed) else outcome_word(step.outcome)

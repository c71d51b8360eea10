"""What happened to one text, as a value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from providers import Accepted, CutOff, CutReason, InDoubt, Refused, RefusedReason, Throttled, Unreachable
from router.rules.answer import Priority, Purpose, Reason, Reply, Silence
from router.rules.failover import Passed, Route, Why
from router.rules.story import Attempt, Ending, Failover, Step, Story, line, outcome_word

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
A, B, C = Route("twilio", "+33937000001"), Route("vonage", "PARAVENT"), Route("ovh", "+33937000003")
CUT = CutOff(CutReason.SUSPENDED, "20005")
OK = Accepted(provider_id="SM1")


def attempt(route: Route, outcome: Accepted | CutOff | InDoubt) -> Attempt:
    return Attempt(route=route, outcome=outcome, seconds=0.25, parts=1, reserved=70_000)


def story(*steps: Step, ending: Ending = Ending.ACCEPTED) -> Story:
    reply = Reply(purpose=Purpose.ANSWER, language="fr", text="canary-text", priority=Priority.FIRST_CONTACT)
    return Story(
        text=UUID(int=7),
        account="twilio",
        number="poster",
        decision=reply,
        steps=steps,
        ending=ending,
        received_at=NOW,
        ended_at=NOW + timedelta(seconds=1.5),
    )


def test_a_reply_by_the_preferred_route_is_no_failover() -> None:
    assert story(attempt(A, OK)).failovers == ()


def test_a_failed_attempt_and_then_another_account_is_one_move_with_its_reason() -> None:
    told = story(attempt(A, CUT), attempt(B, OK))
    assert told.failovers == (Failover("twilio", "vonage", "cut_off"),)


def test_the_move_is_from_the_preferred_route_even_if_others_were_passed_over_on_the_way() -> None:
    told = story(Passed(A, Why.BUDGET), Passed(B, Why.OPERATOR_CUT), attempt(C, OK))
    assert told.failovers == (Failover("twilio", "ovh", "budget"),)
    assert story(attempt(A, CUT), Passed(B, Why.BUDGET), attempt(C, OK)).failovers == (
        Failover("twilio", "ovh", "cut_off"),
    )


def test_every_further_move_is_told() -> None:
    assert story(attempt(A, CUT), attempt(B, CUT), attempt(C, OK)).failovers == (
        Failover("twilio", "vonage", "cut_off"),
        Failover("vonage", "ovh", "cut_off"),
    )


def test_nobody_to_go_to_is_no_move() -> None:
    assert story(Passed(A, Why.BUDGET), Passed(B, Why.CUT_OFF), ending=Ending.WAITING).failovers == ()


def test_a_line_says_everything_but_who_and_what() -> None:
    said = line(
        story(attempt(A, CUT), Passed(B, Why.BUDGET), attempt(C, InDoubt("timeout")), ending=Ending.IN_DOUBT)
    )
    told = {"seconds": 0.25, "parts": 1, "reserved_micros": 70_000}
    assert said == {
        "text": "00000000-0000-0000-0000-000000000007",
        "account": "twilio",
        "number": "poster",
        "ending": "in_doubt",
        "seconds": 1.5,
        "purpose": "answer",
        "language": "fr",
        "priority": 1,
        "passed": [{"account": "vonage", "why": "budget"}],
        "attempts": [
            {"account": "twilio", "outcome": "cut_off", "code": "20005", **told},
            {"account": "ovh", "outcome": "in_doubt", "code": "timeout", **told},
        ],
        "failovers": [{"from": "twilio", "to": "ovh", "reason": "cut_off"}],
    }
    assert json.loads(json.dumps(said)) == said


def test_no_number_and_no_text_in_a_line_or_a_repr() -> None:
    told = story(Passed(A, Why.BUDGET), attempt(C, OK))
    for shown in (repr(told), json.dumps(line(told))):
        assert "+339" not in shown
        assert "canary-text" not in shown


def test_silence_and_a_lost_lease_are_stories_too() -> None:
    quiet = Story(
        text=UUID(int=7),
        account="twilio",
        number="poster",
        decision=Silence(reason=Reason.COOLDOWN),
        ending=Ending.SILENT,
        received_at=NOW,
        ended_at=NOW,
    )
    assert line(quiet)["silence"] == "cooldown"
    assert not quiet.attempts
    assert not quiet.passed


def test_every_outcome_has_its_word() -> None:
    outcomes = (
        OK,
        Unreachable("x"),
        Throttled(1, "x"),
        CUT,
        Refused(RefusedReason.FILTERED, "x"),
        InDoubt("x"),
    )
    assert [outcome_word(outcome) for outcome in outcomes] == [
        "accepted", "unreachable", "throttled", "cut_off", "refused", "in_doubt"
    ]  # fmt: skip

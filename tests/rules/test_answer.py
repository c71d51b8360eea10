"""Whether a text is answered, and with what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from router.rules import answer, senders
from router.rules.answer import (
    History,
    Policy,
    Priority,
    Purpose,
    Reason,
    Replies,
    Reply,
    Silence,
    Text,
    decide,
)
from router.rules.consent import Consent

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
TEXTER = "+33639980012"
OURS = "+33937000001"
REPLIES = Replies(texts={"fr": "Non.", "en": "No."})
POLICY = Policy(replies=REPLIES, senders=senders.Policy(own_numbers=frozenset({OURS})))
TEXT = Text(
    id=UUID(int=7),
    account="twilio",
    number="poster",
    sender=TEXTER,
    body="Salut c'est Kevin",
    received_at=NOW,
    expires_at=NOW + timedelta(hours=6),
)


def silence(text: Text = TEXT, history: History | None = None, policy: Policy = POLICY) -> Silence:
    decision = decide(text, history or History(), policy, NOW)
    assert isinstance(decision, Silence)
    return decision


def reply(text: Text = TEXT, history: History | None = None, policy: Policy = POLICY) -> Reply:
    decision = decide(text, history or History(), policy, NOW)
    assert isinstance(decision, Reply)
    return decision


def test_a_first_text_is_answered_in_its_language() -> None:
    assert reply() == Reply(
        purpose=Purpose.ANSWER, language="fr", text="Non.", priority=Priority.FIRST_CONTACT
    )
    assert reply(replace(TEXT, body="Hello, this is Kevin, how are you?")).text == "No."


def test_a_number_with_a_language_answers_in_it_whatever_the_text() -> None:
    assert reply(policy=replace(POLICY, languages={"poster": "en"})).language == "en"


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("36180", Reason.UNANSWERABLE_SHORT),
        ("Orange", Reason.UNANSWERABLE_ALPHANUMERIC),
        ("+33899123456", Reason.UNANSWERABLE_PREMIUM),
        ("+32470123456", Reason.UNANSWERABLE_COUNTRY),
        ("+33700000000000", Reason.UNANSWERABLE_IMPOSSIBLE),
        ("", Reason.UNANSWERABLE_IMPOSSIBLE),
        (OURS, Reason.OWN_NUMBER),
    ],
)
def test_unanswerable_senders_are_never_answered_not_even_a_stop(sender: str, reason: Reason) -> None:
    assert silence(replace(TEXT, sender=sender)).reason is reason
    assert silence(replace(TEXT, sender=sender, body="STOP")) == Silence(
        reason=reason, consent=Consent.OPT_OUT
    )


def _a_short_code_is_not_answered() -> None:
    test_unanswerable_senders_are_never_answered_not_even_a_stop("36180", Reason.UNANSWERABLE_SHORT)


def test_an_expired_text_is_not_answered_from_the_very_moment_on() -> None:
    assert silence(replace(TEXT, expires_at=NOW)).reason is Reason.EXPIRED
    assert reply(replace(TEXT, expires_at=NOW + timedelta(microseconds=1))).purpose is Purpose.ANSWER


def test_within_the_period_silence_and_from_its_end_an_answer() -> None:
    assert silence(history=History(answered=1, next_allowed_at=NOW + timedelta(microseconds=1))).reason is (
        Reason.COOLDOWN
    )
    again = reply(history=History(answered=1, next_allowed_at=NOW))
    assert again.priority is Priority.RETURNING


def test_the_lifetime_ceiling_ends_it_and_zero_means_nobody() -> None:
    assert silence(history=History(answered=3)).reason is Reason.LIFETIME
    nobody = replace(POLICY, replies=REPLIES.model_copy(update={"lifetime": 0}))
    assert silence(policy=nobody).reason is Reason.LIFETIME


def test_stop_is_confirmed_once_even_inside_the_period() -> None:
    stop = replace(TEXT, body=" Stop ! ")
    busy = History(answered=3, next_allowed_at=NOW + timedelta(hours=1))
    confirmed = reply(stop, busy)
    assert confirmed.purpose is Purpose.STOP_CONFIRMATION
    assert confirmed.priority is Priority.STOP_CONFIRMATION
    assert confirmed.consent is Consent.OPT_OUT
    assert silence(stop, replace(busy, stop_confirmed=True)) == Silence(
        reason=Reason.OPTED_OUT, consent=Consent.OPT_OUT
    )


def test_stop_is_left_to_the_provider_that_confirms_it_itself() -> None:
    stop = replace(TEXT, body="ARRÊT", confirms_stop=True)
    assert silence(stop) == Silence(reason=Reason.STOP_CONFIRMED_BY_PROVIDER, consent=Consent.OPT_OUT)


def test_an_empty_confirmation_is_silence_that_still_opts_out() -> None:
    quiet = replace(POLICY, replies=REPLIES.model_copy(update={"stop_confirmation": {}}))
    assert silence(replace(TEXT, body="stop"), policy=quiet) == Silence(
        reason=Reason.NO_TEXT, consent=Consent.OPT_OUT
    )


def test_who_opted_out_hears_nothing_until_start() -> None:
    gone = History(answered=1, opted_out_at=NOW - timedelta(days=2), stop_confirmed=True)
    assert silence(history=gone) == Silence(reason=Reason.OPTED_OUT)
    back = reply(replace(TEXT, body="START"), gone)
    assert (back.purpose, back.consent) == (Purpose.ANSWER, Consent.RESUME)


def test_who_was_answered_before_comes_after_who_was_not() -> None:
    before = History(answered=1, next_allowed_at=NOW)
    assert reply().priority < reply(history=before).priority < max(Priority)
    assert not answer.not_scored("anything").value


@given(
    sender=st.one_of(st.just(TEXTER), st.text(max_size=16), st.from_regex(r"\+?[0-9]{3,16}", fullmatch=True)),
    body=st.one_of(st.text(max_size=200), st.sampled_from(["stop", "START", "\ud800", "\x00", ""])),
    answered=st.integers(0, 5),
    next_in=st.none() | st.integers(-10, 10),
    opted_out=st.booleans(),
    confirmed=st.booleans(),
    expires_in=st.integers(-5, 5),
    confirms=st.booleans(),
)
def test_every_answer_respects_every_rule_whatever_comes(
    sender: str,
    body: str,
    answered: int,
    next_in: int | None,
    opted_out: bool,
    confirmed: bool,
    expires_in: int,
    confirms: bool,
) -> None:
    text = replace(
        TEXT, sender=sender, body=body, expires_at=NOW + timedelta(hours=expires_in), confirms_stop=confirms
    )
    history = History(
        answered=answered,
        next_allowed_at=None if next_in is None else NOW + timedelta(hours=next_in),
        opted_out_at=NOW if opted_out else None,
        stop_confirmed=confirmed,
    )
    decision = decide(text, history, POLICY, NOW)
    if isinstance(decision, Silence):
        return
    assert senders.answerable(sender, POLICY.senders) is None
    assert expires_in > 0
    if decision.purpose is Purpose.STOP_CONFIRMATION:
        assert not confirmed
        assert not confirms
        assert decision.consent is Consent.OPT_OUT
    else:
        assert answered < REPLIES.lifetime
        assert next_in is None or next_in <= 0
        assert not opted_out or decision.consent is Consent.RESUME


@pytest.mark.parametrize(
    ("rule", "promise"),
    [
        ("_forbidden", test_an_expired_text_is_not_answered_from_the_very_moment_on),
        ("_spared", test_within_the_period_silence_and_from_its_end_an_answer),
        ("_spared", test_the_lifetime_ceiling_ends_it_and_zero_means_nobody),
        ("_spared", test_who_opted_out_hears_nothing_until_start),
        ("_forbidden", _a_short_code_is_not_answered),
    ],
)
def test_control_without_its_rules_an_answer_would_go_where_none_may(
    monkeypatch: pytest.MonkeyPatch, rule: str, promise: Callable[[], None]
) -> None:
    monkeypatch.setattr(answer, rule, lambda *_, **__: None)
    with pytest.raises(AssertionError, match="Reply"):
        promise()


@given(seed=st.text(), low=st.integers(0, 600), span=st.integers(0, 600))
def test_the_delay_stays_in_its_range_and_is_the_same_every_time(seed: str, low: int, span: int) -> None:
    text_id = uuid5(UUID(int=0), seed)
    delay = (timedelta(seconds=low), timedelta(seconds=low + span))
    due = answer.due(text_id, NOW, delay)
    assert NOW + delay[0] <= due <= NOW + delay[1]
    assert due == answer.due(text_id, NOW, delay)


def test_delays_spread_over_their_range() -> None:
    delay = (timedelta(seconds=10), timedelta(seconds=20))
    dues = [answer.due(uuid5(UUID(int=0), str(n)), NOW, delay) for n in range(200)]
    assert min(dues) < NOW + timedelta(seconds=11)
    assert max(dues) > NOW + timedelta(seconds=19)


def test_nothing_about_a_text_or_its_texter_shows_in_a_repr() -> None:
    for shown in (repr(TEXT), repr(reply()), repr(POLICY), repr(REPLIES)):
        assert TEXTER not in shown
        assert "Kevin" not in shown
        assert "Non." not in shown
        assert OURS not in shown


@pytest.mark.parametrize("delay", [["5s", "1s"], ["1s", "6h"], ["1s"]])
def test_a_delay_out_of_order_or_past_the_expiry_is_refused(delay: list[str]) -> None:
    with pytest.raises(ValidationError):
        Replies.model_validate({"texts": {"fr": "Non."}, "delay": delay})

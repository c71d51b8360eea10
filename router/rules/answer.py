"""Whether a text is answered, and with what: one page of decisions.

House rule: `decide` forbids, it never permits. The grant of "one reply per texter per period" is
taken when the send is armed; what is decided here from an older reading of history only spares
that work. The order of its questions is the order in which a person would want the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from router.rules import language, senders
from router.rules.caps import Caps
from router.rules.consent import Consent, read_consent
from router.rules.span import Span


class Reason(StrEnum):
    """Why a text is not answered. The set is closed: it labels `paravent_silences_total`."""

    COOLDOWN = "cooldown"
    LIFETIME = "lifetime"
    OPTED_OUT = "opted_out"
    UNANSWERABLE_SHORT = "unanswerable_short"
    UNANSWERABLE_ALPHANUMERIC = "unanswerable_alphanumeric"
    UNANSWERABLE_PREMIUM = "unanswerable_premium"
    UNANSWERABLE_COUNTRY = "unanswerable_country"
    UNANSWERABLE_IMPOSSIBLE = "unanswerable_impossible"
    OWN_NUMBER = "own_number"
    EXPIRED = "expired"
    STOP_CONFIRMED_BY_PROVIDER = "stop_confirmed_by_provider"
    NO_TEXT = "no_text"
    BUDGET = "budget"
    CAPPED = "capped"
    OPERATOR = "operator"


SAVING = frozenset(Reason) - {
    Reason.EXPIRED,
    Reason.STOP_CONFIRMED_BY_PROVIDER,
    Reason.NO_TEXT,
    Reason.BUDGET,
}
"""Silences by rule: each is a reply that was not paid. One that merely expired saved nothing."""


class Purpose(StrEnum):
    """What a reply is for."""

    ANSWER = "answer"
    STOP_CONFIRMATION = "stop_confirmation"


class Priority(IntEnum):
    """Whom to answer first when money or pace is short. Smaller goes first."""

    STOP_CONFIRMATION = 0
    FIRST_CONTACT = 1
    RETURNING = 2
    SUSPECT = 3


class Score(NamedTuple):
    """How abusive a text looks, 0.0 to 1.0, and what flagged it: ``lexicon``, ``model`` or ``none``."""

    value: float
    tier: str


Scorer: TypeAlias = Callable[[str], Score]
"""Scores the body of a text. It never refuses an answer by itself."""


def not_scored(_body: str) -> Score:
    """The scorer of a deployment without one: says 0.0 and ``none`` of every text."""
    return Score(0.0, "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text that came in, as the rules see it.

    Args:
        id: uuid5 of account and provider id; the reply has the same.
        account: The account it came in through.
        number: Name of the texted number in the settings, never digits.
        sender: Who texted, E.164 or whatever the network put there.
        body: As received.
        received_at: When it was stored, business time.
        expires_at: From then on a reply is worthless.
        confirms_stop: The account's provider confirms STOP itself (`Ability.CONFIRMS_STOP`).
        unsent_by: The account that took an earlier reply to it and proved it unsent; the last to be asked.
    """

    id: UUID
    account: str
    number: str
    sender: str = field(repr=False)
    body: str = field(repr=False)
    received_at: datetime
    expires_at: datetime
    confirms_stop: bool = False
    unsent_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of a texter in this campaign; a texter never seen is `History()`.

    Args:
        next_allowed_at: No answer before this, None if never answered.
        answered: Answers of the texter's lifetime, those in doubt included.
        opted_out_at: When STOP was texted, None if not or if resumed since.
        stop_confirmed: A STOP was confirmed once already.
    """

    next_allowed_at: datetime | None = None
    answered: int = 0
    opted_out_at: datetime | None = None
    stop_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No reply, and why. `consent` is to be kept with the texter either way."""

    reason: Reason
    consent: Consent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is to be sent, if a route and a purse allow. `consent` is to be kept with the texter."""

    purpose: Purpose
    language: str
    text: str = field(repr=False)
    priority: Priority
    consent: Consent | None = None


Decision: TypeAlias = Reply | Silence


class Replies(BaseModel):
    """Section ``[replies]``: what is answered and how often."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    texts: Mapping[str, str] = Field(min_length=1, repr=False, description="The answer, per language.")
    language: str = Field(default="fr", description="The language where nothing else decides.")
    stop_confirmation: Mapping[str, str] = Field(
        default={
            "fr": "C'est noté : ce numéro ne vous répondra plus. START pour reprendre.",
            "en": "Noted: this number will not answer you any more. START to resume.",
        },
        repr=False,
        description="What confirms a STOP, per language; empty for no confirmation.",
    )
    period: Span = Field(
        default=timedelta(hours=24), ge=timedelta(0), description="One answer per texter in this time."
    )
    lifetime: int = Field(default=3, ge=0, description="Answers a texter ever gets. 0 answers nobody.")
    delay: tuple[Span, Span] = Field(
        default=(timedelta(0), timedelta(0)), description="Shortest and longest wait before an answer."
    )
    expiry: Span = Field(
        default=timedelta(hours=6), gt=timedelta(0), description="A later answer is worthless."
    )
    max_parts: int = Field(default=1, ge=1, le=6, description="Parts an answer may take; each is paid.")

    @model_validator(mode="after")
    def _delay_in_order(self) -> Replies:
        low, high = self.delay
        if not timedelta(0) <= low <= high < self.expiry:
            raise ValueError("delay must be [shortest, longest], and longest below expiry")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All that answering goes by.

    Args:
        replies: Section ``[replies]``.
        senders: Who may be answered at all.
        languages: Fixed language of a number, by the number's name; a number left out is guessed.
        caps: How many answers may go where; they put off, so `decide` does not ask them.
    """

    replies: Replies
    senders: senders.Policy
    languages: Mapping[str, str] = field(default_factory=dict)
    caps: Caps = field(default_factory=Caps)


def decide(text: Text, history: History, policy: Policy, now: datetime) -> Decision:
    """Answer this text or not, and why not.

    Args:
        text: The text.
        history: What is known of its texter.
        policy: The rules of this deployment.
        now: Business time, aware.
    """
    wish = read_consent(text.body)
    reason = _forbidden(text, policy, now)
    if reason is not None:
        return Silence(reason=reason, consent=wish)
    if wish is Consent.OPT_OUT:
        return _confirm_stop(text, history, policy)
    reason = _spared(history, policy.replies, now, resumes=wish is Consent.RESUME)
    if reason is not None:
        return Silence(reason=reason, consent=wish)
    return _reply(text, Purpose.ANSWER, policy, priority(history), wish)


def priority(history: History) -> Priority:
    """Whom to answer first: a first contact, then those who return. The door puts a raid's suspects last."""
    return Priority.RETURNING if history.answered else Priority.FIRST_CONTACT


def due(text_id: UUID, received_at: datetime, delay: tuple[timedelta, timedelta]) -> datetime:
    """When the answer may leave: spread over the delay range by the text's id, the same every time."""
    low, high = delay
    share = (text_id.int % 10_007) / 10_007
    return received_at + low + (high - low) * share


def _forbidden(text: Text, policy: Policy, now: datetime) -> Reason | None:
    barred = senders.answerable(text.sender, policy.senders)
    if barred is not None:
        return _BARRED[barred]
    return Reason.EXPIRED if now >= text.expires_at else None


_BARRED = {
    senders.Unanswerable.SHORT: Reason.UNANSWERABLE_SHORT,
    senders.Unanswerable.ALPHANUMERIC: Reason.UNANSWERABLE_ALPHANUMERIC,
    senders.Unanswerable.PREMIUM: Reason.UNANSWERABLE_PREMIUM,
    senders.Unanswerable.COUNTRY: Reason.UNANSWERABLE_COUNTRY,
    senders.Unanswerable.IMPOSSIBLE: Reason.UNANSWERABLE_IMPOSSIBLE,
    senders.Unanswerable.OWN_NUMBER: Reason.OWN_NUMBER,
}


def _confirm_stop(text: Text, history: History, policy: Policy) -> Decision:
    """A STOP is confirmed once per lifetime, even inside the period, unless the provider does so."""
    if history.stop_confirmed:
        return Silence(reason=Reason.OPTED_OUT, consent=Consent.OPT_OUT)
    if text.confirms_stop:
        return Silence(reason=Reason.STOP_CONFIRMED_BY_PROVIDER, consent=Consent.OPT_OUT)
    return _reply(text, Purpose.STOP_CONFIRMATION, policy, Priority.STOP_CONFIRMATION, Consent.OPT_OUT)


def _spared(history: History, replies: Replies, now: datetime, *, resumes: bool) -> Reason | None:
    if history.opted_out_at is not None and not resumes:
        return Reason.OPTED_OUT
    if history.answered >= replies.lifetime:
        return Reason.LIFETIME
    if history.next_allowed_at is not None and now < history.next_allowed_at:
        return Reason.COOLDOWN
    return None


def words(purpose: Purpose, number: str, body: str, policy: Policy) -> tuple[str, str]:
    """Language and words of a reply, empty for none. The same policy gives the same words to the same text.

    Args:
        purpose: What the reply is for.
        number: Name of the texted number.
        body: Of the text that is answered.
        policy: The rules of this deployment.
    """
    replies = policy.replies
    texts = replies.texts if purpose is Purpose.ANSWER else replies.stop_confirmation
    tongue = policy.languages.get(number, "")
    if tongue not in texts:
        tongue = language.guess(body, texts, replies.language)
    return tongue, texts.get(tongue, "")


def _reply(text: Text, purpose: Purpose, policy: Policy, rank: Priority, wish: Consent | None) -> Decision:
    tongue, said = words(purpose, text.number, text.body, policy)
    if not said.strip():
        return Silence(reason=Reason.NO_TEXT, consent=wish)
    return Reply(purpose=purpose, language=tongue, text=said, priority=rank, consent=wish)

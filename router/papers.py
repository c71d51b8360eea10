"""The papers of one send: the intent that is armed, the text that leaves, the proof that is settled."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from providers import (
    Accepted,
    CutOff,
    InDoubt,
    Outcome,
    Outgoing,
    Refused,
    RefusedReason,
    Throttled,
    Unreachable,
)
from router.office import Office
from router.postgres.held import Verdict
from router.postgres.inbox import Claimed, Finish
from router.postgres.ledger import Intent, Proof
from router.rules import budget
from router.rules.answer import Reply, Text
from router.rules.caps import again_at
from router.rules.failover import Passed, Route, Why
from router.rules.holding import Judgement
from router.rules.story import Attempt, Step

_SHORTEST_VALIDITY = 60


def fence(claim: Claimed, steps: list[Step]) -> int:
    """The fence now: every attempt moved it up by one."""
    return claim.fence + sum(isinstance(step, Attempt) for step in steps)


def verdict(claim: Claimed, place: Judgement, office: Office) -> Verdict:
    """What is written down of a text that a raid had judged, held or not."""
    return Verdict(
        reply=claim.id,
        fence=claim.fence,
        version=place.version,
        rank=place.rank,
        line=place.line,
        held=place.held,
        grave=place.grave,
        cluster=office.vault.cluster(place.wording),
        at=office.now(),
    )


def intent(
    claim: Claimed, tag: str | None, office: Office, text: Text, reply: Reply, route: Route, steps: list[Step]
) -> Intent:
    """What is written down before a byte leaves. The reference follows from reply and fence alone."""
    now, held = office.now(), fence(claim, steps)
    money = office.estimate(route.account, text.sender, reply.text)
    if money is None:
        raise LookupError("a route without a price was chosen")
    return Intent(
        reply=claim.id,
        fence=held,
        reference=office.vault.reference(claim.id, held + 1),
        tag=tag,
        purpose=reply.purpose.value,
        account=route.account,
        sender=route.sender,
        estimate=money.micros,
        account_window=office.purses.window(route.account, now),
        total_window=office.purses.window(budget.TOTAL, now),
        next_allowed=now + office.policy.replies.period,
        ceiling=office.policy.replies.lifetime,
        in_flight=office.places(route),
        caps=office.policy.caps.over(text.number, text.sender, now),
        passed_over=" ".join(f"{s.route.account}:{s.why.value}" for s in steps if isinstance(s, Passed)),
    )


def put_off(claim: Claimed, office: Office, text: Text, reply: Reply, steps: list[Step]) -> Finish:
    """How a reply waits that nobody carries now: until when, and behind whom."""
    now = office.now()
    pauses = [s.outcome.pause for s in steps if isinstance(s, Attempt) and isinstance(s.outcome, Throttled)]
    reason, until = "", now + timedelta(seconds=max([1.0, *pauses]))
    if any(isinstance(step, Passed) and step.why is Why.CAP for step in steps):
        reason = Why.CAP.value
        until = again_at(office.policy.caps.over(text.number, text.sender, now), text.expires_at)
    place = max(claim.priority, reply.priority)
    return Finish(claim.id, fence(claim, steps), "delayed", reason, until, place)


def outgoing(armed: Intent, text: Text, reply: Reply, office: Office) -> Outgoing:
    """The text as the provider is to carry it; past its expiry it is worthless."""
    left = (text.expires_at - office.now()).total_seconds()
    return Outgoing(
        reference=armed.reference,
        to=text.sender,
        sender=armed.sender,
        text=reply.text,
        receipt_url=office.accounts[armed.account].receipt_url,
        valid_for=max(_SHORTEST_VALIDITY, int(left)),
    )


def proof(reference: str, outcome: Outcome, office: Office) -> Proof:
    """What the send's own answer proves. Only `InDoubt` leaves the money where it is."""
    match outcome:
        case Accepted():
            return _accepted(reference, outcome, office)
        case Refused(reason=reason, code=code, elsewhere=elsewhere):
            return Proof(
                reference=reference,
                outcome="refused",
                source="send",
                code=code,
                then="claimed" if elsewhere else "failed",
                reason=reason.value,
                opted_out=reason is RefusedReason.OPTED_OUT,
            )
        case Unreachable(code=code) | Throttled(code=code) | CutOff(code=code):
            return Proof(reference=reference, outcome="refused", source="send", code=code, then="claimed")
        case InDoubt(code=code):
            return Proof(reference=reference, outcome="unknown", source="send", code=code)
        case _:
            assert_never(outcome)


def _accepted(reference: str, outcome: Accepted, office: Office) -> Proof:
    price = outcome.price
    money = None
    if price is not None:
        money = budget.convert(price, office.currency, office.rates, budget.Rounding.HALF_EVEN)
    return Proof(
        reference=reference,
        outcome="accepted",
        source="send",
        provider_id=outcome.provider_id,
        parts=outcome.parts,
        price=None if money is None else money.micros,
        amount=None if price is None else price.amount,
        unit=None if price is None else price.unit,
        rate=None if money is None else money.rate,
    )

"""The life of one text, top to bottom: decide, choose a route, arm, send, settle. Read this first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from time import perf_counter

from providers import Outcome, Throttled
from router import papers
from router.office import Office, count_parts
from router.postgres.inbox import Claimed, Finish
from router.postgres.ledger import Intent
from router.rules.answer import Decision, Reason, Reply, Silence, decide
from router.rules.failover import Passed, Route, Why
from router.rules.story import Attempt, Ending, Step, Story
from router.wire import boottime


async def relay(claim: Claimed, office: Office) -> Story:
    """Answer one claimed text, or say why not. Everything that acts is awaited on this page."""
    text = office.read(claim)
    decision = decide(text, claim.history, office.policy, office.now())
    if decision.consent is not None:
        await office.desk.consent((claim.texter, decision.consent, office.now()))
    if isinstance(decision, Silence):
        return await _silence(claim, office, decision)

    choice = office.routes(text, decision, office.now())
    steps: list[Step] = list(choice.passed)
    pause = timedelta(seconds=1)
    for route in choice.routes:
        began = perf_counter()
        async with office.departures.seat(route.account, route.sender, text.sender, decision.text) as seat:
            intent = papers.intent(claim, seat.tag, office, text, decision, route, steps)
            not_after = boottime() + (office.lease - office.call_deadline).total_seconds()
            verdict = await office.desk.arm(intent)
            if verdict in _SILENT:
                return await _silence(claim, office, Silence(reason=_SILENT[verdict]))
            if verdict in _PASSED:
                steps.append(Passed(route, _PASSED[verdict]))
                continue
            if verdict != "armed":
                break
            outcome = await seat.send(papers.outgoing(intent, text, decision, office), not_after)
        state = await office.desk.settle(papers.proof(intent.reference, outcome, office))
        steps.append(_attempt(route, outcome, perf_counter() - began, decision, intent))
        if state != "claimed":
            return _story(claim, office, decision, steps, _ENDINGS.get(state, Ending.DROPPED))
        claim = replace(claim, fence=claim.fence + 1)
        if isinstance(outcome, Throttled):
            pause = max(pause, timedelta(seconds=outcome.pause))

    waits = await office.desk.finish(Finish(claim.id, claim.fence, "delayed", "", office.now() + pause))
    return _story(claim, office, decision, steps, Ending.WAITING if waits else Ending.DROPPED)


_SILENT = {
    "cooldown": Reason.COOLDOWN,
    "lifetime": Reason.LIFETIME,
    "opted_out": Reason.OPTED_OUT,
    "stop_confirmed": Reason.OPTED_OUT,
}
_PASSED = {
    "in_flight": Why.BUSY,
    "account_purse": Why.BUDGET,
    "total_purse": Why.TOTAL_BUDGET,
}
_ENDINGS = {
    "accepted": Ending.ACCEPTED,
    "in_doubt": Ending.IN_DOUBT,
    "failed": Ending.REFUSED,
    "queued": Ending.WAITING,
}


def _attempt(route: Route, outcome: Outcome, seconds: float, reply: Reply, intent: Intent) -> Attempt:
    return Attempt(
        route=route, outcome=outcome, seconds=seconds, parts=count_parts(reply.text), reserved=intent.estimate
    )


async def _silence(claim: Claimed, office: Office, silence: Silence) -> Story:
    kept = await office.desk.finish(Finish(claim.id, claim.fence, "suppressed", silence.reason.value, None))
    return _story(claim, office, silence, [], Ending.SILENT if kept else Ending.DROPPED)


def _story(claim: Claimed, office: Office, decision: Decision, steps: list[Step], ending: Ending) -> Story:
    return Story(
        text=claim.id,
        account=claim.account,
        number=claim.number,
        decision=decision,
        steps=tuple(steps),
        ending=ending,
        received_at=claim.received_at,
        ended_at=office.now(),
    )

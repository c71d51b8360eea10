"""The life of one text, top to bottom: decide, choose a route, arm, send, settle. Read this first."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from router import papers
from router.office import Office, count_parts
from router.postgres.inbox import Claimed, Finish
from router.rules.answer import Decision, Reason, Reply, Silence, Text, decide
from router.rules.failover import Passed, Route, Why
from router.rules.holding import Judgement, judged
from router.rules.story import Attempt, Ending, Step, Story
from router.wire import boottime


async def relay(claim: Claimed, office: Office) -> Story:
    """Answer one claimed text, or say why not. Everything that acts is awaited on this page."""
    text = office.read(claim)
    decision = decide(text, claim.history, office.policy, office.now())
    if decision.consent is not None:
        await office.desk.consent((claim.texter, decision.consent, office.now()))
    if isinstance(decision, Silence):
        return await _silence(claim, office, decision, [])
    place = judged(text.body, decision.purpose, office.stance, let_go=claim.let_go)
    if place is not None:  # a raid is on
        mine = await office.desk.judge(papers.verdict(claim, place, office))
        if place.held or not mine:
            return _held(claim, office, decision, place if mine else None)

    choice = office.routes(text, decision, office.now())
    steps: list[Step] = list(choice.passed)
    for route in choice.routes:
        end = await _through(route, claim, office, text, decision, steps)
        if isinstance(end, Silence):
            return await _silence(claim, office, end, steps)
        if end is Ending.WAITING:
            break
        if end is not None:
            return _story(claim, office, decision, steps, end)
    return await _wait(claim, office, text, decision, steps)


async def _through(
    route: Route, claim: Claimed, office: Office, text: Text, reply: Reply, steps: list[Step]
) -> Ending | Silence | None:
    """Send by one route. How it ended, or None: certainly not sent, try the next one."""
    began = perf_counter()
    async with office.seat(route, text.sender, reply.text) as seat:
        if (why := office.closed(route)) is not None:  # it may have closed while we waited for a seat
            steps.append(Passed(route, why))
            return None
        intent = papers.intent(claim, seat.tag, office, text, reply, route, steps)
        not_after = boottime() + (office.lease - office.call_deadline).total_seconds()
        verdict = await office.desk.arm(intent)
        if verdict != "armed":
            return _not_armed(verdict, route, steps)
        outcome = await seat.send(papers.outgoing(intent, text, reply, office), not_after)
        state = await office.desk.settle(papers.proof(intent.reference, outcome, office))
    seconds, parts = perf_counter() - began, count_parts(reply.text)
    attempt = Attempt(route=route, outcome=outcome, seconds=seconds, parts=parts, reserved=intent.estimate)
    steps.append(attempt)
    office.heed(attempt)
    return None if state == "claimed" else _ENDINGS.get(state, Ending.DROPPED)


_ENDINGS = {"accepted": Ending.ACCEPTED, "in_doubt": Ending.IN_DOUBT, "failed": Ending.REFUSED}
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
    "capped": Why.CAP,
}
_ENDS_ROUTING = {
    "total_purse": Ending.WAITING,
    "busy": Ending.WAITING,
    "capped": Ending.WAITING,
    "lost": Ending.DROPPED,
}


def _not_armed(verdict: str, route: Route, steps: list[Step]) -> Ending | Silence | None:
    if verdict in _SILENT:
        return Silence(reason=_SILENT[verdict])
    if verdict in _PASSED:
        steps.append(Passed(route, _PASSED[verdict]))
    return _ENDS_ROUTING.get(verdict)


async def _silence(claim: Claimed, office: Office, silence: Silence, steps: list[Step]) -> Story:
    fence = papers.fence(claim, steps)
    kept = await office.desk.finish(Finish(claim.id, fence, "suppressed", silence.reason.value, None))
    return _story(claim, office, silence, steps, Ending.SILENT if kept else Ending.DROPPED)


async def _wait(claim: Claimed, office: Office, text: Text, reply: Reply, steps: list[Step]) -> Story:
    """Nobody can carry it now: back to the queue in its place, and never a sleep on a lease."""
    kept = await office.desk.finish(papers.put_off(claim, office, text, reply, steps))
    return _story(claim, office, reply, steps, Ending.WAITING if kept else Ending.DROPPED)


def _held(claim: Claimed, office: Office, reply: Reply, place: Judgement | None) -> Story:
    """It waits, unpaid, until calm or the operator lets it go."""
    story = _story(claim, office, reply, [], Ending.DROPPED if place is None else Ending.HELD)
    return replace(story, judgement=place)


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

"""Through whom a reply may go, best first, and why each other candidate may not.

House rule: order is the operator's, `reply_from` and then `fallback` as spelled; this only strikes out.
Every candidate ends on one list or the other, with its reason, so that nobody asks later why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias
from uuid import UUID

from pydantic import ConfigDict

from router.rules.health import Operator, State, Status, usable


class Why(StrEnum):
    """Why a candidate is not used. The set is closed: it labels `paravent_failovers_total`."""

    OPERATOR_CUT = "operator_cut"
    CUT_OFF = "cut_off"
    SLOW = "slow"
    PROBING = "probing"
    THROTTLED = "throttled"
    NO_PRICE = "no_price"
    BUDGET = "budget"
    TOTAL_BUDGET = "total_budget"
    BUSY = "busy"
    IN_DOUBT = "in_doubt"
    CAP = "cap"

    @property
    def said(self) -> str:
        """As the operator reads it, behind the account's name."""
        return _SAID[self]


_SAID: Mapping[Why, str] = {
    Why.OPERATOR_CUT: "cut by you",
    Why.CUT_OFF: "cut off",
    Why.SLOW: "late",
    Why.PROBING: "being tried again",
    Why.THROTTLED: "slowed down",
    Why.NO_PRICE: "no price for that country",
    Why.BUDGET: "its purse is empty",
    Why.TOTAL_BUDGET: "the money is spent",
    Why.BUSY: "busy",
    Why.IN_DOUBT: "in doubt",
    Why.CAP: "a cap is reached",
}


@dataclass(frozen=True, slots=True)
class Route:
    """An account and the sender a reply would go out from: E.164, short code or alphanumeric."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    account: str
    sender: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passed:
    """A candidate that was passed over."""

    route: Route
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one account when routes are chosen. Arming has the last word on all of it.

    Args:
        estimate: What the reply would cost, in millionths; None where there is no price.
        room: What the account's purse has left, in millionths; None for unlimited.
        busy: No slot is free: as many sends in flight as the settings allow.
        doubtful: As many sends in doubt as one account may have.
    """

    estimate: int | None
    room: int | None = None
    busy: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Routes to try in this order, and the candidates passed over, in theirs."""

    routes: tuple[Route, ...]
    passed: tuple[Passed, ...]


Health: TypeAlias = Mapping[tuple[str, str], State]
"""States by (account, "") and, where a sender has one, (account, sender). None at all means open."""


def routes(
    plan: Sequence[Route],
    health: Health,
    facts: Mapping[str, Facts],
    now: datetime,
    *,
    total_room: int | None = None,
    prober: UUID | None = None,
) -> Choice:
    """Sort the candidates of a number into those to try and those passed over.

    Args:
        plan: `reply_from` first, then the spelled fallback.
        health: What is known of accounts and senders.
        facts: Price and room by account; an account left out has no price.
        now: The clock that health goes by, aware.
        total_room: What the total purse has left, in millionths; None for unlimited.
        prober: Who asks: the holder of an account's probe may use it while it is probing.
    """
    open_, passed = [], []
    for route in dict.fromkeys(plan):
        why = closed(route, health, now, prober) or _unpaid(facts.get(route.account), total_room)
        if why is None:
            open_.append(route)
        else:
            passed.append(Passed(route, why))
    return Choice(tuple(open_), tuple(passed))


def lane(plan: Sequence[Route]) -> str:
    """Name of the queue that numbers with the same plan share: 12 hex digits, stable over restarts."""
    spelled = "\n".join(f"{route.account}\t{route.sender}" for route in plan)
    return hashlib.sha256(spelled.encode()).hexdigest()[:12]


def closed(route: Route, health: Health, now: datetime, prober: UUID | None = None) -> Why | None:
    """Why a route is not healthy, None if it is. Arguments as of `routes`."""
    for key in ((route.account, ""), (route.account, route.sender)):
        state = health.get(key)
        if state is not None and not usable(state, now, prober):
            return Why.OPERATOR_CUT if state.operator is Operator.CUT else _WHY[state.status]
    return None


_WHY = {
    Status.CUT_OFF: Why.CUT_OFF,
    Status.SLOW: Why.SLOW,
    Status.PROBING: Why.PROBING,
    Status.THROTTLED: Why.THROTTLED,
}


def _unpaid(facts: Facts | None, total_room: int | None) -> Why | None:
    if facts is None or facts.estimate is None:
        return Why.NO_PRICE
    if total_room is not None and facts.estimate > total_room:
        return Why.TOTAL_BUDGET
    if facts.room is not None and facts.estimate > facts.room:
        return Why.BUDGET
    if facts.doubtful:
        return Why.IN_DOUBT
    return Why.BUSY if facts.busy else None

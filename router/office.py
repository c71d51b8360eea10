"""What relaying a text needs at hand: numbers, accounts, purses, the latest facts, and the calls that act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from providers import Ability, Provider, Wire
from providers.contract import gsm7
from router.departures import MOST_RECEIVERS, Departures, Seat
from router.postgres.accounts import Facts
from router.postgres.desk import Desk
from router.postgres.inbox import Claimed
from router.rules import answer, budget, failover, senders
from router.rules.campaign import Raids
from router.rules.failover import Choice, Route
from router.rules.health import on_trial
from router.rules.holding import Stance
from router.rules.story import Attempt
from router.vault import Vault
from router.wire import boottime


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its provider, what a part costs where, and how many sends it may have under way."""

    name: str
    provider: Provider
    prices: budget.Prices
    max_in_flight: int
    max_in_doubt: int
    receipt_url: str = field(repr=False)
    receive_price: budget.Money | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """One published number: through whom its texts are answered, in order, and after what delay."""

    name: str
    e164: str = field(repr=False)
    account: str
    plan: tuple[Route, ...]
    lane: str
    delay: tuple[timedelta, timedelta]


@dataclass(frozen=True, slots=True)
class Purses:
    """The purses' periods by name, the zone whose midnights count, and what the settings say each may spend.

    Args:
        limits: In millionths, by name; None is unlimited.
    """

    periods: Mapping[str, budget.Period]
    zone: ZoneInfo
    limits: Mapping[str, int | None] = field(default_factory=dict)
    _present: dict[budget.Period, budget.Window] = field(default_factory=dict)

    @classmethod
    def of(cls, purses: Mapping[str, budget.Purse], zone: ZoneInfo) -> Purses:
        """As the settings have them."""
        periods = {name: purse.period for name, purse in purses.items()}
        return cls(periods, zone, {name: purse.micros for name, purse in purses.items()})

    def window(self, purse: str, now: datetime) -> datetime:
        """Start of the window that `now` falls into; the present one is kept, for every send asks."""
        period = self.periods[purse]
        found = self._present.get(period)
        if found is None or not found.start <= now or (found.end is not None and now >= found.end):
            found = self._present[period] = budget.window(period, now, self.zone)
        return found.start


@dataclass(slots=True)
class Office:
    """The house around `relay`. `facts` and `stance` are replaced whole at a reading; nothing else changes.

    Args:
        now: Business time.
        owner: This process in leases.
        lease: How long a claim or an armed send is ours; `call_deadline` is the longest a send may take.
        scorer: How abusive a text looks.
        raids: When a raid is seen; `stance` is what texts are judged by in one.
        heed: Told of every attempt at once: an account that is cut off is left before its text's story ends.
    """

    owner: UUID
    accounts: Mapping[str, Account]
    numbers: Mapping[str, Number]
    policy: answer.Policy
    purses: Purses
    currency: str
    rates: Mapping[str, Decimal]
    desk: Desk
    vault: Vault
    wire: Wire
    departures: Departures
    now: Callable[[], datetime]
    lease: timedelta
    call_deadline: timedelta
    facts: Facts
    scorer: answer.Scorer = answer.not_scored
    raids: Raids = field(default_factory=Raids)
    stance: Stance = field(default_factory=Stance)
    prober: UUID | None = None
    heed: Callable[[Attempt], None] = lambda _attempt: None
    _learnt: float = field(default_factory=boottime)
    _estimates: dict[tuple[str, str | None, str], budget.Money | None] = field(default_factory=dict)
    _cheapest: dict[str, int] = field(default_factory=dict)

    def read(self, claim: Claimed) -> answer.Text:
        """Open the letters of a claimed text; pieces of a long one are joined."""
        sender, body = self.vault.read(claim.letters)
        provider = self.accounts[claim.account].provider
        return answer.Text(
            id=claim.id,
            account=claim.account,
            number=claim.number,
            sender=sender,
            body=body,
            received_at=claim.received_at,
            expires_at=claim.expires_at,
            confirms_stop=Ability.CONFIRMS_STOP in provider.abilities,
            unsent_by=claim.unsent_by,
        )

    def routes(self, text: answer.Text, reply: answer.Reply, now: datetime) -> Choice:
        """The routes that are healthy, affordable and priced, best first, and why the others are not."""
        plan = sorted(self.numbers[text.number].plan, key=lambda route: route.account == text.unsent_by)
        facts = {route.account: self._facts(route.account, text.sender, reply.text, now) for route in plan}
        return failover.routes(
            plan,
            self.facts.health,
            facts,
            self.machine_now(),
            total_room=self.room(budget.TOTAL, now),
            prober=self.prober,
        )

    def closed(self, route: Route) -> failover.Why | None:
        """Why a route is not healthy at this moment, None if it is."""
        return failover.closed(route, self.facts.health, self.machine_now(), self.prober)

    def open_lanes(self, now: datetime) -> list[str]:
        """Lanes in which at least one route could carry a text now: the only ones worth claiming from.

        An account on trial opens none: it has one text at a time, and those that wait do not race for it.
        """
        numbers = {number.lane: number for number in self.numbers.values()}
        return [
            lane
            for lane, number in numbers.items()
            if not all(map(self._on_trial, self.carriers(number, now).routes))
        ]

    def carriers(self, number: Number, now: datetime) -> Choice:
        """Who could carry a text of this number now if it were the cheapest, and why others not."""
        facts = {
            route.account: failover.Facts(
                estimate=self.least(route.account),
                room=self.room(route.account, now),
                doubtful=self._doubtful(route.account),
            )
            for route in number.plan
        }
        return failover.routes(
            number.plan,
            self.facts.health,
            facts,
            self.machine_now(),
            total_room=self.room(budget.TOTAL, now),
            prober=self.prober,
        )

    def seat(self, route: Route, to: str, words: str) -> AbstractAsyncContextManager[Seat]:
        """A seat by that route; no job fills up with texts for an account that is to be tried with one."""
        most = 1 if self._on_trial(route) else MOST_RECEIVERS
        return self.departures.seat(route.account, route.sender, to, words, most=most)

    def places(self, route: Route) -> int:
        """Most sends (or jobs) that the account may have under way now, in the whole fleet."""
        return 1 if self._on_trial(route) else self.accounts[route.account].max_in_flight

    def _on_trial(self, route: Route) -> bool:
        state = self.facts.health.get((route.account, ""))
        return state is not None and on_trial(state)

    def estimate(self, account: str, to: str, words: str) -> budget.Money | None:
        """What these words would cost through that account, rounded up; None where it has no price.

        Settings do not change while a process runs, and replies and countries are few: each is counted once.
        """
        key = (account, senders.country(to), words)
        if key not in self._estimates:
            prices = self.accounts[account].prices
            self._estimates[key] = budget.estimate(
                count_parts(words), key[1], prices, self.currency, self.rates
            )
        return self._estimates[key]

    def least(self, account: str) -> int:
        """Millionths of its cheapest part: with less than that left it carries nothing."""
        if account not in self._cheapest:
            prices = self.accounts[account].prices
            self._cheapest[account] = budget.cheapest(prices, self.currency, self.rates)
        return self._cheapest[account]

    def learn(self, facts: Facts) -> None:
        """Go by newer facts from now on."""
        self.facts, self._learnt = facts, boottime()

    def machine_now(self) -> datetime:
        """The database's clock, carried on from the last reading: what health goes by."""
        return self.facts.read_at + timedelta(seconds=boottime() - self._learnt)

    def _facts(self, account: str, to: str, words: str, now: datetime) -> failover.Facts:
        money = self.estimate(account, to, words)
        return failover.Facts(
            estimate=None if money is None else money.micros,
            room=self.room(account, now),
            doubtful=self._doubtful(account),
        )

    def _doubtful(self, account: str) -> bool:
        return self.facts.doubtful.get(account, 0) >= self.accounts[account].max_in_doubt

    def room(self, purse: str, now: datetime) -> int | None:
        """Millionths that a purse has left by the latest facts; None for unlimited."""
        room = self.facts.rooms.get((purse, self.purses.window(purse, now)))
        return self.facts.caps.get(purse, 0) if room is None else room.left


@lru_cache(maxsize=64)
def count_parts(words: str) -> int:
    """Parts of a reply by our own count; replies are few, so each is counted once."""
    return gsm7.count(words).parts

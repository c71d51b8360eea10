"""What Prometheus is shown: events as counters folded from stories, facts as they were read just now.

Names and labels are closed: a label is a configured name or a word of a set in the code, and every such
series is there from the start, at 0. No number, no text, no word of a stranger ever becomes a label.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from providers import Accepted, Status
from router.office import Number
from router.postgres.figures import COSTS, RETURNS, WAITING, Figures
from router.rules.answer import Reason, Silence
from router.rules.budget import MICROS
from router.rules.failover import Why
from router.rules.health import WORDS, State
from router.rules.story import Ending, Story, outcome_word

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `Metrics.events` and `Metrics.facts` answer."""

OUTCOMES = ("accepted", "unreachable", "throttled", "cut_off", "refused", "in_doubt")
REJECTIONS = (
    "forged", "malformed", "oversize", "encoded", "slow", "torn", "unknown_account", "unknown_number",
    "unstorable", "plugin_raised", "spool_full",
)  # fmt: skip
"""Why a webhook, or one text of it, is not taken."""
TIERS = ("lexicon", "model", "campaign")
NOBODY = "unknown"
"""Stands for the account of a webhook to a path that is nobody's."""

_LEFT = tuple(dict.fromkeys((*(why.value for why in Why), "unreachable", "refused")))
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no annotation there


class Metrics:
    """The events of this process; with PROMETHEUS_MULTIPROC_DIR set, shown together with its siblings'.

    Args:
        accounts: Names of all accounts.
        numbers: The published numbers: their accounts, names and plans.
        currency: Of the ledger.
    """

    def __init__(self, accounts: Iterable[str], numbers: Iterable[Number], currency: str) -> None:
        self._registry = CollectorRegistry()
        self._accounts = sorted(accounts)
        self._numbers = list(numbers)
        self._currency = currency
        names = self._accounts
        mine = [(number.account, number.name) for number in self._numbers]
        moves = {
            (one.account, other.account, why)
            for number in self._numbers
            for one, other in combinations(number.plan, 2)
            for why in _LEFT
        }
        self._received = self._counter(
            "texts_received", "Texts stored, each once.", ("account", "number"), mine
        )
        self._duplicates = self._counter(
            "texts_duplicate", "Texts that had been stored already.", ("account",), _each(names)
        )
        self._flagged = self._counter("texts_flagged", "Texts that look abusive.", ("tier",), _each(TIERS))
        self._replies = self._counter(
            "replies", "How texts ended for now.", ("account", "outcome"), _pairs(names, Ending)
        )
        self._silences = self._counter(
            "silences", "Texts that are not answered, by rule.", ("reason",), _each(Reason)
        )
        self._attempts = self._counter(
            "attempts", "Sends, by what came of them.", ("account", "outcome"), _pairs(names, OUTCOMES)
        )
        self._parts = self._counter("parts", "Parts of accepted replies.", ("account",), _each(names))
        self._failovers = self._counter(
            "failovers", "Replies that left one account for another.", ("from", "to", "reason"), sorted(moves)
        )
        self._receipts = self._counter(
            "receipts", "Receipts stored, each once.", ("account", "status"), _pairs(names, Status)
        )
        self._rejected = self._counter(
            "webhooks_rejected",
            "Webhooks, or texts of them, not taken.",
            ("account", "reason"),
            _pairs([*names, NOBODY], REJECTIONS),
        )
        self._acknowledged = self._histogram("ack", "Webhook in to answer out.", _QUICK)
        self._sent = self._histogram("send", "One call to a provider.", _QUICK, "account")
        self._answered = self._histogram("reply", "Text in to reply accepted.", _SLOW)
        self._arrived = self._histogram("delivery", "Reply accepted to delivered.", _SLOW, "account")
        for name in names:
            self._sent.labels(name)
            self._arrived.labels(name)

    # Events, as they happen

    def fold(self, story: Story) -> None:
        """Count what happened to one text."""
        attempts = story.attempts
        last = attempts[-1].route.account if attempts else story.account
        self._replies[last, story.ending].inc()
        for attempt in attempts:
            account = attempt.route.account
            self._attempts[account, outcome_word(attempt.outcome)].inc()
            self._sent.labels(account).observe(attempt.seconds)
            if isinstance(attempt.outcome, Accepted):
                self._parts[(account,)].inc(attempt.outcome.parts or attempt.parts)
        for move in story.failovers:
            self._failovers[move.left, move.to, move.reason].inc()
        if story.ending is Ending.ACCEPTED:
            self._answered.observe((story.ended_at - story.received_at).total_seconds())
        elif story.ending is Ending.SILENT and isinstance(story.decision, Silence):
            self._silences[(story.decision.reason,)].inc()

    def silenced(self, reason: Reason, texts: int = 1) -> None:
        """Count texts that fell silent without a story, such as those that expired while they waited."""
        self._silences[(reason,)].inc(texts)

    def received(self, account: str, number: str, tier: str, *, fresh: bool) -> None:
        """Count one stored text, or one that had been stored already."""
        if not fresh:
            self._duplicates[(account,)].inc()
            return
        self._received[account, number].inc()
        if tier in TIERS:
            self._flagged[(tier,)].inc()

    def rejected(self, account: str, reason: str) -> None:
        """Count a webhook, or a text of one, that is not taken; `reason` is one of `REJECTIONS`."""
        self._rejected[account, reason].inc()

    def receipt(self, account: str, status: str) -> None:
        """Count a stored receipt."""
        self._receipts[account, status].inc()

    def acknowledged(self, seconds: float) -> None:
        """Time from a webhook's head to its answer."""
        self._acknowledged.observe(seconds)

    def delivered(self, account: str, seconds: float) -> None:
        """Time from a reply's acceptance to its delivery, by receipt."""
        self._arrived.labels(account).observe(seconds)

    # What is shown

    def events(self) -> bytes:
        """The events of all processes, in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # not annotated there
        return generate_latest(together)

    def spooled(self, texts: int, receipts: int, oldest: float) -> bytes:
        """What waits on this machine's disk, in Prometheus' text format; `oldest` in seconds."""
        known = (("spool_texts", texts), ("spool_receipts", receipts), ("spool_oldest_seconds", oldest))
        return _shown(_gauge(name, "On disk, not in the database.", (), {(): now}) for name, now in known)

    def facts(self, figures: Figures, worth: Mapping[str, int], *, oldest: float, stalled: bool) -> bytes:
        """The facts of the fleet, in Prometheus' text format.

        Args:
            figures: Just read.
            worth: Millionths that one reply of each number would have cost.
            oldest: Seconds that the oldest ready text waits.
            stalled: Ready texts wait and are not answered.
        """
        last = {(): figures.last_reply_at.timestamp() if figures.last_reply_at else 0}
        families = [
            _gauge("ledger_info", "The ledger's currency.", ("currency",), {(self._currency,): 1}),
            _gauge("queue_texts", "Replies that are not over.", ("state",), _keyed(figures.queue, WAITING)),
            _gauge("queue_oldest_seconds", "Age of the oldest ready text.", (), {(): oldest}),
            _gauge("answering_stalled", "Ready texts wait, unanswered.", (), {(): stalled}),
            _gauge("receipts_waiting", "Receipts not applied yet.", (), {(): figures.receipts_waiting}),
            _gauge("raid_held_texts", "Texts held back.", (), {(): figures.queue["held"]}),
            _gauge("last_reply_timestamp_seconds", "When the last was accepted; 0: none lately.", (), last),
            _gauge(
                "attempts_in_doubt",
                "Sends whose outcome is not known.",
                ("account",),
                _keyed(figures.in_doubt, self._accounts),
            ),
            *self._money(figures, worth),
            *self._accounts_now(figures),
        ]
        return _shown(families)

    def _money(self, figures: Figures, worth: Mapping[str, int]) -> Iterator[Metric]:
        costs = {pair: figures.cost.get(pair, 0) / MICROS for pair in _pairs(self._accounts, COSTS)}
        returns = {pair: figures.returned.get(pair, 0) / MICROS for pair in _pairs(self._accounts, RETURNS)}
        saved = sum(texts * worth.get(number, 0) for number, texts in figures.silences.items()) / MICROS
        yield _count("cost", "Booked, and corrected upwards.", ("account", "kind"), costs)
        yield _count("cost_returned", "Refunded, and corrected downwards.", ("account", "kind"), returns)
        yield _count("saved_money", "What final silences would have cost.", (), {(): saved})
        purses = figures.purses
        limits = {
            (name,): float("inf") if p.limit is None else p.limit / MICROS for name, p in purses.items()
        }
        yield _gauge("purse_limit_money", "Most that may be spent in the window.", ("purse",), limits)
        for word in ("reserved", "spent", "overrun"):
            amounts = {(name,): getattr(purse, word) / MICROS for name, purse in purses.items()}
            yield _gauge(f"purse_{word}_money", f"Money {word} in the present window.", ("purse",), amounts)
        runways = {(name,): purse.runway for name, purse in purses.items()}
        yield _gauge("purse_runway_seconds", "Until it is empty, at the present pace.", ("purse",), runways)

    def _accounts_now(self, figures: Figures) -> Iterator[Metric]:
        words = {name: figures.states.get((name, ""), State(account=name)).word for name in self._accounts}
        states = {(name, word): words[name] == word for name, word in _pairs(self._accounts, WORDS)}
        balances = {(name, held.unit): held.amount for name, held in figures.balances.items()}
        yield _gauge("account_state", "What each account does.", ("account", "state"), states)
        yield _gauge("balance", "What is left in the account.", ("account", "unit"), balances)

    # Making them

    def _counter(
        self, name: str, says: str, labels: tuple[str, ...], known: Iterable[tuple[str, ...]]
    ) -> _Series:
        return _Series(Counter(f"paravent_{name}_total", says, labels, registry=self._registry), known)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(
            f"paravent_{name}_duration_seconds", says, labels, buckets=buckets, registry=self._registry
        )


def forget(pid: int) -> None:
    """A process of PROMETHEUS_MULTIPROC_DIR died: what it counted stays, what it was goes."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # not annotated there


class _Series(dict[tuple[str, ...], Counter]):
    """The series of one counter, looked up without making labels anew each time."""

    def __init__(self, counter: Counter, known: Iterable[tuple[str, ...]]) -> None:
        super().__init__({values: counter.labels(*values) for values in known})
        self._counter = counter

    def __missing__(self, values: tuple[str, ...]) -> Counter:
        found = self[values] = self._counter.labels(*values)
        return found


class _Shown(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _shown(families: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Shown(families))
    return generate_latest(registry)


def _gauge(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    return _filled(GaugeMetricFamily(f"paravent_{name}", says, labels=labels), values)


def _count(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    return _filled(CounterMetricFamily(f"paravent_{name}", says, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[Any, float]) -> Metric:
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _keyed(values: Mapping[str, float], names: Iterable[str]) -> dict[tuple[str], float]:
    return {(name,): values.get(name, 0) for name in names}


def _each(words: Iterable[str]) -> list[tuple[str, ...]]:
    return [(str(word),) for word in words]


def _pairs(names: Iterable[str], words: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, str(word)) for name in names for word in words]

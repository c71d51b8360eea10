"""Events: what this process counts as it happens, mostly by folding stories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import combinations

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from providers import Accepted, Status
from router.metrics.facts import families
from router.metrics.machine import Machine
from router.metrics.series import counter, each, page, pairs
from router.office import Number
from router.postgres.figures import Figures
from router.rules.answer import Reason, Silence
from router.rules.failover import Why
from router.rules.story import FAILURES, Ending, Story, failure_word, outcome_word

OUTCOMES = ("accepted", "unreachable", "throttled", "cut_off", "refused", "in_doubt")
REJECTIONS = (
    "forged", "malformed", "oversize", "encoded", "slow", "torn", "unknown_account", "unknown_number",
    "unstorable", "plugin_raised", "spool_full",
)  # fmt: skip
"""Why a webhook, or one text of it, is not taken."""
TIERS = ("lexicon", "model", "encoder", "campaign")
CARRIED = ("reply_from", "fallback")
"""By whom a number's replies are carried."""
NOBODY = "unknown"
"""Stands for the account of a webhook to a path that is nobody's."""

_LEFT = tuple(dict.fromkeys((*(why.value for why in Why), "unreachable", "refused")))
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0)
"""Seconds by which waits and deliveries are counted: what is shorter than the first is not told apart."""

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
        self._currency = currency
        self.machine = Machine(self._registry)
        numbers = list(numbers)
        self._preferred = {number.name: number.plan[0] for number in numbers}
        self._of_texts(numbers)
        self._of_sends(numbers)
        self._of_webhooks()

    # Events, as they happen

    def fold(self, story: Story) -> None:
        """Count what happened to one text."""
        attempts = story.attempts
        last = attempts[-1].route.account if attempts else story.account
        self._replies[last, story.ending].inc()
        for attempt in attempts:
            account, outcome = attempt.route.account, outcome_word(attempt.outcome)
            self._attempts[account, outcome].inc()
            self._sent.labels(account).observe(attempt.seconds)
            if isinstance(attempt.outcome, Accepted):
                self._parts[(account,)].inc(attempt.outcome.parts or attempt.parts)
            else:
                self._failures[account, outcome, failure_word(attempt.outcome)].inc()
        for move in story.failovers:
            self._failovers[move.left, move.to, move.reason].inc()
        if story.ending is Ending.ACCEPTED:
            self._answered.observe((story.ended_at - story.received_at).total_seconds())
            first = attempts[-1].route == self._preferred.get(story.number)
            self._carried[story.number, CARRIED[0] if first else CARRIED[1]].inc()
        elif story.ending is Ending.SILENT and isinstance(story.decision, Silence):
            self._silences[(story.decision.reason,)].inc()
        elif story.ending is Ending.HELD:
            self.held(1)

    def held(self, texts: int) -> None:
        """Count texts that a raid holds: told by a story, or while they waited unclaimed."""
        self._flagged[("campaign",)].inc(texts)

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

    def put_away(self, account: str) -> None:
        """Count a receipt that speaks of no attempt of ours."""
        if account in self._accounts:
            self._put_away[(account,)].inc()

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

    def facts(self, figures: Figures, worth: Mapping[str, int], *, oldest: float, stalled: bool) -> bytes:
        """The facts of the fleet, in Prometheus' text format. Arguments as of `families`."""
        shown = families(
            figures, worth, oldest=oldest, stalled=stalled, accounts=self._accounts, currency=self._currency
        )
        return page(shown)

    # Making them

    def _of_texts(self, numbers: list[Number]) -> None:
        names, registry = self._accounts, self._registry
        mine = [(number.account, number.name) for number in numbers]
        self._received = counter(
            registry, "texts_received", "Texts stored, each once.", ("account", "number"), mine
        )
        self._duplicates = counter(
            registry, "texts_duplicate", "Texts that had been stored already.", ("account",), each(names)
        )
        self._flagged = counter(registry, "texts_flagged", "Texts that look abusive.", ("tier",), each(TIERS))
        self._silences = counter(
            registry, "silences", "Texts that are not answered, by rule.", ("reason",), each(Reason)
        )
        self._replies = counter(
            registry, "replies", "How texts ended for now.", ("account", "outcome"), pairs(names, Ending)
        )
        self._carried = counter(
            registry,
            "carried",
            "Replies taken by a carrier.",
            ("number", "route"),
            pairs(sorted(self._preferred), CARRIED),
        )
        self._answered = self._histogram("reply", "Text in to reply accepted.", SLOW)

    def _of_sends(self, numbers: list[Number]) -> None:
        names, registry = self._accounts, self._registry
        moves = {
            (one.account, other.account, why)
            for number in numbers
            for one, other in combinations(number.plan, 2)
            for why in _LEFT
        }
        self._attempts = counter(
            registry,
            "attempts",
            "Sends, by what came of them.",
            ("account", "outcome"),
            pairs(names, OUTCOMES),
        )
        self._failures = counter(
            registry,
            "failures",
            "Sends that failed, and why.",
            ("account", "outcome", "reason"),
            [(name, *failure) for name in names for failure in FAILURES],
        )
        self._parts = counter(registry, "parts", "Parts of accepted replies.", ("account",), each(names))
        self._failovers = counter(
            registry,
            "failovers",
            "Replies that left one account for another.",
            ("from", "to", "reason"),
            sorted(moves),
        )
        self._sent = self._histogram("send", "One call to a provider.", _QUICK, "account")
        self._arrived = self._histogram("delivery", "Reply accepted to delivered.", SLOW, "account")
        for name in names:
            self._sent.labels(name)
            self._arrived.labels(name)

    def _of_webhooks(self) -> None:
        names, registry = self._accounts, self._registry
        self._receipts = counter(
            registry,
            "receipts",
            "Receipts stored, each once.",
            ("account", "status"),
            pairs(names, Status),
        )
        self._put_away = counter(
            registry, "receipts_put_away", "Receipts of no send of ours.", ("account",), each(names)
        )
        self._rejected = counter(
            registry,
            "webhooks_rejected",
            "Webhooks, or texts of them, not taken.",
            ("account", "reason"),
            pairs([*names, NOBODY], REJECTIONS),
        )
        self._acknowledged = self._histogram("ack", "Webhook in to answer out.", _QUICK)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(
            f"paravent_{name}_duration_seconds", says, labels, buckets=buckets, registry=self._registry
        )


def forget(pid: int) -> None:
    """A process of PROMETHEUS_MULTIPROC_DIR died: what it counted stays, what it was goes."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # not annotated there

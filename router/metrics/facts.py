"""Facts: what the database says of queue, money and accounts, the same from every process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import Metric

from router.metrics.series import count, gauge, keyed, pairs
from router.postgres.counts import PROVED
from router.postgres.figures import COSTS, RETURNS, WAITING, Figures
from router.postgres.outlook import Outlook
from router.rules.budget import MICROS
from router.rules.campaign import Mode
from router.rules.health import WORDS, Reason, State

REASONS = tuple(reason.value for reason in Reason if reason)


def families(
    figures: Figures,
    worth: Mapping[str, int],
    *,
    oldest: float,
    stalled: bool,
    accounts: Iterable[str],
    currency: str,
) -> Iterator[Metric]:
    """Every fact, as Prometheus' families.

    Args:
        figures: Just read.
        worth: Millionths that one reply of each number would have cost.
        oldest: Seconds that the oldest ready text waits.
        stalled: Ready texts wait and are not answered.
        accounts: Names of all accounts.
        currency: Of the ledger.
    """
    accounts = list(accounts)
    yield gauge("ledger_info", "The ledger's currency.", ("currency",), {(currency,): 1})
    yield from _waiting(figures, oldest, stalled, accounts)
    yield from _raid(figures.raid)
    yield from _money(figures, worth, accounts)
    yield from _purses(figures)
    yield from _caps(figures)
    yield from _accounts(figures, accounts)
    yield from _abuse(figures)
    yield from _database(figures)
    yield from _evidence(figures)


def _waiting(figures: Figures, oldest: float, stalled: bool, accounts: list[str]) -> Iterator[Metric]:
    last = {(): figures.last_reply_at.timestamp() if figures.last_reply_at else 0}
    yield gauge("queue_texts", "Replies that are not over.", ("state",), keyed(figures.queue, WAITING))
    yield gauge("queue_due_texts", "Those of them whose time has come.", (), {(): figures.due})
    yield gauge("queue_oldest_seconds", "How long the oldest ready text waits.", (), {(): oldest})
    yield gauge("answering_stalled", "Ready texts wait, unanswered.", (), {(): stalled})
    yield gauge("receipts_waiting", "Receipts not applied yet.", (), {(): figures.receipts_waiting})
    yield gauge("last_reply_timestamp_seconds", "When the last was accepted; 0: none lately.", (), last)
    doubts = keyed(figures.in_doubt, accounts)
    yield gauge("attempts_in_doubt", "Sends whose outcome is not known.", ("account",), doubts)
    unproved = keyed(figures.unproved, accounts)
    yield gauge("texts_unproved", "Texts their provider is still asked about.", ("account",), unproved)
    recent = {pair: figures.counts.recent.get(pair, 0) for pair in pairs(accounts, PROVED)}
    yield gauge(
        "recent_replies",
        "Taken by a carrier 10 to 70 minutes ago, by what receipts say.",
        ("account", "receipt"),
        recent,
    )
    texters = keyed(figures.counts.texters, accounts)
    yield gauge("answered_texters", "Who was answered in 24 hours, each once.", ("account",), texters)


def _raid(raid: Outlook) -> Iterator[Metric]:
    counted = 0 if raid.counted_to is None else raid.counted_to.timestamp()
    yield gauge("raid_active", "1 while a raid is on.", (), {(): raid.mode == Mode.RAID})
    yield gauge("raid_by_hand", "1 while it is on because the operator said so.", (), {(): raid.by_hand})
    until = 0 if raid.calm_until is None else raid.calm_until.timestamp()
    yield gauge("raid_calm_until_timestamp_seconds", "No raid is seen until then; 0: it is.", (), {(): until})
    yield gauge("raid_statistic", "The sum: towards an alarm, or its end.", (), {(): raid.statistic})
    yield gauge("raid_limit", "What the sum has to reach.", (), {(): raid.limit})
    yield gauge("raid_baseline_share", "The usual share of suspicious texts.", (), {(): raid.baseline})
    yield gauge("raid_counted_timestamp_seconds", "Texts are counted up to then.", (), {(): counted})
    yield gauge("raid_judged_texts", "Texts judged in this raid.", (), {(): raid.judged})
    yield gauge("raid_suspect_texts", "Those of them that were held.", (), {(): raid.kept})
    yield gauge("raid_held_texts", "Texts held back now.", (), {(): raid.held})
    yield gauge("raid_grave_texts", "Those of them that only the operator lets go.", (), {(): raid.grave})
    yield gauge("raid_clusters", "Wordings of two or more held texts.", (), {(): raid.clusters})
    released = {("calm",): raid.let_go, ("operator",): raid.let_go_early}
    yield count("raid_released_texts", "Held texts let go.", ("cause",), released)
    yield count("raid_dropped_texts", "Held texts dropped by the operator.", (), {(): raid.dropped})


def _money(figures: Figures, worth: Mapping[str, int], accounts: list[str]) -> Iterator[Metric]:
    costs = {pair: figures.cost.get(pair, 0) / MICROS for pair in pairs(accounts, COSTS)}
    returns = {pair: figures.returned.get(pair, 0) / MICROS for pair in pairs(accounts, RETURNS)}
    estimated = {(name,): figures.estimated.get(name, 0) / MICROS for name in accounts}
    saved = sum(texts * worth.get(number, 0) for number, texts in figures.counts.silences.items()) / MICROS
    yield count("cost", "Booked, and corrected upwards.", ("account", "kind"), costs)
    yield count("cost_returned", "Refunded, and corrected downwards.", ("account", "kind"), returns)
    yield count("estimated_money", "Set aside for sends that were then paid.", ("account",), estimated)
    yield count("saved_money", "What final silences would have cost.", (), {(): saved})


def _purses(figures: Figures) -> Iterator[Metric]:
    purses = figures.purses
    limits = {(name,): float("inf") if p.limit is None else p.limit / MICROS for name, p in purses.items()}
    yield gauge("purse_limit_money", "Most that may be spent in the window.", ("purse",), limits)
    spread = {(name,): limits[name,] if p.spread is None else p.spread / MICROS for name, p in purses.items()}
    yield gauge("purse_spread_money", "Most that may be used by now.", ("purse",), spread)
    for word in ("reserved", "spent", "overrun"):
        amounts = {(name,): getattr(purse, word) / MICROS for name, purse in purses.items()}
        yield gauge(f"purse_{word}_money", f"Money {word} in the present window.", ("purse",), amounts)
    runways = {(name,): purse.runway for name, purse in purses.items()}
    yield gauge("purse_runway_seconds", "Until it is empty, at the present pace.", ("purse",), runways)


def _caps(figures: Figures) -> Iterator[Metric]:
    yield gauge("capped_texts", "Replies that a cap puts off.", (), {(): figures.counts.capped})
    used = {(name,): cap.used for name, cap in figures.caps.items()}
    yield gauge("cap_used_answers", "Answers that left in its present window.", ("cap",), used)
    limits = {(name,): cap.answers for name, cap in figures.caps.items()}
    yield gauge("cap_limit_answers", "Most answers in one window.", ("cap",), limits)


def _accounts(figures: Figures, accounts: list[str]) -> Iterator[Metric]:
    states = {name: figures.states.get((name, ""), State(account=name)) for name in accounts}
    words = {(name, word): states[name].word == word for name, word in pairs(accounts, WORDS)}
    reasons = {(name, why): states[name].reason == why for name, why in pairs(accounts, REASONS)}
    balances = {(name, held.unit): held.amount for name, held in figures.balances.items()}
    yield gauge("account_state", "What each account does.", ("account", "state"), words)
    yield gauge("account_reason", "Why an account is not open.", ("account", "reason"), reasons)
    yield gauge("balance", "What is left in the account.", ("account", "unit"), balances)


def _abuse(figures: Figures) -> Iterator[Metric]:
    sample = figures.sample
    share = sample.share
    says = "Share of abusive texts, of the last day or of the present raid: "
    yield gauge("abuse_share_estimate", f"{says}likely.", (), {(): share.value} if share else {})
    yield gauge("abuse_share_low", f"{says}at least.", (), {(): share.low} if share else {})
    yield gauge("abuse_share_high", f"{says}at most.", (), {(): share.high} if share else {})
    labels = {(mode.value,): sample.count(mode) for mode in Mode}
    yield gauge("review_labels", "Labelled texts, by what was on when each came in.", ("mode",), labels)


def _database(figures: Figures) -> Iterator[Metric]:
    burden = figures.burden
    yield gauge("database_bytes", "Size of the database.", (), {(): burden.size})
    yield gauge("database_connections", "Connections to it, of everybody.", (), {(): burden.connections})
    yield gauge("database_snapshot_seconds", "Age of its oldest snapshot.", (), {(): burden.snapshot})


def _evidence(figures: Figures) -> Iterator[Metric]:
    evidence = figures.evidence
    yield gauge("evidence_unsealed_texts", "Texts that are stored, not sealed.", (), {(): evidence.unsealed})
    yield gauge("evidence_sealed_age_seconds", "Since the oldest unsealed came.", (), {(): evidence.age})
    yield gauge("evidence_roots_unsent", "Roots not told everywhere yet.", (), {(): evidence.unsent})

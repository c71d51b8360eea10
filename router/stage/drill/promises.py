"""Whether a drill kept every promise, by the carriers' journal beside the router's own rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from router.rules.budget import MICROS
from router.stage.drill.carriers import Received, Truth
from router.stage.drill.drill import Played
from router.stage.drill.tale import Money, Promise


def charged(played: Played) -> Mapping[str, int]:
    """Millionths that each carrier kept, by its journal."""
    found = Counter[str]()
    for each in played.truth:
        found[each.carrier] += _micros(each, played.rates)
    return found


def received(played: Played) -> int:
    """Millionths that the carriers charged for texts that came in, by their journal."""
    return sum(each.texts * _micros(each, played.rates) for each in played.received)


def _micros(each: Truth | Received, rates: Mapping[str, Decimal]) -> int:
    exact = each.price * rates.get(each.unit, Decimal(1)) * MICROS
    return int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


def promises(played: Played, money: Money) -> list[Promise]:
    """Every promise, and what says whether it was kept."""
    rows, truth = played.rows, played.truth
    stored, written = len(rows.texts), len(played.texts)
    per_reference = Counter(each.reference for each in truth)
    twice = sum(count - 1 for count in per_reference.values())
    ledger = {row.reference: row.spent for row in rows.charges if row.spent}
    carriers = {each.reference: _micros(each, played.rates) for each in truth if each.price}
    differ = sum(ledger.get(key, 0) != carriers.get(key, 0) for key in {*ledger, *carriers})
    often = _too_often(truth, played.period)
    return [
        Promise(
            "lost",
            stored == written and not played.unanswered,
            {"written": written, "stored": stored, "refused": played.unanswered},
        ),
        Promise("twice", not twice, {"sends": len(truth), "twice": twice}),
        Promise("often", not often, {"often": often}),
        Promise("purse", not money.over, {"over": Decimal(money.over) / MICROS}),
        Promise(
            "books",
            not differ and money.spent == money.charged,
            {"differ": differ, "by": money.spent - money.charged},
        ),
    ]


def _too_often(truth: Iterable[Truth], period: timedelta) -> int:
    """Answers within the period of the one before to the same phone, by the carriers' journal."""
    last: dict[str, datetime] = {}
    found = 0
    for each in truth:
        before = last.get(each.to)
        found += before is not None and each.at - before < period
        last[each.to] = each.at
    return found

"""Expressions that more than one dashboard asks, each written once."""

from __future__ import annotations

from collections.abc import Mapping

from router.metrics import REASONS, events
from router.metrics.machine import STATEMENTS
from router.postgres.figures import COSTS, RETURNS
from router.rules.answer import Reason
from router.rules.health import WORDS
from tests.grafana.drawing import BLUE, GREEN, ORANGE, PURPLE, RED, YELLOW, A

RATE = "$__rate_interval"
RANGE = "$__range"


def per_minute(metric: str, where: str, by: str = "") -> str:
    """Events a minute."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{where}}}[{RATE}])) * 60"


def quantile(q: float, metric: str, where: str = "", by: str = "", window: str = RATE) -> str:
    """A quantile of a histogram of seconds."""
    chosen = f"{{{where}}}" if where else ""
    labels = f"le, {by}" if by else "le"
    asked = f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket{chosen}[{window}])))"
    return f"clamp_min({asked}, {LEAST})" if metric in COARSE else asked


LEAST = events.SLOW[0]
COARSE = {"paravent_reply_duration_seconds", "paravent_delivery_duration_seconds"}
"""What is counted by `events.SLOW`: of what is below its first bucket, Prometheus would make up a figure."""
BELOW = f"under {LEAST * 1000:.0f} ms"


def plain(expr: str, label: str) -> str:
    """The same series, with spaces for the underlines of a label that is shown: `in_doubt` is no word."""
    for _ in range(2):
        expr = f'label_replace({expr}, "{label}", "$1 $2", "{label}", "([^_]+)_(.+)")'
    return expr


def worded(expr: str, label: str, words: Mapping[str, str]) -> str:
    """The same series, with words of ours for values of a label that say nothing to those who look."""
    for raw, said in words.items():
        expr = f'label_replace({expr}, "{label}", "{said}", "{label}", "{raw}")'
    return expr


TIERS = {"lexicon": "words", "model": "style", "encoder": "meaning", "campaign": "like the raid"}
BOOKED = {
    "settle": "answers",
    "inbound": "receiving",
    "adjust": "dearer than thought",
    "late": "proved late",
    "write_off": "given up on",
}
RETURNED = {"refund": "not sent", "adjust": "cheaper than thought"}
SILENCES = {
    "cooldown": "answered lately",
    "lifetime": "answered often enough",
    "capped": "a cap, until it expired",
    "budget": "no money",
    "operator": "by your word",
}
COMMITTED = {
    "store": "texts",
    "receive": "receipts",
    "consent": "STOP and START",
    "arm": "sends begun",
    "settle": "sends over",
    "finish": "ends without a send",
}
assert set(COMMITTED) == set(STATEMENTS), "a statement without a word"
assert set(TIERS) == set(events.TIERS), "a tier without a word"
assert set(BOOKED) == set(COSTS), "a booking without a word"
assert set(RETURNED) == set(RETURNS), "a correction without a word"
assert set(SILENCES) <= set(Reason), "a word for a silence that is none"


def net_cost(window: str, by: str = "", function: str = "increase") -> str:
    """What was booked less what was given back."""
    grouped = f" by ({by})" if by else ""
    booked, back = (
        f"sum{grouped} ({function}({name}{{{A}}}[{window}]))"
        for name in ("paravent_cost_total", "paravent_cost_returned_total")
    )
    return f"{booked} - {back}"


def coded(metric: str, label: str, words: list[str], where: str = A) -> str:
    """One number for each account: the place, counted from 0, of the word whose series is 1."""
    parts = [
        f'max by (account, {label}) ({metric}{{{where},{label}="{word}"}}) * {place}'
        for place, word in enumerate(words)
        if word
    ]
    return f"sum by (account) ({' or '.join(parts)})"


STATE_WORDS = {
    "open": ("open", GREEN),
    "probing": ("probing", BLUE),
    "throttled": ("throttled", YELLOW),
    "slow": ("slow", ORANGE),
    "cut_off": ("cut off", RED),
    "operator_cut": ("cut by you", PURPLE),
}
assert STATE_WORDS.keys() == set(WORDS), "a state without a colour"
STATES = coded("paravent_account_state", "state", list(STATE_WORDS))
STATE_COLORS = {float(place): word for place, word in enumerate(STATE_WORDS.values())}

_WHY = {
    "suspended": RED,
    "unpaid": RED,
    "revoked": RED,
    "sender_lost": RED,
    "unreachable": ORANGE,
    "in_doubt": ORANGE,
    "throttled": YELLOW,
    "slow": YELLOW,
}
assert _WHY.keys() == set(REASONS), "a reason without a colour"
WHYS = coded("paravent_account_reason", "reason", ["", *_WHY])
WHY_COLORS = {0.0: ("nothing is wrong", GREEN)} | {
    float(place): (word.replace("_", " "), color) for place, (word, color) in enumerate(_WHY.items(), start=1)
}

LEFT = (
    'max by (purse) (paravent_purse_limit_money{purse=~"$account|total"}'
    ' - paravent_purse_spent_money{purse=~"$account|total"}'
    ' - paravent_purse_reserved_money{purse=~"$account|total"})'
)
"""Money left in each purse; +Inf where it is unlimited."""

YEAR = 366 * 24 * 3_600
RUNWAY = f'clamp_max(min by (purse) (paravent_purse_runway_seconds{{purse=~"$account|total"}}), {YEAR})'
FOR_EVER = {float(YEAR): ("over a year", GREEN)}
RUNWAY_STEPS = ((None, RED), (12 * 3_600, YELLOW), (48 * 3_600, GREEN))

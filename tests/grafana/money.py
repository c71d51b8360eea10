"""*Money*: what it costs, on what, whether the purses hold, and whether the bill is as expected."""

from __future__ import annotations

from tests.grafana.asking import (
    BOOKED,
    FOR_EVER,
    LEFT,
    RANGE,
    RATE,
    RETURNED,
    RUNWAY,
    RUNWAY_STEPS,
    net_cost,
    worded,
)
from tests.grafana.board import Board
from tests.grafana.drawing import (
    BLUE,
    GREEN,
    MONEY,
    ORANGE,
    RED,
    YELLOW,
    A,
    Query,
    gauges,
    stat,
    table,
    trend,
)

_PURSE = 'purse=~"$account|total"'
_BILLED = (
    f'sum by (account) (increase(paravent_cost_total{{{A},kind=~"settle|adjust"}}[{RANGE}]))'
    f' - sum by (account) (increase(paravent_cost_returned_total{{{A},kind="adjust"}}[{RANGE}]))'
)

_TOTALS = (
    stat(
        "What was spent?",
        "In the time shown: booked, less what was given back.",
        Query(net_cost(RANGE)),
        unit=MONEY,
        steps=((None, BLUE),),
        size=(6, 3),
        defaults={"decimals": 2},
    ),
    stat(
        "What does one texter cost?",
        "Everything that was spent in the last 24 hours, receiving included, over the people who were"
        " answered in them, each once however many answers they got. Whatever time is shown.",
        Query(f"({net_cost('24h')}) / sum(paravent_answered_texters{{{A}}})"),
        unit=MONEY,
        steps=((None, BLUE),),
        size=(6, 3),
        nothing="nobody yet",
        defaults={"decimals": 3},
    ),
    stat(
        "What did silence save?",
        "What answers would have cost to texts that are not answered by rule: repeats, opted out, senders"
        " that cannot be answered.",
        Query(f"sum(increase(paravent_saved_money_total[{RANGE}]))"),
        unit=MONEY,
        size=(6, 3),
        defaults={"decimals": 2},
    ),
    stat(
        "Did a price come later and higher?",
        "Money past the limits of the present windows. Nothing is sent that would pass a limit: this is what"
        " carriers charged afterwards. Correct the prices in the settings.",
        Query(f"max(paravent_purse_overrun_money{{{_PURSE}}})"),
        unit=MONEY,
        steps=((None, GREEN), (0.000001, RED)),
        size=(6, 3),
        defaults={"decimals": 2},
    ),
)

_PURSES = (
    gauges(
        "How full is each purse?",
        "Spent and set aside, as a share of the limit. At 100 % the account, or everything, waits for a"
        " top-up or the next window. An unlimited purse stays at 0.",
        Query(
            f"max by (purse) ((paravent_purse_spent_money{{{_PURSE}}} +"
            f" paravent_purse_reserved_money{{{_PURSE}}}) / paravent_purse_limit_money{{{_PURSE}}})",
            "{{purse}}",
        ),
        unit="percentunit",
        most=1,
        steps=((None, GREEN), (0.75, YELLOW), (0.95, RED)),
        size=(5, 6),
    ),
    gauges(
        "How long does each last?",
        "At the pace of the last 15 minutes.",
        Query(RUNWAY, "{{purse}}"),
        unit="s",
        most=7 * 24 * 3_600,
        steps=RUNWAY_STEPS,
        words=FOR_EVER,
        size=(5, 6),
    ),
    gauges(
        "How full is each cap?",
        "Answers that left in its present window, as a share of what `[caps]` lets pass. At 100 % further"
        " texts wait for the next window, unpaid.",
        Query("max by (cap) (paravent_cap_used_answers / (paravent_cap_limit_answers > 0))", "{{cap}}"),
        unit="percentunit",
        most=1,
        steps=((None, GREEN), (0.75, YELLOW), (0.95, RED)),
        size=(5, 6),
        nothing="no caps are set",
    ),
    table(
        "What is in each purse?",
        "Its present window: the limit, what was spent, what is set aside for sends under way or in doubt,"
        " what is left, and overrun: what carriers charged past the limit afterwards.",
        Query(f"max by (purse) (paravent_purse_limit_money{{{_PURSE}}})"),
        Query(f"max by (purse) (paravent_purse_spent_money{{{_PURSE}}})"),
        Query(f"max by (purse) (paravent_purse_reserved_money{{{_PURSE}}})"),
        Query(LEFT),
        Query(f"max by (purse) (paravent_purse_overrun_money{{{_PURSE}}})"),
        unit=MONEY,
        ranges={1e15: ("unlimited", GREEN)},
        columns={
            "purse": "purse",
            "Value #D": "left",
            "Value #A": "limit",
            "Value #B": "spent",
            "Value #C": "aside",
            "Value #E": "overrun",
        },
        size=(9, 6),
    ),
)

_SPENDING = (
    trend(
        "Through whom is it spent, an hour?",
        "By account: booked, less what was given back.",
        Query(f"({net_cost(RATE, 'account', 'rate')}) * 3600", "{{account}}"),
        unit=MONEY,
        size=(12, 8),
        stacked=True,
    ),
    trend(
        "What is it spent on, an hour?",
        "Dearer than thought: prices that came later, and higher. Proved late, given up on: sends in doubt."
        " What was given back is below zero: for answers that were not sent, or cost less.",
        Query(
            worded(f"sum by (kind) (rate(paravent_cost_total{{{A}}}[{RATE}])) * 3600", "kind", BOOKED),
            "{{kind}}",
        ),
        Query(
            worded(
                f"-sum by (kind) (rate(paravent_cost_returned_total{{{A}}}[{RATE}])) * 3600", "kind", RETURNED
            ),
            "given back: {{kind}}",
        ),
        unit=MONEY,
        size=(12, 8),
        stacked=True,
        custom={"axisCenteredZero": False},
    ),
    trend(
        "When is each purse empty?",
        "Money left. Where a line meets the ground, the account, or everything, waits.",
        Query(LEFT, "{{purse}}"),
        unit=MONEY,
        size=(6, 6),
    ),
    gauges(
        "How much of its share is used?",
        "What may be used by now: a purse that is spread over its window opens little by little, and at 100 %"
        " texts wait for the next bit."
        " Where it is not spread, its whole limit may be used.",
        Query(
            "max by (purse) (("
            f"paravent_purse_spent_money{{{_PURSE}}} + paravent_purse_reserved_money{{{_PURSE}}})"
            f" / paravent_purse_spread_money{{{_PURSE}}})",
            "{{purse}}",
        ),
        unit="percentunit",
        most=1,
        steps=((None, GREEN), (0.75, YELLOW), (0.95, RED)),
        size=(6, 6),
    ),
    gauges(
        "Does the bill match the estimate?",
        "What carriers charged for answers in the time shown, over what was set aside for them. Far above"
        " 100 %: the prices in the settings are too low, or answers take more parts than they should.",
        Query(
            f"({_BILLED}) / sum by (account) (increase(paravent_estimated_money_total{{{A}}}[{RANGE}]))",
            "{{account}}",
        ),
        unit="percentunit",
        most=1.5,
        steps=((None, GREEN), (1.05, YELLOW), (1.25, RED)),
        size=(6, 6),
    ),
    gauges(
        "How many parts an answer?",
        "Each part is paid. One letter that plain SMS does not know can turn one part into three.",
        Query(
            f"sum by (account) (increase(paravent_parts_total{{{A}}}[{RANGE}]))"
            f' / sum by (account) (increase(paravent_attempts_total{{{A},outcome="accepted"}}[{RANGE}]))',
            "{{account}}",
        ),
        unit="short",
        most=3,
        steps=((None, GREEN), (1.5, ORANGE)),
        size=(6, 6),
    ),
)

BOARD = Board(
    uid="money",
    title="Money",
    says="What it costs, on what, whether the purses hold, and whether the bill is as expected.",
    panels=(*_TOTALS, *_PURSES, *_SPENDING),
    span="now-24h",
    refresh="30s",
)

"""*Providers*: who carries, why replies leave an account, what fails, what arrives."""

from __future__ import annotations

from tests.grafana.asking import (
    BELOW,
    RANGE,
    RATE,
    STATE_COLORS,
    STATES,
    WHY_COLORS,
    WHYS,
    per_minute,
    plain,
    quantile,
)
from tests.grafana.board import Board
from tests.grafana.drawing import (
    BLUE,
    CLEAR,
    GREEN,
    GREY,
    ORANGE,
    PER_MINUTE,
    PURPLE,
    RED,
    YELLOW,
    A,
    Query,
    gauges,
    table,
    timeline,
    trend,
)

_STATE = (
    timeline(
        "How is each account?",
        "Cut off: the carrier refuses us. It comes back by itself when a probe gets through. Cut by you: only"
        " `paravent accounts restore` opens it again.",
        Query(STATES, "{{account}}"),
        words=STATE_COLORS,
        size=(12, 6),
    ),
    timeline(
        "Why is an account not open?",
        "Suspended, unpaid and revoked are for you to settle with the carrier; a lost sender is a number or"
        " name that the account may not use any more. The others pass by themselves.",
        Query(WHYS, "{{account}}"),
        words=WHY_COLORS,
        size=(12, 6),
    ),
)

_CARRYING = (
    trend(
        "Does each number use its own sender?",
        "Share of answers that left through the number's reply_from. A number that stays in the red, under"
        " 5 %, has lost its sender, and the fallback hides it.",
        Query(
            f'sum by (number) (rate(paravent_carried_total{{route="reply_from"}}[{RATE}]))'
            f" / sum by (number) (rate(paravent_carried_total[{RATE}]))",
            "{{number}}",
        ),
        unit="percentunit",
        steps=((None, RED), (0.05, CLEAR)),
        custom={"axisSoftMax": 1, "thresholdsStyle": {"mode": "area"}},
    ),
    trend(
        "Why do replies leave an account?",
        "Replies that went on to another account, and why.",
        Query(
            plain(
                "sum by (from, to, reason)"
                f' (increase(paravent_failovers_total{{from=~"$account"}}[{RATE}])) > 0',
                "reason",
            ),
            "{{from}} → {{to}}: {{reason}}",
        ),
        unit="short",
        bars=True,
        nothing="none did",
    ),
    trend(
        "What comes of sends?",
        "Sends a minute by outcome. Those in doubt may have been sent: they keep their money and are looked"
        " up.",
        Query(plain(per_minute("paravent_attempts_total", A, "outcome"), "outcome"), "{{outcome}}"),
        unit=PER_MINUTE,
        stacked=True,
        named={
            "accepted": GREEN,
            "in doubt": ORANGE,
            "cut off": RED,
            "throttled": YELLOW,
            "refused": GREY,
            "unreachable": PURPLE,
        },
    ),
    table(
        "Which errors are there?",
        "Sends that failed in the time shown. `answer` stands for a code of the carrier's own: `paravent"
        " accounts` and the log name it.",
        Query(
            plain(
                plain(
                    "sum by (account, outcome, reason)"
                    f" (increase(paravent_failures_total{{{A}}}[{RANGE}])) > 0",
                    "outcome",
                ),
                "reason",
            )
        ),
        unit="short",
        columns={"account": "account", "outcome": "outcome", "reason": "reason", "Value": "sends"},
        defaults={"decimals": 0},
    ),
    trend(
        "How fast does each account take a reply?",
        "One call to the carrier: nineteen of twenty take less.",
        Query(quantile(0.95, "paravent_send_duration_seconds", A, "account"), "{{account}}"),
        unit="s",
    ),
    trend(
        "What is in doubt?",
        "Sends of which nobody knows yet whether they left. Each keeps its money until a receipt, a look-up"
        " or the write-off; too many close the account."
        " Above the line, and growing, is an alert.",
        Query(f"max by (account) (paravent_attempts_in_doubt{{{A}}})", "{{account}}"),
        unit="short",
        steps=((None, CLEAR), (10, RED)),
    ),
)

_ARRIVING = (
    gauges(
        "Do replies arrive?",
        "Of the replies taken 10 to 70 minutes ago, those that a receipt says arrived.",
        Query(
            f'sum by (account) (paravent_recent_replies{{{A},receipt="delivered"}})'
            f" / sum by (account) (paravent_recent_replies{{{A}}})",
            "{{account}}",
        ),
        unit="percentunit",
        most=1,
        steps=((None, RED), (0.7, YELLOW), (0.9, GREEN)),
        size=(6, 8),
    ),
    trend(
        "What do receipts say?",
        "Replies taken 10 to 70 minutes ago. Missing: no receipt, or none that is final.",
        Query(f"sum by (receipt) (paravent_recent_replies{{{A}}})", "{{receipt}}"),
        unit="short",
        stacked=True,
        named={"delivered": GREEN, "failed": RED, "missing": ORANGE},
        size=(6, 8),
    ),
    trend(
        "How long until a reply arrives?",
        "From the carrier's hands to the phone, by receipt: nineteen of twenty take less. 15 % above five"
        f" minutes make an account slow, and others carry. What is {BELOW} is not told apart.",
        Query(quantile(0.95, "paravent_delivery_duration_seconds", A, "account"), "{{account}}"),
        unit="s",
        steps=((None, CLEAR), (300, RED)),
        size=(6, 8),
    ),
    trend(
        "Which receipts come in?",
        "Receipts a minute by what they say; those of nobody speak of no send of ours.",
        Query(per_minute("paravent_receipts_total", A, "status"), "{{status}}"),
        Query(per_minute("paravent_receipts_put_away_total", A), "of nobody"),
        unit=PER_MINUTE,
        stacked=True,
        named={
            "delivered": GREEN,
            "sent": BLUE,
            "queued": GREY,
            "expired": ORANGE,
            "failed": RED,
            "undeliverable": PURPLE,
        },
        size=(6, 8),
    ),
    trend(
        "Which webhooks are turned away?",
        "A minute, by reason. Account `unknown` is a path of nobody's: the Internet knocks. Forged ones at an"
        " account of yours: its secret or public_url is wrong, or somebody tries.",
        Query(
            plain(
                "sum by (account, reason)"
                f' (rate(paravent_webhooks_rejected_total{{account=~"$account|unknown"}}[{RATE}])) * 60 > 0',
                "reason",
            ),
            "{{account}}: {{reason}}",
        ),
        unit=PER_MINUTE,
        bars=True,
        nothing="none",
        size=(6, 8),
    ),
    trend(
        "How many texts come twice?",
        "Texts a minute that had been stored already: carriers repeat what was not acknowledged in time.",
        Query(per_minute("paravent_texts_duplicate_total", A, "account"), "{{account}}"),
        unit=PER_MINUTE,
        size=(6, 8),
    ),
    trend(
        "Which texts are not proved yet?",
        "Texts that a carrier which signs nothing is still to be asked about; some of them are answered"
        " meanwhile.",
        Query(f"max by (account) (paravent_texts_unproved{{{A}}})", "{{account}}"),
        unit="short",
        size=(6, 8),
    ),
    table(
        "What is left at each carrier?",
        "What the carrier itself says, in its own unit.",
        Query(f"max by (account, unit) (paravent_balance{{{A}}})"),
        unit="locale",
        columns={"account": "account", "Value": "left", "unit": "unit"},
        defaults={"decimals": 2},
        size=(6, 8),
    ),
)

BOARD = Board(
    uid="providers",
    title="Providers",
    says="Who carries, why replies leave an account, what fails, what arrives.",
    panels=(*_STATE, *_CARRYING, *_ARRIVING),
)

"""*Now*: the first screen. Are texters answered, by whom, for how much, how long still, and is it a raid?"""

from __future__ import annotations

from tests.grafana.asking import (
    BELOW,
    FOR_EVER,
    LEAST,
    RUNWAY_STEPS,
    STATE_COLORS,
    STATES,
    YEAR,
    net_cost,
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
    MONEY,
    ORANGE,
    PER_MINUTE,
    RED,
    YELLOW,
    A,
    N,
    Query,
    override,
    stat,
    timeline,
    trend,
)

LATE = ((120, YELLOW), (600, RED))
"""Seconds to an answer that are long, and too long."""

NOTHING_SENT = "nothing was sent"

_ANSWERS = (
    stat(
        "Texters answered?",
        "No: a text has been ready for more than a minute, or some are due and nobody was answered for five."
        " What a delay or a cap puts off is not due. Quiet: no text for 15 minutes. Database away: texts are"
        " taken in, and wait on disk. Not known: the router runs, and its facts cannot be read.",
        Query(
            "((1 - clamp_max(min_over_time(max(paravent_answering_stalled)[1m:15s])"
            " + (min_over_time(max(paravent_queue_due_texts)[5m:15s]) > bool 0)"
            " * (time() - max(paravent_last_reply_timestamp_seconds) > bool 300), 1))"
            " * (1 + (sum(increase(paravent_texts_received_total[15m])) == bool 0)))"
            # Facts come from the database; without them each process still says whether it reaches it.
            " or 3 + (max(paravent_database_away) == bool 0)"
        ),
        unit="none",
        steps=((None, RED), (1, GREEN)),
        words={
            0: ("No", RED),
            1: ("Yes", GREEN),
            2: ("Quiet", GREEN),
            3: ("Database away", RED),
            4: ("Not known", ORANGE),
        },
        nothing="Router down?",
    ),
    stat(
        "How long a wait?",
        "From a text to its answer in a carrier's hands: the slowest of twenty in the last 15 minutes."
        f" A delay that the settings ask for counts too; what is {BELOW} is not told apart.",
        Query(
            f"{quantile(0.95, 'paravent_reply_duration_seconds', window='15m')} >= 0"
            " or 0 * sum(rate(paravent_reply_duration_seconds_count[15m]))"
        ),
        unit="s",
        steps=((None, GREEN), *LATE),
        words={0: ("nobody asked", GREEN), LEAST: (BELOW, GREEN)},
        defaults={"decimals": 1},
    ),
    stat(
        "How much an hour?",
        "At the pace of the last hour: booked, less what was given back.",
        Query(f"({net_cost('1h', function='rate')}) * 3600"),
        unit=MONEY,
        steps=((None, BLUE),),
        defaults={"decimals": 2},
    ),
    stat(
        "Money lasts for?",
        "Until the first purse is empty, at the pace of the last 15 minutes. Texts are taken in all the same"
        " when it is, and wait for a top-up.",
        Query(f'clamp_max(min(paravent_purse_runway_seconds{{purse=~"$account|total"}}), {YEAR})'),
        unit="s",
        steps=RUNWAY_STEPS,
        words=FOR_EVER | {0: ("Empty", RED)},
        defaults={"decimals": 1},
    ),
    stat(
        "Who carries?",
        "The account that took most answers in the last 15 minutes.",
        Query(
            f'topk(1, sum by (account) (increase(paravent_replies_total{{{A},outcome="accepted"}}[15m]))'
            # A panel that shows names shows nothing where there is none.
            f" > 0) or on () label_replace(0 * sum(paravent_replies_total{{{A}}}),"
            f' "nobody", "{NOTHING_SENT}", "", "")',
            "{{account}}{{nobody}}",
        ),
        unit="short",
        steps=((None, BLUE),),
        name=True,
        nothing="nobody",
    ),
    stat(
        "Raid or calm?",
        "A raid: the share of abusive texts is far above what this number is used to. Many texts alone are no"
        " raid. In a raid suspicious texts wait and are not paid for; the others are answered.",
        Query("max(paravent_raid_active)"),
        unit="none",
        steps=((None, GREEN), (1, RED)),
        words={0: ("Calm", GREEN), 1: ("Raid", RED)},
    ),
)

_STORY = (
    trend(
        "How many text, how many are answered?",
        "Texts and answers a minute. Silent ones are not answered by rule: repeats, STOP, senders that cannot"
        " be answered; they are shown while no number is chosen. A gap between the first line and the sum of"
        " the others is texts that wait.",
        Query(per_minute("paravent_texts_received_total", N), "texts"),
        Query(
            per_minute("paravent_carried_total", f'{N},route="reply_from"'), "answered by their own sender"
        ),
        Query(per_minute("paravent_carried_total", f'{N},route="fallback"'), "answered by a fallback"),
        Query(
            # Nobody knows of which number they were: with one left out, there would be too many.
            f"{per_minute('paravent_silences_total', '')}"
            ' unless on () count(paravent_texts_received_total{number!~"$number"})',
            "silent by rule",
        ),
        unit=PER_MINUTE,
        size=(12, 8),
        named={
            "texts": BLUE,
            "answered by their own sender": GREEN,
            "answered by a fallback": YELLOW,
            "silent by rule": GREY,
        },
    ),
    trend(
        "Who carried the answers?",
        "Answers a minute that each account took.",
        Query(per_minute("paravent_replies_total", f'{A},outcome="accepted"', "account"), "{{account}}"),
        unit=PER_MINUTE,
        size=(12, 8),
        stacked=True,
    ),
    timeline(
        "How is each account?",
        "Cut off: the carrier refuses us, and says why on the dashboard Providers. It comes back by itself"
        " when a probe gets through. Cut by you: only you can restore it.",
        Query(STATES, "{{account}}"),
        words=STATE_COLORS,
    ),
    trend(
        "How long do texters wait?",
        "From a text to its answer in a carrier's hands: half of them wait less than the first line, nineteen"
        f" of twenty less than the second. The ground is {LEAST * 1000:.0f} ms, and stands for all below.",
        Query(quantile(0.5, "paravent_reply_duration_seconds"), "half"),
        Query(quantile(0.95, "paravent_reply_duration_seconds"), "19 of 20"),
        unit="s",
        steps=((None, CLEAR), *LATE),
        custom={"axisSoftMin": LEAST, "axisSoftMax": 1},
        named={"half": GREEN, "19 of 20": ORANGE},
    ),
    trend(
        "What waits?",
        "Answers that are not over. Queued ones are ready; delayed ones have their time; held ones are"
        " suspicious texts of a raid; those in doubt may have been sent and are never sent again.",
        Query(plain("max by (state) (paravent_queue_texts)", "state"), "{{state}}"),
        Query("max(paravent_capped_texts)", "of delayed: by a cap"),
        unit="short",
        stacked=True,
        named={"queued": BLUE, "held": ORANGE, "in doubt": RED},
        overrides=(override("of delayed: by a cap", custom__stacking={"mode": "none"}),),
    ),
)

BOARD = Board(
    uid="now",
    title="Now",
    says="Are texters answered, by whom, for how much, how long still, and is it a raid?",
    panels=(*_ANSWERS, *_STORY),
    variables=("account", "number"),
)

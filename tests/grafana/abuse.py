"""*Abuse*: how much of what comes in is abusive, whether it is a raid, and what that costs whom."""

from __future__ import annotations

from tests.grafana.asking import RANGE, RATE, SILENCES, TIERS, per_minute, plain, worded
from tests.grafana.board import Board
from tests.grafana.drawing import (
    BLUE,
    CLEAR,
    GREEN,
    GREY,
    MONEY,
    ORANGE,
    PER_MINUTE,
    PURPLE,
    RED,
    YELLOW,
    Query,
    override,
    stat,
    trend,
)

ABUSIVE = ((0.2, YELLOW), (0.5, RED))
"""Shares of abusive texts that are many, and most."""

_STATE = (
    stat(
        "Raid or calm?",
        "Declared by the statistic below, or by you: then only you end it. Many texts alone are no raid."
        " Yellow: you said that it is none, and for a while none is seen.",
        Query(
            "max(paravent_raid_active) + max(paravent_raid_by_hand)"
            " - (max(paravent_raid_calm_until_timestamp_seconds) > bool 0)"
        ),
        unit="none",
        steps=((None, GREEN), (1, RED)),
        words={
            -1: ("Calm, by your word", YELLOW),
            0: ("Calm", GREEN),
            1: ("Raid", RED),
            2: ("Raid, by your word", RED),
        },
        size=(6, 3),
    ),
    stat(
        "How much of it is abusive?",
        "The estimated share, corrected for what the detector misses and what it flags wrongly.",
        Query("max(paravent_abuse_share_estimate)"),
        unit="percentunit",
        steps=((None, GREY), (0, GREEN), *ABUSIVE),  # what is not known is not green
        size=(6, 3),
        nothing="needs reviews",
        defaults={"decimals": 1},
    ),
    stat(
        "How many texts are held?",
        "Suspicious texts of a raid. They wait unpaid until calm returns; the gravest until you decide, or"
        " until their answer is worthless.",
        Query("max(paravent_raid_held_texts)"),
        unit="locale",
        steps=((None, GREEN), (1, ORANGE)),
        size=(6, 3),
    ),
    stat(
        "What did silence save?",
        "What answers would have cost to texts that are not answered by rule, in the time shown.",
        Query(f"sum(increase(paravent_saved_money_total[{RANGE}]))"),
        unit=MONEY,
        size=(6, 3),
        defaults={"decimals": 2},
    ),
)

_SEEING = (
    trend(
        "How near is a raid, or its end?",
        "The statistic counts texts, not minutes. In calm it climbs while more of them are flagged than this"
        " number is used to; at the limit it is a raid, and it begins again from 0. In a raid it climbs"
        " towards its end: low means that the raid goes on; at the limit it is calm.",
        Query("max(paravent_raid_statistic) and (max(paravent_raid_active) == 0)", "towards a raid"),
        Query("max(paravent_raid_statistic) and (max(paravent_raid_active) == 1)", "towards its end"),
        Query("max(paravent_raid_limit)", "limit"),
        unit="short",
        size=(12, 8),
        named={"towards a raid": ORANGE, "towards its end": GREEN, "limit": RED},
        custom={"spanNulls": False},
        overrides=(
            override("limit", custom__lineStyle={"fill": "dash", "dash": [8, 8]}, custom__fillOpacity=0),
        ),
    ),
    trend(
        "How large is the abusive share?",
        "The estimate within its band; the truth is in the band nineteen times of twenty. Usual: the flagged"
        " share that this number is used to.",
        Query("max(paravent_abuse_share_low)", "at least"),
        Query("max(paravent_abuse_share_high)", "at most"),
        Query("max(paravent_abuse_share_estimate)", "estimate"),
        Query("max(paravent_raid_baseline_share)", "usually flagged"),
        unit="percentunit",
        steps=((None, CLEAR), *ABUSIVE),
        size=(12, 8),
        named={"estimate": PURPLE, "usually flagged": GREY},
        overrides=(
            override(
                "at most",
                custom__fillBelowTo="at least",
                custom__lineWidth=0,
                custom__fillOpacity=25,
                color={"mode": "fixed", "fixedColor": PURPLE},
            ),
            override(
                "at least",
                custom__lineWidth=0,
                custom__fillOpacity=0,
                color={"mode": "fixed", "fixedColor": PURPLE},
            ),
        ),
    ),
    trend(
        "What flags texts?",
        "Share of texts that are flagged by a list of words, by how or what is written, or because they are"
        " like what the raid writes: a fact about the detector, not about the texters.",
        Query(
            worded(
                f"sum by (tier) (rate(paravent_texts_flagged_total[{RATE}]))"
                f" / on() group_left() sum(rate(paravent_texts_received_total[{RATE}]))",
                "tier",
                TIERS,
            ),
            "{{tier}}",
        ),
        unit="percentunit",
        named={"words": ORANGE, "style": BLUE, "meaning": PURPLE, "like the raid": RED},
    ),
    trend(
        "How much of a raid is held?",
        "Texts judged since the raid began, and those of them that look suspicious and were held. In calm"
        " too: those that wait for your word. `paravent raid held` lists them.",
        Query("max(paravent_raid_judged_texts)", "judged"),
        Query("max(paravent_raid_suspect_texts)", "held"),
        Query("max(paravent_raid_grave_texts)", "for your word"),
        unit="short",
        named={"judged": BLUE, "held": ORANGE, "for your word": RED},
    ),
    trend(
        "How many wordings are held?",
        "Wordings of which two or more texts are held: few with many texts each are a campaign."
        " `paravent raid held` lists them.",
        Query("max(paravent_raid_clusters)", "wordings"),
        unit="short",
    ),
    trend(
        "What becomes of held texts?",
        "Texts a minute that were let go to be answered, in calm or by you, and those that you dropped.",
        Query(
            plain(per_minute("paravent_raid_released_texts_total", "", "cause"), "cause"), "let go: {{cause}}"
        ),
        Query(per_minute("paravent_raid_dropped_texts_total", ""), "dropped"),
        unit=PER_MINUTE,
        bars=True,
        named={"dropped": RED},
        size=(6, 8),
    ),
    trend(
        "Is somebody counting?",
        "Time since texts were last counted for the statistic. If it grows, no raid can be seen: look for a"
        " transaction that stays open.",
        Query("time() - max(paravent_raid_counted_timestamp_seconds)", "not counted since"),
        unit="s",
        steps=((None, CLEAR), (300, RED)),
        size=(6, 8),
    ),
    trend(
        "Who texts which number?",
        "Texts a minute by published number: a raid often chooses one.",
        Query(per_minute("paravent_texts_received_total", "", "number"), "{{number}}"),
        unit=PER_MINUTE,
        stacked=True,
        size=(6, 8),
    ),
    trend(
        "Why are texts not answered?",
        "Silences a minute by rule. Outside a raid nobody is refused for what was written.",
        Query(
            plain(
                worded(
                    f"sum by (reason) (rate(paravent_silences_total[{RATE}])) * 60 > 0", "reason", SILENCES
                ),
                "reason",
            ),
            "{{reason}}",
        ),
        unit=PER_MINUTE,
        bars=True,
        nothing="all are",
        size=(6, 8),
    ),
)

BOARD = Board(
    uid="abuse",
    title="Abuse",
    says="How much of what comes in is abusive, whether it is a raid, and what that costs whom.",
    panels=(*_STATE, *_SEEING),
    variables=(),
    span="now-24h",
)

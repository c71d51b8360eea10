"""Alerts about answers: nobody answered, and answers that are late."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

CASES = (
    Case(
        alert="NobodyAnswered",  # until 30 eight texts are delayed on purpose, and nobody is due
        sees={
            'paravent_queue_texts{state="queued"}': "0x80",
            'paravent_queue_texts{state="delayed"}': "8x30 9x20 0x30",
            "paravent_queue_due_texts": "0x30 9x20 0x30",
            "paravent_last_reply_timestamp_seconds": "0x51 3120x30",
        },
        fires=(45,),
        clears=(15, 30, 60),
        says="Texts are due, and none was answered for five minutes.",
    ),
    Case(
        alert="OldestTextTooOld",
        sees={"paravent_queue_oldest_seconds": "0x5 960x20 0x20"},
        fires=(10,),
        clears=(4, 40),
        says="The oldest text that could be answered waits for 16m 0s.",
    ),
    Case(
        alert="AnswersAreLate",
        sees={
            'paravent_reply_duration_seconds_bucket{le="300"}': "0x60 0+60x60",
            'paravent_reply_duration_seconds_bucket{le="900"}': "0+60x60 3600+60x60",
            'paravent_reply_duration_seconds_bucket{le="+Inf"}': "0+60x60 3600+60x60",
        },
        fires=(50,),
        clears=(5, 110),
        says="One answer in twenty takes longer than 14m 30s.",
    ),
)

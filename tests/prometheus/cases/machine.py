"""Alerts about the machine: its snapshots, its clock, its processes."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

_HERE = {"instance": "a:8080"}

CASES = (
    Case(
        alert="OldSnapshot",
        sees={"paravent_database_snapshot_seconds": "0+60x30 0x20"},
        fires=(20,),
        clears=(10, 40),
        says="Somebody holds a snapshot of the database for 20m 0s.",
    ),
    Case(
        alert="ClockSkew",
        sees={'paravent_clock_skew_seconds{instance="a:8080"}': "0.1x5 -8x20 0.1x20"},
        fires=(15,),
        clears=(8, 40),
        labels=_HERE,
        says="The clock of a:8080 is 8s off the database's.",
    ),
    Case(
        alert="ProcessesDie",
        sees={  # b is started anew at 20, all eight of its processes, and again at 30
            'paravent_process_starts_total{instance="a:8080"}': "2x10 2+1x10 12x40",
            'paravent_processes{instance="a:8080"}': "2x60",
            'paravent_process_starts_total{instance="b:8080"}': "8x19 3 8x9 3 8x40",
            'paravent_processes{instance="b:8080"}': "8x19 3 8x9 3 8x40",
        },
        fires=(20, 23),
        clears=(8, 32, 50),
        labels=_HERE,
        says="Processes of a:8080 die and are replaced.",
    ),
    Case(
        alert="FallsBehind",
        sees={
            'paravent_loop_lag_seconds_bucket{instance="a:8080",le="0.1"}': "0x30 0+120x60",
            'paravent_loop_lag_seconds_bucket{instance="a:8080",le="1"}': "0+120x30 3600+120x60",
            'paravent_loop_lag_seconds_bucket{instance="a:8080",le="+Inf"}': "0+120x30 3600+120x60",
        },
        fires=(25,),
        clears=(3, 80),
        labels=_HERE,
        says="Processes of a:8080 have more to do than they can.",
    ),
)

"""The alert that fires always: who misses it knows that nobody watches."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

CASES = (
    Case(
        alert="Watchdog",
        sees={'up{job="paravent",instance="a:8080"}': "1x5 0x10"},
        fires=(0, 5, 15),
        clears=(),
        says="Prometheus and Alertmanager work. This one fires always; that it is missing is the alarm.",
    ),
)

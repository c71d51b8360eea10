"""The machine: how this process turns, what it uses, how near the database is, what waits on the disk."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric

from router.metrics.series import counter, each, gauge

STATEMENTS = ("store", "receive", "consent", "arm", "settle", "finish")
"""What many callers do in one commit."""

_INSTANTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Machine:
    """What a process says of itself and of its way to the database.

    Of several processes on one host, gauges are added up; those that speak of the host are the latest's.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Histogram(
            "paravent_loop_lag_seconds", "How late a process turns to what is due.",
            buckets=_INSTANTS, registry=registry,
        )  # fmt: skip
        self._round_trip = Histogram(
            "paravent_database_round_trip_seconds", "Asking the database for nothing.",
            buckets=_INSTANTS, registry=registry,
        )  # fmt: skip
        self._away = self._sum(registry, "database_away", "Processes that do not reach the database.")
        self._skew = Gauge(
            "paravent_clock_skew_seconds", "How far this machine's clock is ahead of the database's.",
            multiprocess_mode="livemostrecent", registry=registry,
        )  # fmt: skip
        self._processes = self._sum(registry, "processes", "Processes that run.")
        self._ordered = Gauge(
            "paravent_processes_ordered", "Processes that are to run.",
            multiprocess_mode="livemostrecent", registry=registry,
        )  # fmt: skip
        self._memory = self._sum(registry, "process_memory_bytes", "Memory that they occupy.")
        self._processor = self._count(registry, "process_cpu_seconds", "Processor time that they used.")
        self._starts = self._count(registry, "process_starts", "Processes started.")
        names = ("statement",)
        self._items = counter(
            registry, "coalesced_items", "What was done in commits.", names, each(STATEMENTS)
        )
        self._commits = counter(
            registry, "coalesced_commits", "Commits that it was done in.", names, each(STATEMENTS)
        )

    def started(self, ordered: int) -> None:
        """This process runs now, one of so many that are to."""
        self._starts.inc()
        self._processes.set(1)
        self._ordered.set(ordered)

    def turned(self, late: float, processor: float, memory: int) -> None:
        """The loop came round.

        Args:
            late: Seconds after it was due.
            processor: Seconds of processor time since the last time.
            memory: Bytes occupied.
        """
        self._lag.observe(late)
        self._processor.inc(processor)
        self._memory.set(memory)

    def coalesced(self, statement: str, items: int, commits: int) -> None:
        """So many more items were done in so many more commits; `statement` is one of `STATEMENTS`."""
        self._items[(statement,)].inc(items)
        self._commits[(statement,)].inc(commits)

    def database(self, round_trip: float, skew: float) -> None:
        """The database answered after so many seconds; our clock is so many seconds ahead of its."""
        self._away.set(0)
        self._round_trip.observe(round_trip)
        self._skew.set(skew)

    def database_away(self) -> None:
        """The database did not answer."""
        self._away.set(1)

    def _sum(self, registry: CollectorRegistry, name: str, says: str) -> Gauge:
        return Gauge(f"paravent_{name}", says, multiprocess_mode="livesum", registry=registry)

    def _count(self, registry: CollectorRegistry, name: str, says: str) -> Counter:
        return Counter(f"paravent_{name}_total", says, registry=registry)


def spooled(texts: int, receipts: int, oldest: float) -> list[Metric]:
    """What waits on this machine's disk; `oldest` in seconds."""
    known = (("spool_texts", texts), ("spool_receipts", receipts), ("spool_oldest_seconds", oldest))
    return [gauge(name, "On disk, not in the database.", (), {(): now}) for name, now in known]

"""CPU seconds of a process and all it ever started, ended ones included."""

from __future__ import annotations

from contextlib import suppress

import psutil


def seconds(pid: int) -> float:
    """User and system seconds of the process, its live descendants and those they have buried.

    A PostgreSQL server is its postmaster's tree: a backend that ended during a round is in the postmaster's
    count of buried children.
    """
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return sum(_own(process) for process in [root, *root.children(recursive=True)])
    return 0.0


def machine() -> float:
    """Seconds that all processes of the machine took since it started, the hypervisor's theft included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _own(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0

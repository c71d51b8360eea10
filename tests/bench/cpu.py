"""CPU seconds of a process and all it ever started, ended ones included."""

from __future__ import annotations

import time
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
    # The kernel's table of processes counts in hundredths of a second: a server's sixteen backends would lose
    # more than a short round takes.
    with suppress(psutil.NoSuchProcess, OSError):
        buried = process.cpu_times()
        return _clock(process.pid) + float(buried.children_user + buried.children_system)
    return 0.0


def _clock(pid: int) -> float:
    """What a process's own clock says, all its threads together (CPUCLOCK_SCHED in Linux' posix-timers.h)."""
    return time.clock_gettime((~pid << 3) | 2)

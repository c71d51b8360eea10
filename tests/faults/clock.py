"""Another wall clock for one router, by libfaketime (Debian package `faketime`)."""

from __future__ import annotations

from pathlib import Path

_PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")


def library() -> Path | None:
    """Where it is, None where it is not installed."""
    found = (path for pattern in _PLACES for path in Path("/").glob(pattern.lstrip("/")))
    return next(found, None)


FILE = "clock"
"""In the folder of the routers: the seconds by which the clock is wrong, such as `+60`."""


def forget(pid: int) -> None:
    """Take away what it keeps in memory for a process, which one that was killed leaves behind."""
    for left in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        (Path("/dev/shm") / left).unlink(missing_ok=True)


def environment(wanted: bool) -> dict[str, str]:
    """What a process is given so that its wall clock follows the file; its other clocks go on by themselves.

    `{folder}` stands for the folder of the routers.
    """
    there = library() if wanted else None
    if there is None:
        return {}
    return {
        "LD_PRELOAD": str(there),
        "FAKETIME_TIMESTAMP_FILE": f"{{folder}}/{FILE}",
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }

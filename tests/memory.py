"""Where tests keep their files: in memory, where the machine has room for them there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 8 << 30
"""Bytes that have to be free, so that nothing runs short: several times what all workers need at once."""


def has_room(folder: Path, room: int) -> bool:
    """Whether such a folder is there, is ours to write and to run programs in, and has that many bytes."""
    if not os.access(folder, os.W_OK | os.X_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free >= room


def use(memory: Path = MEMORY, environ: MutableMapping[str, str] = os.environ) -> None:
    """Let this process, and all that it starts, put temporary files there, unless TMPDIR says where.

    A database is hundreds of files, and nearly each test has one of its own. A disk's file system may take
    longer over them than PostgreSQL does: an ext4 without a journal looks at each file deleted in the last
    minutes before it makes a new one, and so took ten times as long.
    """
    if "TMPDIR" not in environ and has_room(memory, ROOM):
        environ["TMPDIR"] = str(memory)
        tempfile.tempdir = None  # the answer from before, if somebody has asked

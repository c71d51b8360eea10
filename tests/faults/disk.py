"""A folder whose disk can be full: a small file system in memory where root may mount one."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

_SIZE = 700
"""Megabytes: the programs' copy, the write-ahead log and the tables."""


@dataclass
class Disk:
    """Where data lies.

    Args:
        limited: Whether it can be filled without harm to others.
    """

    folder: Path
    limited: bool

    async def full_for(self, seconds: float) -> None:
        """Fill it to the last byte for so long: spool and database alike find no room."""
        assert self.limited, "only a small disk of our own may be filled"
        ballast = self.folder / "ballast"
        try:
            await asyncio.to_thread(_fill, ballast)
            await asyncio.sleep(seconds)
        finally:
            ballast.unlink(missing_ok=True)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for block in (b"\0" * 2**20, b"\0" * 4_096):
            try:
                while True:
                    file.write(block)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def may_mount() -> bool:
    """Whether we may mount a small disk of our own."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


@asynccontextmanager
async def disk(prefix: str, *, limited: bool) -> AsyncIterator[Disk]:
    """A new folder that another user's server can be reached in."""
    limited = limited and may_mount()
    folder = await asyncio.to_thread(_make, prefix, limited)
    try:
        yield Disk(folder, limited)
    finally:
        await asyncio.to_thread(_remove, folder, limited)


def _make(prefix: str, limited: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if limited:
        size = f"size={_SIZE}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True, timeout=10)
    folder.chmod(0o711)
    return folder


def _remove(folder: Path, limited: bool) -> None:
    if limited:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)
    shutil.rmtree(folder, ignore_errors=True)

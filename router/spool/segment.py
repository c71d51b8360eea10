"""A segment of the spool: a file that one process fills, and that whoever locks it later drains."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from router.spool.line import Item, open_line
from router.vault import Vault

FILLED = ".spool"
ASIDE = ".aside"
"""Ends the names of files with what could not be drained."""


@dataclass(slots=True)
class Writing:
    """A segment that grows. `held` is its locked descriptor."""

    path: Path
    held: int
    size: int = 0

    @classmethod
    def begin(cls, folder: Path) -> Writing:
        """A new segment, locked, whose name is on disk."""
        while True:
            path = folder / f"{time.time_ns():020d}-{os.getpid()}{FILLED}"
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            held = lock(path)
            if held is not None:  # else somebody who drains was quicker, found it empty, and removes it
                _sync_folder(folder)
                return cls(path, held)

    def write(self, lines: bytes) -> None:
        """Write and sync. What a full disk let through is cut off again."""
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self.held, left) :]
            os.fdatasync(self.held)
        except OSError:
            os.ftruncate(self.held, self.size)
            raise
        self.size += len(lines)

    def finish(self) -> None:
        """Let others have it; an empty one is nobody's."""
        if not self.size:
            self.path.unlink(missing_ok=True)
        os.close(self.held)


@dataclass(slots=True)
class Segment:
    """A locked segment, read. Use it with `with`: the lock ends with the block.

    Args:
        items: What could be read, in order, each with its line.
        bad: Lines that could not.
    """

    path: Path
    items: list[tuple[bytes, Item]] = field(repr=False)
    bad: list[bytes] = field(repr=False)
    _held: int

    @classmethod
    def read(cls, path: Path, held: int, vault: Vault) -> Segment:
        """Read a segment that is locked by `held`."""
        segment = cls(path, [], [], held)
        with open(held, "rb", closefd=False) as file:
            lines = file.read().split(b"\n")[:-1]
        for line in lines:
            item = open_line(line, vault, path.stem)
            if item is None:
                segment.bad.append(line)
            else:
                segment.items.append((line, item))
        return segment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ignored: object) -> None:
        os.close(self._held)

    def remove(self) -> None:
        """All that could be stored is stored: only bad lines are kept, in a file beside it."""
        if self.bad:
            kept = self.path.with_suffix(".new")
            with kept.open("wb") as file:
                file.write(b"".join(line + b"\n" for line in self.bad))
                file.flush()
                os.fsync(file.fileno())
            kept.rename(self.path.with_suffix(ASIDE))
            _sync_folder(self.path.parent)
        self.path.unlink()


def lock(path: Path) -> int | None:
    """A locked descriptor of a segment; None if somebody else has it, or it is gone."""
    try:
        held = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(held).st_nlink:  # who had the lock before may have removed it
            return held
    except BlockingIOError:
        pass
    os.close(held)
    return None


def _sync_folder(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)

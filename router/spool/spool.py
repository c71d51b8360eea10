"""Where texts and receipts wait while the database is away, synced before they are acknowledged."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from router.coalesce import Coalesce
from router.spool.line import Item, seal_line
from router.spool.segment import ASIDE, FILLED, Segment, Writing, lock
from router.vault import Vault

LIMIT = 256 * 2**20
"""Bytes that the spool of one machine may take: some 150,000 texts."""

SEGMENT = 4 * 2**20
"""Bytes after which a segment is finished."""


class SpoolError(Exception):
    """Nothing can be kept: the disk or the spool is full, broken, or not ours to write to."""


class Depth(NamedTuple):
    """What waits on this machine's disk.

    Args:
        texts: Texts that are not in the database yet, as far as is known.
        receipts: Receipts, likewise.
        oldest: Seconds since the oldest segment was begun, 0 for none.
    """

    texts: int
    receipts: int
    oldest: float


def prove(folder: Path) -> None:
    """Make the folder, and see that something can be kept there.

    Raises:
        SpoolError: It cannot; the message says why.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SpoolError(f"the spool in it cannot be written to: {error.strerror}") from error


class Spool:
    """The spool of one process; other processes of this machine may use the same folder.

    Args:
        folder: Where the segments are.
        vault: Seals the lines.
        limit: Bytes that all segments together may take.
        segment: Bytes after which a new one is begun.
    """

    def __init__(self, folder: Path, vault: Vault, *, limit: int = LIMIT, segment: int = SEGMENT) -> None:
        prove(folder)
        self._folder = folder
        self._vault = vault
        self._limit = limit
        self._segment = segment
        self._writing: Writing | None = None
        self._turn = threading.Lock()
        self._counted: dict[Path, tuple[int, int, int]] = {}
        self.keep: Coalesce[Item, None] = Coalesce(self._write)
        """Keep a text or a receipt: it is on disk once this returns. Raises `SpoolError`."""

    def waiting(self) -> bool:
        """Whether there is anything to drain, or being written."""
        return any(self._segments())

    def room(self) -> bool:
        """Whether more may be kept, by the spool's own bound."""
        return self._size() < self._limit

    def rotate(self) -> None:
        """Finish the segment that is being written: from now on it may be drained."""
        with self._turn:
            self._finish()

    close = rotate

    def take(self) -> Segment | None:
        """Lock and read the oldest segment that nobody holds; None if there is none. Waits for the disk."""
        for path in self._segments():
            held = lock(path)
            if held is not None:
                return Segment.read(path, held, self._vault)
        return None

    def depth(self) -> Depth:
        """Count what waits; only what was added since the last time is read. Waits for the disk."""
        paths = [*self._segments(), *self._segments(ASIDE)]
        self._counted = {path: self._count(path) for path in paths}
        began = min((int(path.name.partition("-")[0]) for path in paths), default=None)
        return Depth(
            texts=sum(texts for _, texts, _ in self._counted.values()),
            receipts=sum(receipts for _, _, receipts in self._counted.values()),
            oldest=0.0 if began is None else max(0.0, time.time() - began / 1e9),
        )

    async def _write(self, items: Sequence[Item]) -> Sequence[None]:
        return await asyncio.to_thread(self._append, items)

    def _append(self, items: Sequence[Item]) -> list[None]:
        with self._turn:
            try:
                writing = self._writing = self._writing or Writing.begin(self._folder)
                lines = b"".join(seal_line(item, self._vault, writing.path.stem) for item in items)
                if self._size() + len(lines) > self._limit:
                    raise SpoolError("the spool is full")
                self._sync(writing, lines)
            except OSError as error:
                raise SpoolError(f"the spool cannot be written to: {error.strerror}") from error
            if writing.size >= self._segment:
                self._finish()
        return [None] * len(items)

    def _sync(self, writing: Writing, lines: bytes) -> None:
        try:
            writing.write(lines)
        except OSError:
            # After a failed sync nobody knows what is on disk: this file is not written to again.
            self._finish()
            raise

    def _finish(self) -> None:
        if self._writing is not None:
            self._writing.finish()
            self._writing = None

    def _segments(self, suffix: str = FILLED) -> Iterator[Path]:
        """Oldest first."""
        names = [name for name in os.listdir(self._folder) if name.endswith(suffix)]  # noqa: PTH208 -- often
        return (self._folder / name for name in sorted(names))

    def _size(self) -> int:
        size = 0
        for path in (*self._segments(), *self._segments(ASIDE)):
            with suppress(FileNotFoundError):
                size += path.stat().st_size
        return size

    def _count(self, path: Path) -> tuple[int, int, int]:
        read, texts, receipts = self._counted.get(path, (0, 0, 0))
        with suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(read)
            for line in file:
                if line.endswith(b"\n"):
                    read += len(line)
                    texts += line.startswith(b"t")
                    receipts += line.startswith(b"r")
        return read, texts, receipts

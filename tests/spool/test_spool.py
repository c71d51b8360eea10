"""The spool on disk: all that was acknowledged is read again, whatever happened to process or file."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.postgres.inbox import Arrival
from router.postgres.receipts import Notice
from router.spool import Item, Spool, SpoolError, prove, segment
from router.vault import Vault
from tests.postgres.scene import text
from tests.spool.belongings import receipt

VAULT = Vault([b"k" * 32])
LETTER = "0639980001 Salut c'est Kevin"


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path, VAULT)
    yield spool
    spool.close()


def drained(spool: Spool) -> list[Item]:
    """Everything that can be taken, in order."""
    spool.rotate()
    found = []
    while (taken := spool.take()) is not None:
        with taken:
            found += [item for _, item in taken.items]
            taken.remove()
    return found


def files(folder: Path, suffix: str = ".spool") -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))


def tear(path: Path, lost: int) -> None:
    """Take bytes off the end, as a power cut does."""
    os.truncate(path, path.stat().st_size - lost)


async def test_what_is_kept_is_taken_in_order_and_once(spool: Spool, tmp_path: Path) -> None:
    items: list[Item] = [text(f"text {place}") for place in range(50)]
    items.insert(20, receipt("delivered"))
    for item in items:
        await spool.keep(item)
    assert drained(spool) == items
    assert drained(spool) == []
    assert files(tmp_path, "") == []
    assert not spool.waiting()


async def test_many_at_once_are_synced_together(spool: Spool) -> None:
    await asyncio.gather(*(spool.keep(text(f"text {place}")) for place in range(200)))
    assert spool.keep.flushes < 10
    assert len(drained(spool)) == 200


async def test_nothing_is_acknowledged_before_it_is_synced(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _acknowledged_is_synced(spool, monkeypatch)


async def test_without_the_sync_it_would_be(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment.Writing, "write", _write_only)
    with pytest.raises(AssertionError):
        await _acknowledged_is_synced(spool, monkeypatch)


async def _acknowledged_is_synced(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    sync = os.fdatasync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", noted)
    await spool.keep(text("one"))
    assert synced == [files(spool._folder)[0].stat().st_size]


def _write_only(writing: segment.Writing, lines: bytes) -> None:
    os.write(writing.held, lines)
    writing.size += len(lines)


async def test_a_torn_last_line_was_never_acknowledged_and_costs_no_other(
    spool: Spool, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        await spool.keep(text(name))
    spool.rotate()
    [path] = files(tmp_path)
    size = path.stat().st_size
    for lost in (1, 10, size // 2 - 1):
        tear(path, path.stat().st_size - (size - lost))
        assert spool.depth().texts == 1
        taken = spool.take()
        assert taken is not None
        with taken:
            assert [item for _, item in taken.items] == [text("one")]
            assert taken.bad == []


async def test_a_line_that_rotted_is_kept_aside_and_counted(spool: Spool, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        await spool.keep(text(name))
    spool.rotate()
    [path] = files(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(lines[1][40:44], b"AAAA") + lines[2])
    assert drained(spool) == [text("one"), text("three")]
    [aside] = files(tmp_path, ".aside")
    assert aside.read_bytes().count(b"\n") == 1
    assert spool.depth()[:2] == (1, 0)
    assert spool.depth().oldest > 0


async def test_what_another_key_sealed_opens_again_once_that_key_is_back(tmp_path: Path) -> None:
    other = Spool(tmp_path, Vault([b"o" * 32]))
    await other.keep(text("one"))
    other.close()
    assert drained(Spool(tmp_path, VAULT)) == []
    [aside] = files(tmp_path, ".aside")
    aside.rename(aside.with_suffix(".spool"))
    assert drained(other) == [text("one")]


async def test_depth_tells_texts_receipts_and_age_and_reads_only_what_is_new(
    spool: Spool, tmp_path: Path
) -> None:
    assert spool.depth() == (0, 0, 0.0)
    await spool.keep(text("one"))
    await spool.keep(receipt("two"))
    first = spool.depth()
    assert first[:2] == (1, 1)
    await spool.keep(text("three"))
    assert spool.depth()[:2] == (2, 1)
    assert 0 < first.oldest < spool.depth().oldest
    [(read, texts, receipts)] = spool._counted.values()
    assert (read, texts, receipts) == (files(tmp_path)[0].stat().st_size, 2, 1)


async def test_a_segment_is_finished_when_it_is_large(tmp_path: Path) -> None:
    spool = Spool(tmp_path, VAULT, segment=1_000)
    items: list[Item] = [text(f"text {place}") for place in range(9)]
    for item in items:
        await spool.keep(item)
    assert len(files(tmp_path)) > 2
    assert drained(spool) == items


async def test_the_spool_takes_no_more_than_its_share(tmp_path: Path) -> None:
    spool = Spool(tmp_path, VAULT, limit=3_000)
    ends = [await _kept(spool, f"text {place}") for place in range(30)]
    kept = sum(ends)
    assert sum(path.stat().st_size for path in files(tmp_path, "")) <= 3_000
    assert 0 < len(drained(spool)) == kept < 30
    await spool.keep(text("room again"))
    spool.close()


async def _kept(spool: Spool, name: str) -> bool:
    try:
        await spool.keep(text(name))
    except SpoolError:
        return False
    return True


@pytest.mark.parametrize("fault", ["write", "fdatasync", "torn"])
async def test_a_full_disk_acknowledges_nothing_and_loses_nothing(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    await spool.keep(text("before"))
    write = os.write

    def full(descriptor: int, data: Any = b"") -> int:
        if fault == "torn" and len(data) > 50:
            return write(descriptor, data[:50])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write" if fault == "torn" else fault, full)
        for name in ("one", "two"):
            with pytest.raises(SpoolError, match="No space left"):
                await spool.keep(text(name))
    await spool.keep(text("after"))
    assert [item for item in drained(spool) if item not in (text("one"), text("two"))] == [
        text("before"),
        text("after"),
    ]
    assert files(tmp_path, "") == []


async def test_a_file_whose_sync_failed_is_not_written_to_again(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    await spool.keep(text("before"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(SpoolError):
            await spool.keep(text("one"))
    await spool.keep(text("after"))
    assert len(files(tmp_path)) == 2


async def test_a_segment_is_one_drains_and_not_while_it_is_written(tmp_path: Path) -> None:
    mine, other = Spool(tmp_path, VAULT), Spool(tmp_path, VAULT)
    await _drained_by_one(mine, other)
    mine.close()
    assert len(files(tmp_path)) == 1


async def test_without_the_lock_two_drain_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    with pytest.raises(AssertionError):
        await _drained_by_one(Spool(tmp_path, VAULT), Spool(tmp_path, VAULT))


async def _drained_by_one(mine: Spool, other: Spool) -> None:
    await mine.keep(text("one"))
    assert other.take() is None
    mine.rotate()
    taken = other.take()
    assert taken is not None
    with taken:
        assert mine.take() is None


def test_what_a_killed_process_left_is_taken_by_another(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from router.spool import Spool\n"
        "from router.vault import Vault\n"
        "from tests.postgres.scene import text\n"
        "async def main():\n"
        "    spool = Spool(Path(sys.argv[1]), Vault([b'k' * 32]))\n"
        "    for place in range(3):\n"
        "        await spool.keep(text(f'text {place}'))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], timeout=60, check=False)
    assert done.returncode == -9
    assert drained(Spool(tmp_path, VAULT)) == [text(f"text {place}") for place in range(3)]


def test_a_folder_that_cannot_be_written_to_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    for spoil in (prove, lambda folder: Spool(folder, VAULT)):
        with pytest.raises(SpoolError, match="the spool in it cannot be written to: File exists"):
            spoil(tmp_path / "spool")


async def test_nothing_readable_is_on_disk(spool: Spool, tmp_path: Path) -> None:
    await spool.keep(text(LETTER, raw=LETTER.encode(), lane=LETTER))
    await spool.keep(receipt(LETTER, raw=LETTER.encode()))
    [path] = files(tmp_path)
    assert b"Kevin" not in path.read_bytes()
    assert b"0639980001" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    spool.rotate()
    taken = spool.take()
    assert taken is not None
    with taken:
        assert "Kevin" not in repr(taken)


def test_kinds_are_what_the_door_keeps() -> None:
    assert {Arrival, Notice} == set(Item.__args__)

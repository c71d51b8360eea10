"""A period as a folder that a stranger can verify: leaves, roots, requests, table, page, and the verifier."""

from __future__ import annotations

import asyncio
import csv
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from router.evidence import verify
from router.evidence.leaves import Seals, leaves
from router.evidence.page import Proof, page
from router.evidence.picture import Picture
from router.evidence.shown import Shown
from router.evidence.verify import COLUMNS, FORMAT, PERSONAL_COLUMNS, canonical, cell
from router.offline import PrivateKey
from router.postgres.chain import Link, Snapshot, Trees, snapshot
from router.postgres.evidence import Due, Evidence, Leaf
from router.postgres.keeping import Keeping
from router.postgres.pool import Pool
from router.rules.evidence import ranges

_PATIENCE = 50
_BREATH = 200
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM}
_DISK |= {errno.ENOENT, errno.ENOTDIR}  # no folder can be made where a file stands


class NothingToExportError(LookupError):
    """No text came in then."""


class NotSealedError(RuntimeError):
    """Another sealer has been at it for long, and the act of this export waits for it.

    No `TimeoutError`: raised over a connection, that is a database that was lost.
    """


class NotWrittenError(RuntimeError):
    """The disk does not take the folder: it is full, or closed to us. Nothing is left of the folder.

    No `OSError`: raised over a connection, that is a database that was lost.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Args:
        from_at: Business time, in the zone that the page speaks in; texts that came then or later,
        to_at: and before then.
        by: Who asks.
        whom: For whom or what.
        currency: Of the ledger.
        full: With numbers, words and requests; else with pseudonyms alone.
        key: Opens what was sealed to the offline key.
    """

    from_at: datetime
    to_at: datetime
    by: str
    whom: str
    currency: str
    full: bool = False
    key: PrivateKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was made.

    Args:
        texts: Texts of the period.
        opened: Records that were opened.
        manifest: SHA-256 of the manifest: whoever has it knows the whole folder.
    """

    texts: int
    opened: int
    manifest: str


async def export(
    pool: Pool, seals: Seals, order: Order, folder: Path, progress: Callable[[int, int], None]
) -> Exported:
    """Make a folder. That it was made, and for whom, is written down before anything is opened.

    Args:
        pool: Where.
        seals: What sealing needs to know of the house.
        order: What is asked for.
        folder: To be made; it must not be there.
        progress: Told how many texts of how many are done.

    Raises:
        NothingToExportError: No text came in then.
        NotSealedError: Another sealer holds it up.
        NotWrittenError: The disk does not take it.
        VaultError: The key that is needed is not the one that was given.
        FileExistsError: The folder is there.
    """
    await seal_all(pool, seals)
    async with snapshot(pool) as found:
        trees = await found.trees(order.from_at, order.to_at)
    if not trees.count:
        raise NothingToExportError("No text came in then.")
    with on_disk(folder):
        os.makedirs(folder, mode=0o700)  # noqa: PTH103 -- at once, as all writing here is
    said = {
        "from": _iso(order.from_at),
        "to": _iso(order.to_at),
        "full": order.full,
        "texts": trees.count,
        "trees": f"{trees.first}-{trees.last}",
        "whole": trees.whole,
    }
    try:
        act = await Keeping(pool).exported(order.by, order.whom, said)
        await seal_all(pool, seals)
        async with snapshot(pool) as found:
            ordered = await found.sealed_in(act)
            if ordered is None:
                raise NotSealedError("What is to be exported is not sealed yet: try again in a minute.")
            with on_disk(folder):
                return await _Writing(found, seals, order, folder, progress, ordered).write()
    except BaseException:
        shutil.rmtree(folder)
        raise


@contextmanager
def on_disk(what: Path) -> Iterator[None]:
    """Tell a disk that takes no more from a database that is lost. Raises `NotWrittenError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise NotWrittenError(f"{what} cannot be written: {os.strerror(error.errno)}.") from error


async def seal_all(pool: Pool, seals: Seals) -> None:
    """Seal what is due now, so that nothing is left out; another sealer is waited for."""

    async def made(due: Due) -> list[Leaf]:
        return await asyncio.to_thread(leaves, due, seals)

    evidence = Evidence(pool)
    for _ in range(_PATIENCE):
        while await evidence.seal(made):
            pass
        async with snapshot(pool) as found:
            if not await found.due():
                return
        await asyncio.sleep(0.1)


@dataclass(slots=True)
class _Writing:
    """One folder while it is written: all that it shows comes out of leaves.

    Args:
        ordered: The tree with the act that says what the folder has.
    """

    found: Snapshot
    seals: Seals
    order: Order
    folder: Path
    progress: Callable[[int, int], None]
    ordered: int
    picture: Picture = field(init=False)
    shown: Shown = field(init=False)
    _decided: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    _held: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        order = self.order
        self.picture = Picture(order.from_at, order.to_at)
        self.shown = Shown(self.seals.vault, self.picture, order.full, order.key)

    async def write(self) -> Exported:
        order = self.order
        trees = await self.found.trees(order.from_at, order.to_at)
        async for item, kind, record in self.found.decisions(order.from_at, order.to_at):
            payload = self.shown.open(kind, item, record).payload
            if kind == "decision":
                first = self._decided.get(item)
                self._decided[item], _ = verify.stands(first, payload)
                self.picture.twice += self._decided[item] is first
            elif payload["held"]:
                self._held.add(item)
        shown = trees.shown | {self.ordered}
        await self._leaves(shown, trees.count)
        roots, stamped = await self._roots(trees)
        told = await self.found.told()
        left = sum(link.root.number <= told for link in roots)
        proof = Proof(roots=len(roots), left=left, stamped=stamped)
        self._say("summary.html", page(self.picture, order.currency, proof))
        shutil.copyfile(verify.__file__, self.folder / "verify.py")
        return Exported(self.picture.texts, self.shown.opened, self._manifest(shown, roots))

    async def _leaves(self, shown: set[int], texts: int) -> None:
        names = (*COLUMNS, *PERSONAL_COLUMNS) if self.order.full else COLUMNS
        with (
            self._file("leaves.jsonl") as lines,
            self._file("requests.jsonl") as requests,
            self._file("texts.csv", "utf-8-sig") as sheet,
        ):
            table = csv.DictWriter(sheet, names, extrasaction="ignore")
            table.writeheader()
            place = 0
            async for row in self.found.leaves(sorted(shown)):
                line = self.shown.line(row)
                lines.write(canonical(line).decode() + "\n")
                if line.get("withheld") is None and row["kind"] == "text":
                    self._request(row, requests)
                if row["kind"] == "text" and line.get("withheld") != "of another time":
                    said = self._row(row, line)
                    table.writerow({name: cell(said[name]) for name in names})
                    self.progress(self.picture.texts, texts)
                place += 1
                if place % _BREATH == 0:
                    await asyncio.sleep(0)

    def _request(self, row: Mapping[str, Any], requests: TextIO) -> None:
        if row["raw"]:
            salt, record = self.seals.vault.take_record_out(
                row["raw"], row["item"].bytes + b"raw", self.order.key
            )
            said = {"id": str(row["item"]), "salt": salt.hex(), "record": record.decode("latin-1")}
            requests.write(canonical(said).decode() + "\n")

    def _row(self, row: Mapping[str, Any], line: Mapping[str, Any]) -> Mapping[str, Any]:
        decided = self._decided.get(row["item"])
        said = verify.row(dict(line), dict(decided or {}), held=row["item"] in self._held)
        self.picture.add(said, decided or {})
        return said

    async def _roots(self, trees: Trees) -> tuple[list[Link], int]:
        """Write the chain, from before what is shown to the order of it, or the timestamp that covers it."""
        stamps = await self.found.stamps(trees.first, trees.last)
        last = max({trees.last, *trees.more, *trees.acts, self.ordered, *stamps})
        roots = await self.found.roots(trees.first - 1, last)
        with self._file("roots.jsonl") as lines:
            for link in roots:
                lines.write(canonical(link.root.spelled() | {"root": link.said.hex()}).decode() + "\n")
        for number, answer in stamps.items():
            (self.folder / "stamps").mkdir(exist_ok=True)
            (self.folder / "stamps" / f"{number}.tsr").write_bytes(answer)
        return roots, len(stamps)

    def _manifest(self, shown: set[int], roots: list[Link]) -> str:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        said = {
            "format": FORMAT,
            "from": _iso(self.order.from_at),
            "to": _iso(self.order.to_at),
            "for": self.order.whom,
            "full": self.order.full,
            "made_by": f"paravent {version('paravent')}",
            "texts": self.picture.texts,
            "trees": ranges(shown),
            "roots": ranges(link.root.number for link in roots),
            "files": {
                path.relative_to(self.folder).as_posix(): sha256(path.read_bytes()).hexdigest()
                for path in files
            },
        }
        written = json.dumps(said, indent=2) + "\n"
        self._say("manifest.json", written)
        return sha256(written.encode()).hexdigest()

    def _file(self, name: str, encoding: str = "ascii") -> TextIO:
        return (self.folder / name).open("x", encoding=encoding, newline="")

    def _say(self, name: str, written: str) -> None:
        with self._file(name, "utf-8") as file:
            file.write(written)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

"""A period as a folder that a stranger can verify: leaves, roots, requests, table, page, and the verifier."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from router.evidence import verify
from router.evidence.leaves import PERSONAL, Seals, about, impersonal, leaves, opened
from router.evidence.page import Proof, page
from router.evidence.picture import Picture
from router.evidence.verify import canonical, cell
from router.offline import PrivateKey
from router.postgres.chain import Link, Snapshot, Trees, snapshot
from router.postgres.evidence import Due, Evidence, Leaf
from router.postgres.keeping import Keeping
from router.postgres.pool import Pool
from router.rules.clusters import wording
from router.rules.evidence import ranges
from router.rules.memory import seen
from router.vault import VaultError

COLUMNS = (
    "root", "place", "id", "received_at", "provider_at", "number", "account", "provider_id", "verified",
    "tier", "score", "texter", "prefix", "wording", "state", "reason", "decided_at", "held",
)  # fmt: skip
PERSONAL_COLUMNS = ("from", "to", "text")
_PATIENCE = 50
_BREATH = 200


class NothingToExportError(LookupError):
    """No text came in then."""


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
        VaultError: The key that is needed is not the one that was given.
        FileExistsError: The folder is there.
    """
    await seal_all(pool, seals)
    async with snapshot(pool) as found:
        many = (await found.trees(order.from_at, order.to_at)).count
    if not many:
        raise NothingToExportError("No text came in then.")
    os.makedirs(folder, mode=0o700)  # noqa: PTH103 -- at once, as all writing here is
    said = {"from": _iso(order.from_at), "to": _iso(order.to_at), "full": order.full, "texts": many}
    await Keeping(pool).exported(order.by, order.whom, said)
    await seal_all(pool, seals)
    try:
        async with snapshot(pool) as found:
            return await _Writing(found, seals, order, folder, progress).write()
    except BaseException:
        shutil.rmtree(folder)
        raise


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
    """One folder while it is written."""

    found: Snapshot
    seals: Seals
    order: Order
    folder: Path
    progress: Callable[[int, int], None]
    picture: Picture = field(init=False)
    opened: int = 0
    _decisions: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)

    async def write(self) -> Exported:
        order = self.order
        self.picture = Picture(order.from_at, order.to_at)
        trees = await self.found.trees(order.from_at, order.to_at)
        async for item, record in self.found.decisions(order.from_at, order.to_at):
            self._decisions[item] = self._open("decision", item, record)[1]
        shown = self._shown(trees)
        await self._leaves(shown, trees.count)
        roots, stamped = await self._roots(trees, shown)
        told = await self.found.told()
        left = sum(link.root.number <= told for link in roots)
        proof = Proof(roots=len(roots), left=left, stamped=stamped)
        self._say("summary.html", page(self.picture, order.currency, proof))
        shutil.copyfile(verify.__file__, self.folder / "verify.py")
        return Exported(self.picture.texts, self.opened, self._manifest(shown, roots))

    @staticmethod
    def _shown(trees: Trees) -> set[int]:
        """Without a gap between the first text and the last, so that no minute can be left out unseen."""
        return {*range(trees.texts[0], trees.texts[-1] + 1), *trees.more, *trees.acts}

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
                line = self._line(row)
                lines.write(canonical(line).decode() + "\n")
                if row["kind"] in PERSONAL and "payload" in line:
                    self._request(row, requests)
                if row["kind"] == "text" and self._is_asked(row):
                    table.writerow({name: cell(value) for name, value in self._row(row, line).items()})
                    self.progress(self.picture.texts, texts)
                place += 1
                if place % _BREATH == 0:
                    await asyncio.sleep(0)

    def _is_asked(self, row: Mapping[str, Any]) -> bool:
        return bool(self.order.from_at <= row["at"] < self.order.to_at)

    def _line(self, row: Mapping[str, Any]) -> dict[str, object]:
        """A leaf, opened where that may be; what withholds it is said."""
        line = {name: row[name] for name in ("root", "place", "kind")}
        line |= {"id": str(row["item"]), "leaf": row["leaf"].hex()}
        personal = row["kind"] in PERSONAL
        if personal and not self._is_asked(row):
            return line | {"withheld": "of another time"}
        if row["sealed"] is None:
            return line | {"withheld": "erased"}
        if personal and not self.order.full:
            return line | {"withheld": "sealed"}
        salt, payload = self._open(row["kind"], row["item"], row["sealed"])
        if row["kind"] == "change" and self._is_asked(row):
            self.picture.changes.append(payload)
        self.opened += personal
        return line | {"salt": salt.hex(), "payload": payload}

    def _open(self, kind: str, item: UUID, record: bytes) -> tuple[bytes, dict[str, Any]]:
        return opened(self.seals.vault.take_out(record, about(kind, item), self.order.key))

    def _request(self, row: Mapping[str, Any], requests: TextIO) -> None:
        if row["kind"] == "text" and row["raw"]:
            salt, record = self.seals.vault.take_record_out(
                row["raw"], row["item"].bytes + b"raw", self.order.key
            )
            said = {"id": str(row["item"]), "salt": salt.hex(), "record": record.decode("latin-1")}
            requests.write(canonical(said).decode() + "\n")

    def _row(self, row: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, object]:
        """A row of the table; what a leaf says is taken from it."""
        said = line.get("payload") or ({"number": ""} if row["id"] is None else impersonal(row, self.seals))
        decided = self._decisions.get(row["item"], {})
        judged = decided.get("judgement") or {}
        whole = {
            **said,
            **self._together(row),
            **{name: decided.get(name) for name in ("state", "reason", "decided_at")},
            "root": row["root"],
            "place": row["place"],
            "id": row["item"],
            "held": bool(judged.get("held") or row["held"]),
        }
        self.picture.add(row["at"], whole, flagged=row["flagged"], decided=decided)
        return whole

    def _together(self, row: Mapping[str, Any]) -> dict[str, str]:
        """What shows which texts belong together, and gives no number and no word away."""
        if row["id"] is None:
            return {"texter": "", "prefix": "", "wording": ""}
        sender, body = "", ""
        with suppress(VaultError):
            sender, body = self.seals.vault.open_letter(row["id"], row["letter"])
        sighting = seen(body, row["score"], sender, row["texter"], row["number"]).sighting
        return {
            "texter": sighting.sender,
            "prefix": sighting.prefix if sender else "",
            "wording": self.seals.vault.cluster(wording(sighting.terms)),
        }

    async def _roots(self, trees: Trees, shown: set[int]) -> tuple[list[Link], int]:
        """Write the chain over what is shown, on to the first timestamp that covers all of it."""
        first, last = trees.texts[0], max({*trees.texts, *trees.more})
        stamps = await self.found.stamps(first, last)
        roots = await self.found.roots(first, max({last, *stamps}), shown)
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
            "from": _iso(self.order.from_at),
            "to": _iso(self.order.to_at),
            "for": self.order.whom,
            "full": self.order.full,
            "made_at": _iso(datetime.now(UTC)),
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

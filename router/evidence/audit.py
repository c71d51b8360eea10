"""The database held against its own chain: what was changed, deleted, moved or put in since it was sealed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from router.evidence.beside import Ends, differs, leaf_differs
from router.evidence.leaves import (
    PERSONAL,
    Record,
    Said,
    Seals,
    about,
    about_words,
    opened,
    opened_section,
    said,
)
from router.evidence.verify import ANEW, GONE, Report, compare, places
from router.offline import MARK, PrivateKey
from router.postgres.chain import Link, Snapshot, snapshot
from router.postgres.pool import Pool
from router.rules.evidence import BEGINNING, canonical, commitment, leaf, section, tree
from router.vault import COMMITMENT, VaultError

_NEVER_DUE = 20
_ROWS = {
    "text": "text", "proof": "text", "judgement": "judgement", "decision": "reply", "act": "act",
    "change": "change of mode", "label": "review", "order": "operator's order",
}  # fmt: skip


async def audit(
    pool: Pool,
    seals: Seals,
    elsewhere: str | None = None,
    key: PrivateKey | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Verify everything.

    Args:
        pool: Where.
        seals: What sealing needs to know of the house.
        elsewhere: The text of files with roots that were kept elsewhere: they alone find what somebody
            rewrote who then made the whole chain anew.
        key: Opens what was sealed to the offline key; without it, only its leaf is looked at.
        progress: Told how many trees of how many are done.
    """
    report = Report()
    async with snapshot(pool) as found:
        auditing = _Auditing(report, seals, key, await found.waiting(), await found.outdated())
        newest = await found.newest()
        async for link, leaves in _trees(found):
            auditing.root(link)
            auditing.proved = await found.proved([row["item"] for row in leaves if row["kind"] == "text"])
            current = [row for row in leaves if (row["root"], row["place"]) not in auditing.outdated]
            auditing.tree(link, leaves, await _stored(found, current, seals))
            progress(link.root.number, newest)
        auditing.acted(await found.acts_lately(), await found.holds())
        for which, columns in await found.replies_that_differ():
            said = f"it is not what its text says: {', '.join(columns)}"
            report.found("changed", f"reply {which}", said)
        for kind, item in await found.never_due(_NEVER_DUE):
            report.found("added", f"{_ROWS[kind]} {item}", "it was never sealed, and does not wait to be")
    if elsewhere is not None:
        told = compare(report, auditing.roots, elsewhere)
        for number in sorted(told - auditing.roots.keys())[:1]:
            report.found("missing", f"root {number}", "it was kept elsewhere, and is not here")
    return report


async def _stored(
    found: Snapshot, leaves: Sequence[Mapping[str, Any]], seals: Seals
) -> dict[tuple[str, UUID], Said]:
    """What these leaves would say of what is stored by now."""
    items: dict[str, list[UUID]] = {}
    for row in leaves:
        items.setdefault(row["kind"], []).append(row["item"])
    due = await found.stored(0, items)
    return {(one.kind, one.item): one for one in await asyncio.to_thread(said, due, seals)}


async def _trees(found: Snapshot) -> AsyncIterator[tuple[Link, list[Mapping[str, Any]]]]:
    """Each root and its leaves."""
    rows = found.leaves()
    row = await anext(rows, None)
    async for link in found.all_roots():
        leaves = []
        while row is not None and row["root"] <= link.root.number:
            leaves.append(row)
            row = await anext(rows, None)
        yield link, leaves


@dataclass(slots=True)
class _Auditing:
    """What was seen so far.

    Args:
        roots: In hexadecimal, by number.
    """

    report: Report
    seals: Seals
    key: PrivateKey | None
    waiting: set[tuple[str, UUID]]
    outdated: set[tuple[int, int]]
    proved: set[UUID] = field(default_factory=set)
    ends: Ends = field(default_factory=Ends)
    roots: dict[int, str] = field(default_factory=dict)
    _last: Link | None = None
    _gone: dict[int, set[int]] = field(default_factory=dict)
    _erasures: dict[int, list[str]] = field(default_factory=dict)
    _holds: dict[str, list[Any]] = field(default_factory=dict)

    def root(self, link: Link) -> None:
        """It is a hash of what is said with it, and follows the last one."""
        root, last = link.root, self._last
        self.report.count("roots")
        self.roots[root.number] = link.said.hex()
        expected = 1 if last is None else last.root.number + 1
        if root.number != expected:
            self.report.found("missing", f"root {expected}", "it was deleted")
        elif root.previous != (BEGINNING if last is None else last.said):
            self.report.found("rewritten", f"root {root.number}", "it does not follow the root before it")
        if root.root != link.said:
            self.report.found("changed", f"root {root.number}", "it is not the hash of what is said with it")
        self._last = link

    def tree(
        self,
        link: Link,
        leaves: Sequence[Mapping[str, Any]],
        stored: Mapping[tuple[str, UUID], Said],
    ) -> None:
        """Its leaves are those that were sealed, each at its place, and what is stored says the same."""
        number, before = link.root.number, len(self.report.findings)
        there = {row["place"] for row in leaves if row["root"] == number}
        for place in sorted(set(range(link.root.leaves)) ^ there):
            if place in there:
                self.report.found("added", f"leaf {number}/{place}", "its root has no such place")
            else:
                self.report.found("missing", f"leaf {number}/{place}", "it was deleted")
        for row in leaves:
            where = f"leaf {row['root']}/{row['place']}"
            if row["root"] != number:
                self.report.found("added", where, "it has no root")
            else:
                self._leaf(where, row, stored.get((row["kind"], row["item"])))
        if len(self.report.findings) == before and tree([row["leaf"] for row in leaves]) != link.root.tree:
            said = "its leaves are not those that were sealed, or not in their order"
            self.report.found("changed", f"root {number}", said)

    def acted(
        self, lately: Sequence[Mapping[str, Any]], holds: Mapping[str, tuple[datetime, datetime, bool]]
    ) -> None:
        """What is gone was erased by an act, and what is held was, sealed or still to be."""
        for act in lately:
            self._act(act["what"], json.loads(act["detail"]))
        for root, gone in sorted(self._gone.items()):
            left, below = set(gone), max(gone) + 1
            for written in self._erasures.get(root, ()):
                left -= places(written, below)
            for place in sorted(left):
                self.report.found("missing", f"leaf {root}/{place}", GONE)
        for name in sorted(self._holds.keys() | holds.keys()):
            now = holds.get(name)
            if now is None:
                self.report.found("missing", f"hold {name}", "it was deleted, and acts speak of it")
            elif [*now] != self._holds.get(name):
                self.report.found("changed", f"hold {name}", "it is not as the acts say that are sealed")

    def _leaf(self, where: str, row: Mapping[str, Any], now: Said | None) -> None:
        kind, sealed = row["kind"], row["sealed"]
        if kind in PERSONAL and row["id"] is None:
            self.report.found("missing", where, "its text was deleted")
        if sealed is None:
            self._is_gone(row)
            return
        if sealed[0] == MARK and self.key is None:
            self.report.count("leaves sealed to the offline key")
            return
        self.report.count("leaves opened")
        try:
            record = opened(self.seals.vault.take_out(sealed, about(kind, row["item"]), self.key))
        except VaultError:
            self.report.found("changed", where, f"the record of this {kind} does not open")
            return
        payload = record.payload
        if leaf(record.salt, canonical(payload)) != row["leaf"]:
            self.report.found("changed", where, f"this {kind} is not what was sealed")
        elif (payload["root"], payload["place"]) != (row["root"], row["place"]):
            belongs = f"it was sealed as leaf {payload['root']}/{payload['place']}"
            self.report.found("moved", where, belongs)
        else:
            if kind == "act":
                self._act(payload["what"], payload["detail"])
            sections = self._sections(where, row, record)
            if self._is_the_last(where, row, payload, now):
                self._holds_good(where, row, {**payload, **sections}, now)

    def _is_gone(self, row: Mapping[str, Any]) -> None:
        self.report.count("leaves erased")
        self._gone.setdefault(row["root"], set()).add(row["place"])

    def _sections(self, where: str, row: Mapping[str, Any], record: Record) -> dict[str, Any]:
        """Facts and words of a text that was sealed apart, as far as they open."""
        if record.facts is None:
            return {}
        parts, words = {"facts": record.facts}, row["words"]
        if words is None:
            self._is_gone(row)
        elif words[0] == MARK and self.key is None:
            self.report.count("texts whose words are sealed to the offline key")
        else:
            bound = about_words(row["kind"], row["item"])
            try:
                parts["words"] = opened_section(self.seals.vault.take_out(words, bound, self.key))
            except VaultError:
                self.report.found("changed", where, "its words do not open")
        for name, part in parts.items():
            if section(part.salt, canonical(part.said)).hex() != record.payload.get(name):
                self.report.found("changed", where, f"its {name} are not what was sealed")
        return {key: value for part in parts.values() for key, value in part.said.items()}

    def _is_the_last(
        self, where: str, row: Mapping[str, Any], payload: dict[str, Any], now: Said | None
    ) -> bool:
        """Whether what is stored is to be held against it; another leaf must be one that there may be."""
        kind, item = row["kind"], row["item"]
        wrong: tuple[str, ...] = ()
        outdated = (row["root"], row["place"]) in self.outdated
        waits = kind in ANEW and (kind, item) in self.waiting and now is not None
        if kind == "decision":
            wrong = self.ends.wrong(item, payload, now if waits else None, last=not outdated)
        elif outdated and kind not in ANEW:
            wrong = (f"this {_ROWS[kind]} is sealed twice: a later leaf speaks of it",)
        if wrong:
            self.report.found("changed", where, *wrong)
        elif waits and not outdated:
            self.report.count(f"leaves of a {_ROWS[kind]} that changed since and waits to be sealed anew")
        return not (wrong or outdated or waits)

    def _holds_good(
        self, where: str, row: Mapping[str, Any], sealed: Mapping[str, Any], now: Said | None
    ) -> None:
        """What is stored is what was sealed."""
        kind, what = row["kind"], _ROWS[row["kind"]]
        if now is None:
            if kind not in PERSONAL:
                self.report.found("missing", where, f"its {what} was deleted")
            return
        erased = kind in PERSONAL and (row["words"] if row["apart"] else row["sealed"]) is None
        proved = row["item"] in self.proved or ("proof", row["item"]) in self.waiting
        wrong = [*differs(sealed, now, erased=erased, proved=proved), *leaf_differs(row, sealed, now)]
        if row["apart"] != ("facts" in sealed):
            wrong.append("how it was sealed")
        if kind in PERSONAL and "texter" not in sealed:
            self.report.count("texts sealed before texter, prefix and wording were")
            sender = (now.words or {}).get("from")
            if (
                isinstance(sender, str)
                and self.seals.vault.pseudonym(sender).hex() != (now.facts or {})["texter"]
            ):
                wrong.append("texter")
        if wrong:
            said = f"what is stored of its {what} is not what was sealed: {', '.join(wrong)}"
            self.report.found("changed", where, said)
        if kind in PERSONAL and not erased:
            self._request(where, row)

    def _request(self, where: str, row: Mapping[str, Any]) -> None:
        if row["raw"][COMMITMENT : COMMITMENT + 1] == bytes([MARK]) and self.key is None:
            return
        try:
            record = self.seals.vault.take_record_out(row["raw"], row["item"].bytes + b"raw", self.key)
        except VaultError:
            record = b"", b""
        if commitment(*record) != row["raw"][:COMMITMENT]:
            self.report.found("changed", where, "its request is not the one that was sealed")

    def _act(self, what: str, detail: Mapping[str, Any]) -> None:
        if what == "erased":
            for root, written in detail["leaves"].items():
                self._erasures.setdefault(int(root), []).append(written)
        elif what == "held":
            span = (datetime.fromisoformat(detail[name]) for name in ("from", "to"))
            self._holds[detail["name"]] = [*span, False]
        elif what == "lifted" and detail["name"] in self._holds:
            self._holds[detail["name"]][-1] = True

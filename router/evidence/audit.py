"""The database held against its own chain: what was changed, deleted, moved or put in since it was sealed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.evidence.leaves import PERSONAL, Seals, about, of_text, opened
from router.evidence.verify import GONE, Report, compare, places
from router.offline import MARK, PrivateKey
from router.postgres.chain import Link, Snapshot, snapshot
from router.postgres.pool import Pool
from router.rules.evidence import BEGINNING, canonical, commitment, leaf, tree
from router.vault import COMMITMENT, VaultError

_NEVER_DUE = 20
_NOT_OF_THE_TEXT = frozenset({"detector", "provider", "to", "kind", "id", "root", "place"})
_BEFORE_PROOF = _NOT_OF_THE_TEXT | {"from", "text", "verified", "provider_at"}


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
        auditing = _Auditing(report, seals, key)
        newest = await found.newest()
        async for link, leaves in _trees(found):
            auditing.root(link)
            auditing.tree(link, leaves)
            progress(link.root.number, newest)
        auditing.erased(await found.erased_lately())
        for text in await found.never_due(_NEVER_DUE):
            report.found("added", f"text {text}", "it was never sealed, and does not wait to be")
    if elsewhere is not None:
        told = compare(report, auditing.roots, elsewhere)
        for number in sorted(told - auditing.roots.keys())[:1]:
            report.found("missing", f"root {number}", "it was kept elsewhere, and is not here")
    return report


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
    roots: dict[int, str] = field(default_factory=dict)
    _last: Link | None = None
    _gone: list[tuple[int, int]] = field(default_factory=list)
    _by_act: set[tuple[int, int]] = field(default_factory=set)

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

    def tree(self, link: Link, leaves: Sequence[Mapping[str, Any]]) -> None:
        """Its leaves are those that were sealed, each at its place."""
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
                self._leaf(where, row)
        if len(self.report.findings) == before and tree([row["leaf"] for row in leaves]) != link.root.tree:
            said = "its leaves are not those that were sealed, or not in their order"
            self.report.found("changed", f"root {number}", said)

    def erased(self, lately: Sequence[Mapping[str, str]]) -> None:
        """What is gone was erased by an act, sealed or still to be."""
        for leaves in lately:
            self._acted(leaves)
        for root, place in self._gone:
            if (root, place) not in self._by_act:
                self.report.found("missing", f"leaf {root}/{place}", GONE)

    def _leaf(self, where: str, row: Mapping[str, Any]) -> None:
        kind, sealed = row["kind"], row["sealed"]
        if kind in PERSONAL and row["id"] is None:
            self.report.found("missing", where, "its text was deleted")
        if sealed is None:
            self.report.count("leaves erased")
            self._gone.append((row["root"], row["place"]))
            return
        if sealed[0] == MARK and self.key is None:
            self.report.count("leaves sealed to the offline key")
            return
        self.report.count("leaves opened")
        try:
            salt, payload = opened(self.seals.vault.take_out(sealed, about(kind, row["item"]), self.key))
        except VaultError:
            self.report.found("changed", where, f"the record of this {kind} does not open")
            return
        if leaf(salt, canonical(payload)) != row["leaf"]:
            self.report.found("changed", where, f"this {kind} is not what was sealed")
        elif (payload["root"], payload["place"]) != (row["root"], row["place"]):
            belongs = f"it was sealed as leaf {payload['root']}/{payload['place']}"
            self.report.found("moved", where, belongs)
        elif kind in PERSONAL and row["id"] is not None:
            self._text(where, row, payload)
        elif payload.get("what") == "erased":
            self._acted(payload["detail"]["leaves"])

    def _text(self, where: str, row: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        """What is stored of a text is what was sealed of it."""
        spared = _BEFORE_PROOF if row["verified"] and not payload["verified"] else _NOT_OF_THE_TEXT
        now = of_text(row, self.seals)
        wrong = sorted(name for name in payload.keys() - spared if now.get(name) != payload[name])
        if payload["received_at"] != row["at"].isoformat(timespec="microseconds"):
            wrong.append("time of its leaf")
        if wrong:
            said = f"what is stored of its text is not what was sealed: {', '.join(wrong)}"
            self.report.found("changed", where, said)
        try:
            record = self.seals.vault.take_record_out(row["raw"], row["item"].bytes + b"raw", self.key)
        except VaultError:
            record = b"", b""
        if commitment(*record) != row["raw"][:COMMITMENT]:
            self.report.found("changed", where, "its request is not the one that was sealed")

    def _acted(self, leaves: Mapping[str, str]) -> None:
        self._by_act |= {(int(root), place) for root, written in leaves.items() for place in places(written)}

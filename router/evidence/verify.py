"""Verifies a folder of evidence: ``python3 verify.py``, with Python 3.8 or later and this file alone.

    python3 verify.py [FOLDER] [--roots FILE]

FOLDER is where this file lies, if none is named. FILE holds roots that were kept elsewhere since they were
made: mails, or roots.jsonl of the Git repository. Without it nobody can say whether everything was rewritten
before the folder was made.

Exit codes: 0 nothing was changed; 3 something was, and is named; 2 wrong use, or nothing to verify or to
compare with.

What is hashed, with SHA-256; "canonical" is JSON in ASCII, its keys sorted, without spaces:

- a section of a text's payload, facts or words: byte 4, a salt of 16 bytes, the section, canonical
- a leaf: byte 0, a salt of 16 bytes, the payload, canonical (leaves.jsonl)
- a node of a tree: byte 1, left, right; left the largest power of two of leaves that is less than all
- a root: byte 2, then all that roots.jsonl says of it but its hash, canonical
- a request as received: byte 3, a salt, the request (requests.jsonl, a byte for each character); its hash is
  `record` of the text's facts

What is held beside the hashes, so that nothing is left out unseen:

- the roots are one chain without a gap, from before the time that is asked for on; every tree that was made
  in this time, and from the first text of it to the last, is there, each with all of its leaves
- a text says when it came, though its words are sealed: one of this time has its facts here, and a row
- each row of texts.csv is one text's leaf, and every column of it comes out of a leaf
- an act that was sealed before the folder was made says for whom, of when, of how many texts
- nothing is sealed twice but what may change: of two decisions of one reply the second follows only from what
  was learnt of an attempt since; where it does not, the first one stands and the second is named
- a text is answered where an attempt of its answer was accepted, and nowhere else

It is one file, and longer than a file of this house may be, since it is handed over alone: whoever is to
trust it reads it from here to its end, and needs nothing else.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

CHANGED = 3
"""Exit code where something was changed."""

FORMAT = 2
"""Of a folder."""

WITHHELD = ("erased", "of another time", "sealed")
"""Why a leaf, or its words, are not opened: they are hashes all the same."""

GONE = "its record is gone, and no act says who erased it"

COLUMNS = (
    "root", "place", "id", "received_at", "provider_at", "number", "account", "provider_id", "verified",
    "tier", "score", "texter", "prefix", "wording", "state", "reason", "decided_at", "held",
)  # fmt: skip
"""Of texts.csv."""

PERSONAL_COLUMNS = ("from", "to", "text")
"""Of texts.csv in a full folder, after the others."""

ANEW = ("decision", "judgement", "label")
"""Kinds of leaves of which a later one may say something else of the same; all others are sealed once."""

_DECIDED = ("state", "reason", "decided_at")
_OF_AN_END = ("state", "reason", "priority", "judgement")
_ARMED = ("reference", "purpose", "account", "sender", "passed_over", "at", "armed_at")
_OVER = ("suppressed", "accepted", "failed", "abandoned")
_LATER = {
    "accepted": ("refused", "double"),
    "refused": ("accepted", "double"),
    "written_off": ("accepted", "refused", "double"),
    "double": ("accepted", "refused"),
}
"""What an attempt may turn out to be that was settled; the first two by another receipt only."""
_TEXTS = ("text", "proof")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NAMED = 20
_MICROS = 1_000_000

Line = dict[str, Any]
Leaves = dict[tuple[int, int], Line]


class Finding(NamedTuple):
    """One thing that is not as it was sealed.

    Args:
        what: changed, missing, added, moved or rewritten.
        where: Which file, root or leaf; a leaf is named by its root and its place from 0.
        said: What that means.
    """

    what: str
    where: str
    said: str


class NoRootsError(ValueError):
    """What was kept elsewhere holds no root that could be compared."""


class Report:
    """What came of it: `findings`, what was `counted`, and what else is to be `said`.

    `kept` is the newest root that was kept elsewhere and is the same here: it vouches for all before it.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counted: dict[str, int] = {}
        self.said: list[str] = []
        self.kept: int | None = None

    def found(self, what: str, where: str, said: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(what, where, said))

    def count(self, what: str, more: int = 1) -> None:
        """Count what was looked at."""
        self.counted[what] = self.counted.get(what, 0) + more


class Asked(NamedTuple):
    """What the manifest says that was asked for."""

    from_at: datetime
    to_at: datetime
    full: bool

    def covers(self, payload: Line) -> bool:
        """Whether a text came then."""
        return self.from_at <= datetime.fromisoformat(payload["received_at"]) < self.to_at


def check(folder: Path, elsewhere: str | None = None) -> Report:
    """Verify a folder.

    Args:
        folder: As exported.
        elsewhere: The text of files with roots that were kept elsewhere.

    Raises:
        OSError: There is no such folder, or it has no manifest.
        ValueError: Its manifest cannot be read, or nothing elsewhere can be compared.
    """
    report = Report()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise ValueError("it was made by another release: its own verify.py reads it")
    from_at, to_at = (datetime.fromisoformat(manifest[name]) for name in ("from", "to"))
    asked = Asked(from_at, to_at, manifest["full"])
    _files(report, folder, manifest["files"])
    try:
        roots = _roots(report, folder)
        if elsewhere is not None:
            _compare(report, roots, elsewhere)
        leaves = _leaves(report, folder, roots, asked)
        _is_as_listed(report, manifest, roots, leaves)
        _run(report, roots, leaves, asked)
        _act(report, manifest, leaves, asked)
        _erased(report, leaves)
        _once(report, leaves)
        _requests(report, folder, leaves)
        _figures(report, folder, _table(report, folder, leaves, asked), manifest["texts"])
        _stamps(report, folder, roots)
    except NoRootsError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        report.found("changed", "the rest", f"it cannot be read: {error!r}")
    return report


def compare(report: Report, ours: dict[int, str], elsewhere: str) -> set[int]:
    """Hold roots against those that were kept elsewhere; answer the numbers of these.

    Args:
        report: Told what differs.
        ours: Roots in hexadecimal by number, a chain.
        elsewhere: Text with roots in it, as they were told: mails, JSON lines.

    Raises:
        NoRootsError: There is none in it.
    """
    told: dict[int, set[str]] = {}
    for number, root in re.findall(r'"number":\s*(\d+)[^{}]*?"root":\s*"([0-9a-f]{64})"', elsewhere):
        told.setdefault(int(number), set()).add(root)
    if not told:
        raise NoRootsError("there is no root in it: name a file of the mails, or roots.jsonl as it was sent")
    same = [number for number in told if number in ours and told[number] == {ours[number]}]
    other = sorted(number for number in told if number in ours and told[number] != {ours[number]})
    report.count("roots as kept elsewhere", len(same))
    report.kept = max(same, default=None)
    if other:
        many = f", and so for later ones: {len(other) - 1}" if other[1:] else ""
        report.found("rewritten", f"root {other[0]}", f"it is not the one that was kept elsewhere{many}")
    within = (n for n in told if n not in ours and min(ours, default=n) < n < max(ours, default=n))
    for number in sorted(within)[:_NAMED]:
        report.found("missing", f"root {number}", "it was kept elsewhere, and is not here")
    return set(told)


_spelled = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def canonical(said: object) -> bytes:
    """The one spelling of a value."""
    return _spelled(said).encode("ascii")


def leaf(salt: bytes, payload: bytes) -> bytes:
    """What stands in a tree for a payload."""
    return sha256(b"\0" + salt + payload).digest()


def section(salt: bytes, said: bytes) -> bytes:
    """What stands in a payload for a section of it."""
    return sha256(b"\4" + salt + said).digest()


def tree(leaves: Sequence[bytes]) -> bytes:
    """The top over at least one leaf."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()


def cell(value: object) -> str:
    """How texts.csv spells a value: no program takes it for a formula."""
    if value is None:
        return ""
    written = json.dumps(value) if isinstance(value, (bool, list)) else str(value)
    if not written.isascii():
        written = written.encode("utf-8", "backslashreplace").decode()
    written = written.replace("\0", "\\0")
    return f"'{written}" if written.startswith(_FORMULA) else written


def row(line: Mapping[str, Any], decided: Mapping[str, Any] | None, *, held: bool) -> Line:
    """A row of texts.csv, all of it out of leaves; empty cells are what they do not say.

    Args:
        line: A text's, of leaves.jsonl.
        decided: Payload of the last leaf that says what became of it.
        held: Whether a leaf says that a raid held it.
    """
    said = {**(line.get("payload") or {}), **_part(line, "facts"), **_part(line, "words")}
    ends = decided or {}
    return {
        **{name: said.get(name) for name in (*COLUMNS, *PERSONAL_COLUMNS)},
        **{name: line[name] for name in ("root", "place", "id")},
        **{name: ends.get(name) for name in _DECIDED},
        "held": held or bool((ends.get("judgement") or {}).get("held")),
    }


def ends(row: Mapping[str, Any]) -> str:
    """What became of a text, in a word."""
    return str("accepted" if row["state"] == "accepted" else row["reason"] or row["state"] or "waiting")


def stands(first: Line | None, then: Line) -> tuple[Line, str]:
    """Which of two decisions of one reply stands, and what is wrong with the second, empty for nothing.

    Args:
        first: Payload of the one that stood so far, None for none.
        then: Of the one after it.
    """
    if first is None or follows(first, then):
        return then, contradiction(then)
    other = [name for name in (*_OF_AN_END, "attempts") if first.get(name) != then.get(name)]
    said = f"decided twice: sealed as {_end(first)}, now {_end(then)}"
    return first, f"{said}; no receipt that came since explains what differs: {', '.join(other)}"


def follows(first: Line, then: Line) -> bool:
    """Whether a reply may end anew like this: only what is learnt of a settled attempt makes it."""
    was = {attempt["reference"]: attempt for attempt in first["attempts"]}
    now = {attempt["reference"]: attempt for attempt in then["attempts"]}
    if not was.keys() <= now.keys() or not all(_may_become(was[each], now[each]) for each in was):
        return False
    if first["state"] in _OVER and not any(_learnt(was[each], now[each]) for each in was):
        return all(first.get(name) == then.get(name) for name in _OF_AN_END) and was.keys() == now.keys()
    return not contradiction(then)


def contradiction(decision: Line) -> str:
    """How a decision and its own attempts say two things, empty for not at all."""
    states = {attempt["state"] for attempt in decision["attempts"]}
    for end, state in (("accepted", "accepted"), ("abandoned", "written_off")):
        if (decision["state"] == end) != (state in states):
            some = "an" if state in states else "no"
            return (
                f"it is said to be {_end(decision)}, and {some} attempt of it was {state.replace('_', ' ')}"
            )
    return ""


def _may_become(was: Line, now: Line) -> bool:
    if any(was.get(name) != now.get(name) for name in _ARMED):
        return False
    if was["state"] == now["state"] or was["state"] not in _LATER:
        return True
    by_receipt = was["state"] in ("accepted", "refused")
    return now["state"] in _LATER[was["state"]] and not (by_receipt and was["receipt"] == now["receipt"])


def _learnt(was: Line, now: Line) -> bool:
    """Another state; or refused again by another receipt, after it had been accepted in between."""
    return bool(
        was["state"] != now["state"] or (was["state"] == "refused" and was["receipt"] != now["receipt"])
    )


def _end(decision: Line) -> str:
    return f"{decision['state']} ({decision['reason']})" if decision["reason"] else str(decision["state"])


def _part(line: Mapping[str, Any], name: str) -> Line:
    return (line.get(name) or {"said": {}})["said"]  # type: ignore[no-any-return]


def _compare(report: Report, roots: dict[int, Line], elsewhere: str) -> None:
    told = compare(report, {number: root["root"] for number, root in roots.items()}, elsewhere)
    if roots and not told & roots.keys():
        raise NoRootsError(
            "none of its roots is one of these, so that nothing can be compared: ask for those from"
            f" {min(roots)} to {max(roots)}"
        )


def _files(report: Report, folder: Path, listed: dict[str, str]) -> None:
    for name, digest in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            report.found("missing", name, "the manifest lists it")
        elif sha256(path.read_bytes()).hexdigest() != digest:
            report.found("changed", name, "it is not the file that the manifest lists")
        report.count("files")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - set(listed) - {"manifest.json"}):
        report.found("added", name, "the manifest does not list it")
    for name in sorted({"leaves.jsonl", "roots.jsonl", "texts.csv", "summary.html"} - set(listed)):
        report.found("missing", name, "every folder has it")


def _lines(report: Report, folder: Path, name: str) -> Iterator[Any]:
    """What the lines of a file say; each must be spelled in the one way there is."""
    path = folder / name
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                said = json.loads(line.decode("ascii"))
            except ValueError:
                said = None
            if not isinstance(said, dict) or canonical(said) + b"\n" != line:
                report.found("changed", f"{name}, line {number}", "it is not spelled as it was exported")
            if isinstance(said, dict):
                yield said


def _roots(report: Report, folder: Path) -> dict[int, Line]:
    """One chain, each root after the one before it."""
    roots: dict[int, Line] = {}
    before: Line | None = None
    for said in _lines(report, folder, "roots.jsonl"):
        number, spelled = int(said["number"]), {key: said[key] for key in said if key != "root"}
        if sha256(b"\2" + canonical(spelled)).hexdigest() != said.get("root"):
            report.found("changed", f"root {number}", "it is not the hash of what is said with it")
        if before is not None and number != before["number"] + 1:
            report.found("missing", f"root {before['number'] + 1}", "the chain has a gap")
        elif before is not None and before["root"] != said.get("previous"):
            report.found("rewritten", f"root {number}", "it does not follow the root before it")
        roots[number] = before = said
        report.count("roots")
    return roots


def _leaves(report: Report, folder: Path, roots: dict[int, Line], asked: Asked) -> Leaves:
    """All leaves by root and place, held against their trees."""
    found: dict[int, dict[int, Line]] = {}
    order: list[tuple[int, int]] = []
    for line in _lines(report, folder, "leaves.jsonl"):
        root, place = line.get("root", 0), line.get("place", 0)
        if place in found.setdefault(root, {}):
            report.found("added", f"leaf {root}/{place}", "there are two of it")
        found[root][place] = line
        order.append((root, place))
        _one_leaf(report, f"leaf {root}/{place}", line, asked)
    if order != sorted(order):
        report.found("moved", "leaves.jsonl", "its lines do not stand in the order of roots and places")
    for root in sorted(found):
        if root in roots:
            _one_tree(report, root, roots[root], found[root])
        else:
            report.found("missing", f"root {root}", "leaves of it are here")
    return {(root, place): line for root, those in found.items() for place, line in those.items()}


def _one_tree(report: Report, root: int, link: Line, leaves: dict[int, Line]) -> None:
    lacks = (place for place in range(link["leaves"]) if place not in leaves)
    missing = list(islice(lacks, _NAMED))
    for place in missing:
        report.found("missing", f"leaf {root}/{place}", "it was deleted")
    more = sorted(place for place in leaves if not 0 <= place < link["leaves"])
    for place in more:
        report.found("added", f"leaf {root}/{place}", "its root has no such place")
    hashes = [_raw(line["leaf"]) for _, line in sorted(leaves.items())]
    if not missing and not more and tree(hashes).hex() != link["tree"]:
        said = "its leaves are not those that were sealed, or not in their order"
        report.found("changed", f"root {root}", said)


def _one_leaf(report: Report, where: str, line: Line, asked: Asked) -> None:
    payload = line.get("payload")
    if payload is None:
        _unopened(report, where, line)
        return
    report.count("leaves opened")
    if leaf(_raw(line["salt"]), canonical(payload)).hex() != line["leaf"]:
        report.found("changed", where, f"this {line['kind']} is not what was sealed")
    elif (payload["root"], payload["place"]) != (line["root"], line["place"]):
        belongs = f"it was sealed as leaf {payload['root']}/{payload['place']}"
        report.found("moved", where, belongs)
    elif (payload["kind"], payload["id"]) != (line["kind"], line["id"]):
        report.found("changed", where, "it does not say what it is")
    for name in ("facts", "words"):
        part = line.get(name)
        if part and section(_raw(part["salt"]), canonical(part["said"])).hex() != payload.get(name):
            report.found("changed", where, f"the {name} of this {line['kind']} are not what was sealed")
    if line["kind"] in _TEXTS and "facts" in payload:
        _shown(report, where, line, asked)


def _unopened(report: Report, where: str, line: Line) -> None:
    """Only texts of earlier releases were sealed as a whole; nothing else may stay closed."""
    report.count(f"leaves {line.get('withheld')} as a whole")
    if line.get("withheld") not in WITHHELD:
        report.found("changed", where, "it does not say why it is not opened")
    elif line["kind"] not in _TEXTS:
        report.found("missing", where, f"what this {line['kind']} says is left out")


def _shown(report: Report, where: str, line: Line, asked: Asked) -> None:
    """A text shows what it must, and keeps back only what may be kept back."""
    reason, facts, words = line.get("withheld"), line.get("facts"), line.get("words")
    if not asked.covers(line["payload"]):
        report.count(f"{line['kind']}s of another time, with when that was")
        return
    if reason == "of another time":
        report.found("missing", where, "it is withheld as of another time, and is of this one")
    elif not facts:
        report.found("missing", where, "its facts are left out")
    elif not words and reason not in ("erased", "sealed"):
        report.found("changed", where, "it does not say why its words are not opened")
    elif not words and reason == "sealed" and asked.full:
        report.found("missing", where, "its words are left out of a full folder")
    report.count(f"{line['kind']}s whose words are {'opened' if words else reason}")


def _is_as_listed(report: Report, manifest: Line, roots: dict[int, Line], leaves: Leaves) -> None:
    here = {"roots": ranges(roots), "trees": ranges(root for root, _ in leaves)}
    for name, found in here.items():
        if manifest[name] != found:
            said = f"its {name} are not those that are here, which are {found or 'none'}"
            report.found("changed", "manifest.json", said)


def _run(report: Report, roots: dict[int, Line], leaves: Leaves, asked: Asked) -> None:
    """No tree of this time is left out: neither between its texts, nor by when its root was made."""
    texts = [line["root"] for line in leaves.values() if line["kind"] in _TEXTS and _is_of(line, asked)]
    made = {number: datetime.fromisoformat(root["at"]) for number, root in sorted(roots.items())}
    if not made or not leaves:
        report.found("missing", "leaves.jsonl", "there is nothing in it")
        return
    first, last = min(made), max(made)
    if first > 1 and made[first] >= asked.from_at:
        said = f"the chain begins at root {first}, which was made in this time"
        report.found("missing", f"root {first - 1}", said)
    begins = min([*texts, *(n for n in made if made[n] >= asked.from_at), last])
    after = next((number for number in made if made[number] >= asked.to_at), last)
    stops = max([*texts, after])
    shown = {root for root, _ in leaves}
    for number in [n for n in made if begins <= n <= stops and n not in shown][:_NAMED]:
        report.found("missing", f"tree {number}", "it was made in this time, and its leaves are not here")
    if made[last] < asked.to_at:
        report.said.append(
            f"It was made before its time was over: what was sealed after {roots[last]['at']} is not in it."
        )
    unkept = sum(root > (report.kept or 0) for root in texts)
    if report.kept is not None and unkept:
        report.said.append(
            f"Texts that are only covered by roots after {report.kept}, the newest that was kept elsewhere:"
            f" {unkept}. Ask for later roots."
        )


def _act(report: Report, manifest: Line, leaves: Leaves, asked: Asked) -> None:
    """The folder is no less than what was ordered, as that was sealed before it was made."""
    where, found, sealed = "the act of this export", None, 0
    for (root, _), line in sorted(leaves.items()):
        said = line.get("payload") or {}
        if said.get("kind") == "act" and said.get("what") == "opened":
            detail = said["detail"]
            ordered = [detail.get(name) for name in ("from", "to", "full")]
            ordered.append(said["why"])
            if ordered == [manifest["from"], manifest["to"], asked.full, f"export for {manifest['for']}"]:
                found, sealed = detail, root
    if found is None:
        said = "no leaf says that it was ordered like this: for whom, of which time, full or not"
        report.found("missing", where, said)
        return
    if report.kept is not None and sealed > report.kept:
        report.said.append(
            f"How many texts it must have was sealed under root {sealed}, after {report.kept}, the newest"
            " that was kept elsewhere: ask for a later one."
        )
    if manifest["texts"] < found["texts"]:
        said = f"it speaks of {_some(found['texts'], 'texts')}, the manifest of {manifest['texts']}"
        report.found("missing", where, said)
    shown = {root for root, _ in leaves}
    begins, _, stops = found["trees"].partition("-")
    if not {int(begins), int(stops or begins)} <= shown:
        report.found("missing", where, f"it speaks of trees {found['trees']}, and not all of them are here")
    closed = sum(line.get("payload") is None for line in leaves.values())
    if closed > found["whole"]:
        said = f"leaves not opened at all: {closed}; it speaks of {found['whole']}"
        report.found("missing", where, said)
    if closed:
        report.said.append(
            f"Leaves that an earlier release sealed as a whole, and that are not opened: {closed}. When they"
            " came, and whether they are of this time, this folder cannot show."
        )


def _erased(report: Report, leaves: Leaves) -> None:
    """What was erased must have been erased by an act, which is sealed too and says so."""
    gone: dict[int, set[int]] = {}
    for (root, place), line in leaves.items():
        if line.get("withheld") == "erased":
            gone.setdefault(root, set()).add(place)
    by_act: set[tuple[int, int]] = set()
    for line in leaves.values():
        payload = line.get("payload") or {}
        if payload.get("kind") == "act" and payload.get("what") == "erased":
            for written, those in payload["detail"]["leaves"].items():
                root = int(written)
                below = max(gone.get(root, ()), default=-1) + 1
                by_act |= {(root, place) for place in places(those, below)}
    for root, those in sorted(gone.items()):
        for place in sorted(those):
            if (root, place) not in by_act:
                report.found("missing", f"leaf {root}/{place}", GONE)


def _once(report: Report, leaves: Leaves) -> None:
    """What cannot change is sealed once: a second leaf of it would only say something else."""
    seen: set[tuple[str, str]] = set()
    for (root, place), line in sorted(leaves.items()):
        key = line["kind"], line["id"]
        if key in seen and line["kind"] not in ANEW:
            said = f"this {line['kind']} was sealed before: it is sealed twice"
            report.found("added", f"leaf {root}/{place}", said)
        seen.add(key)


def _requests(report: Report, folder: Path, leaves: Leaves) -> None:
    """Each request as received must be the one that its text's leaf speaks of, and none may lack."""
    due = {}
    for line in leaves.values():
        if line["kind"] in _TEXTS and line.get("payload"):
            whole = line["payload"].get("record")
            if whole or line.get("words"):
                due[line["id"]] = whole or _part(line, "facts").get("record")
    for line in _lines(report, folder, "requests.jsonl"):
        salt, record = _raw(line["salt"]), line["record"].encode("latin-1")
        if sha256(b"\3" + salt + record).hexdigest() != due.pop(line["id"], None):
            report.found("changed", f"request of {line['id']}", "it is not the one that was sealed")
        report.count("requests")
    for item in sorted(due):
        report.found("missing", f"request of {item}", "its text was opened, and it was not")


def _table(report: Report, folder: Path, leaves: Leaves, asked: Asked) -> Iterator[tuple[Line, Line]]:
    """Each text of this time with what became of it; the table must say the same, a row each."""
    decided: dict[str, Line] = {}
    held: set[str] = set()
    for (root, place), line in sorted(leaves.items()):
        payload = line.get("payload") or {}
        if line["kind"] == "decision" and payload:
            decided[line["id"]], wrong = stands(decided.get(line["id"]), payload)
            if wrong:
                report.found("changed", f"leaf {root}/{place}", wrong)
        elif line["kind"] == "judgement" and payload.get("held"):
            held.add(line["id"])
    columns = (*COLUMNS, *PERSONAL_COLUMNS) if asked.full else COLUMNS
    written = _written(report, folder, columns)
    for (root, place), line in sorted(leaves.items()):
        if line["kind"] != "text" or not _is_of(line, asked):
            continue
        end = decided.get(line["id"])
        said = row(line, end, held=line["id"] in held)
        there = written.pop((str(root), str(place)), None)
        where = f"texts.csv, leaf {root}/{place}"
        if there is None:
            report.found("missing", where, "it has no row")
        elif other := [name for name in columns if there.get(name) != cell(said[name])]:
            report.found("changed", where, f"it is not what was sealed: {', '.join(other)}")
        yield said, end or {}
    for key in written:
        report.found("added", f"texts.csv, leaf {'/'.join(key)}", "no text of this time is sealed there")


def _is_of(line: Line, asked: Asked) -> bool:
    """Whether a text is of this time; one that was sealed as a whole shows only what is said with it."""
    payload = line.get("payload")
    return asked.covers(payload) if payload else line.get("withheld") != "of another time"


def _written(report: Report, folder: Path, columns: tuple[str, ...]) -> dict[tuple[str, str], Line]:
    """Rows of the table by root and place."""
    written: dict[tuple[str, str], Line] = {}
    path = folder / "texts.csv"
    if not path.is_file():
        return written
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        if tuple(table.fieldnames or ()) != columns:
            report.found("changed", "texts.csv", f"its columns are not {', '.join(columns)}")
        for there in table:
            key = (str(there.get("root")), str(there.get("place")))
            if key in written or None in there:
                report.found("added", f"texts.csv, leaf {key[0]}/{key[1]}", "there are two of it")
            written[key] = there
            report.count("rows")
    return written


def _figures(report: Report, folder: Path, rows: Iterable[tuple[Line, Line]], listed: int) -> None:
    """What the leaves come to; the page must begin with the same."""
    texts = flagged = answered = held = waiting = spent = 0
    texters: set[str] = set()
    for said, decided in rows:
        texts += 1
        texters |= {said["texter"]} if said["texter"] else set()
        flagged += said["tier"] not in (None, "none")
        answered += ends(said) == "accepted"
        held += said["held"]
        waiting += not decided
        spent += sum(attempt["spent_micros"] for attempt in decided.get("attempts", ()))
    if not texts or texts != listed:
        report.found(
            "changed", "manifest.json", f"it speaks of {_some(listed, 'texts')}, the leaves of {texts}"
        )
    money = f"{spent / _MICROS:.2f}"
    figures = [str(figure) for figure in (texts, len(texters), flagged, answered, held, money)]
    page = folder / "summary.html"
    written = page.read_text("utf-8") if page.is_file() else ""
    ours = [re.sub(r"\D", "", figure) for figure in figures]
    cards = re.findall(r'<div class="cards">(.*?)</div></div>', written) or [""]
    shown = ([re.sub(r"\D", "", each) for each in re.findall("<b>(.*?)</b>", card)] for card in cards)
    if any(each != ours for each in shown):
        report.found("changed", "summary.html", "its first figures are not those of the leaves")
    report.said.append(
        "By the leaves: texts {}, senders {}, looked abusive {}, answered {}, kept waiting {}, paid for"
        " answers {}.".format(*figures)
    )
    if waiting:
        report.said.append(
            f"Texts of which no leaf here says what became of them: {waiting}. That was not decided yet, or"
            " was left out."
        )
    report.said.append(
        "Not held by any root: made_by of manifest.json, and what summary.html says below its first figures."
    )


def _stamps(report: Report, folder: Path, roots: dict[int, Line]) -> None:
    for path in sorted(folder.glob("stamps/*.tsr")):
        root = roots.get(int(path.stem), {"root": ""})["root"]
        if not root or _raw(root) not in path.read_bytes():
            report.found("changed", f"stamps/{path.name}", "it is a timestamp of something else")
            continue
        report.count("timestamps")
        report.said.append(
            f"Whether the authority signed it: openssl ts -verify -digest {root} -in stamps/{path.name}"
            " -CAfile AUTHORITY.pem"
        )


def _raw(written: str) -> bytes:
    """Bytes out of hexadecimal, which is spelled in one way only."""
    raw = bytes.fromhex(written)
    if raw.hex() != written:
        raise ValueError(f"{written!r} is not spelled as it was exported")
    return raw


def places(written: str, below: int) -> set[int]:
    """Numbers out of few words, such as ``0-40,43``, as far as they are below another."""
    found: set[int] = set()
    for run in written.split(","):
        first, _, last = run.partition("-")
        if run:
            found.update(range(int(first), min(int(last or first) + 1, below)))
    return found


def ranges(numbers: Iterable[int]) -> str:
    """Few words out of numbers, such as ``0-40,43``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(one) if one == last else f"{one}-{last}" for one, last in runs)


def told(report: Report, *, compared: bool) -> Iterator[str]:
    """A report in lines for people."""
    for finding in report.findings:
        yield f"{finding.what.upper()}  {finding.where}: {finding.said}"
    yield "Looked at: " + ", ".join(_some(many, what) for what, many in sorted(report.counted.items()))
    yield from report.said
    if report.findings:
        yield f"SOMETHING WAS CHANGED: {_some(len(report.findings), 'findings')}."
    elif compared and report.kept is not None:
        yield "Nothing was changed: everything is as the roots say that were kept elsewhere,"
        yield f"of which the newest is root {report.kept}: it covers all before it, and nothing after it."
    else:
        yield "Nothing was changed since the roots were made. Whether somebody made all of it anew, only"
        yield "roots that were kept elsewhere can say: name a file of them with --roots."


def _some(many: int, what: str) -> str:
    """So many of what is written in the plural, whose first word is what is counted."""
    if many != 1:
        return f"{many} {what}"
    first, space, rest = what.partition(" ")
    return f"1 {'leaf' if first == 'leaves' else first[:-1]}{space}{rest}"


def unreadable(error: Exception) -> str:
    """What keeps an export from being read, in words."""
    if isinstance(error, OSError):
        return f"{Path(str(error.filename)).name}: {error.strerror}"
    return f"its files are damaged ({error})"


def main(words: list[str]) -> int:
    """Run the command; answer its exit code."""
    kept: Path | None = None
    if "--roots" in words[:-1]:
        place = words.index("--roots")
        kept = Path(words[place + 1])
        del words[place : place + 2]
    if len(words) > 1 or any(word.startswith("-") for word in words):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder = Path(words[0]) if words else Path(__file__).resolve().parent
    try:
        elsewhere = kept.read_text(encoding="utf-8", errors="replace") if kept else None
        report = check(folder, elsewhere)
    except NoRootsError as error:
        sys.stderr.write(f"{kept} cannot be compared: {error}.\n")
        return 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"{folder} cannot be verified: {unreadable(error)}\n")
        return 2
    sys.stdout.write("\n".join(told(report, compared=elsewhere is not None)) + "\n")
    return CHANGED if report.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

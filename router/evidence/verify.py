"""Verifies a folder of evidence: ``python3 verify.py``, with Python 3.9 or later and this file alone.

    python3 verify.py [FOLDER] [--roots FILE] [--lang fr|en]

FOLDER is where this file lies, if none is named. FILE holds roots that were kept elsewhere since they were
made: mails, or roots.jsonl of the Git repository. Without it nobody can say whether everything was rewritten
before the folder was made. It speaks French by ``--lang fr``, and of itself where LANG does.

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
- a text says when it came, though its words are sealed; one of this time has its facts here, and a row
- each row of texts.csv is one text's leaf, and every column of it comes out of a leaf; rows, requests and
  leaves stand in the order in which they were sealed
- an act that was sealed before the folder was made says for whom, of when, of how many texts
- nothing is sealed twice but what may change: of two decisions of one reply the second follows only from what
  was learnt of an attempt since; where it does not, the first one stands and the second is named
- a text is answered where an attempt of its answer was accepted, and nowhere else

It is one file, and longer than a file of this house may be, since it is handed over alone: whoever is to
trust it reads it from here to its end, and needs nothing else. Its sections: the report, hashes, files, roots
and leaves, what is left out, what became of each text, the table and its figures, the command, French.
"""

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # this folder: a json.py that somebody put there would run in place of Python's own

import argparse
import csv
import json
import os
import re
import textwrap
from collections import Counter
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

COLUMNS = (
    "root", "place", "id", "received_at", "provider_at", "number", "account", "provider_id", "verified",
    "tier", "score", "texter", "prefix", "wording", "state", "reason", "decided_at", "held",
)  # fmt: skip
"""Of texts.csv."""

PERSONAL_COLUMNS = ("from", "to", "text")
"""Of texts.csv in a full folder, after the others."""

ANEW = ("decision", "judgement", "label")
"""Kinds of leaves of which a later one may say something else of the same; all others are sealed once."""

GONE = "its record is gone, and no act says who erased it"

_TEXTS = ("text", "proof")
_NAMED = 20

Line = dict[str, Any]
Leaves = dict[tuple[int, int], Line]
Said = tuple[str, ...]
"""A sentence and what goes into its braces; empty for nothing."""


# ------------------------------------------------------------------------------------------- The report


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
    """What came of it: `findings`, what was `counted`, what else is to be `said`, in one language.

    `kept` is the newest root that was kept elsewhere and is the same here: it vouches for all before it.
    """

    def __init__(self, *, french: bool = False) -> None:
        self.findings: list[Finding] = []
        self.counted: Counter[str] = Counter()
        self.said: list[str] = []
        self.kept: int | None = None
        self.known = FRENCH if french else {}

    def found(self, what: str, where: str, said: str, *values: object) -> None:
        """Note a finding; the values go into the braces of what is said."""
        self.findings.append(Finding(what, where, self.words(said, *values)))

    def say(self, said: str, *values: object) -> None:
        """Note what is no finding."""
        self.said.append(self.words(said, *values))

    def count(self, what: str, *values: object) -> None:
        """Count one more of what was looked at."""
        self.counted[self.words(what, *values)] += 1

    def words(self, said: str, *values: object) -> str:
        """A sentence in the language of this report."""
        told = self.known.get(said, said)
        return told.format(*(self.known.get(str(value), value) for value in values)) if values else told


class Asked(NamedTuple):
    """What the manifest says that was asked for."""

    from_at: datetime
    to_at: datetime
    full: bool

    def covers(self, payload: Line) -> bool:
        """Whether a text came then."""
        return self.from_at <= datetime.fromisoformat(payload["received_at"]) < self.to_at


def check(folder: Path, elsewhere: "str | None" = None, *, french: bool = False) -> Report:
    """Verify a folder.

    Args:
        folder: As exported.
        elsewhere: The text of files with roots that were kept elsewhere.
        french: Say it in French.

    Raises:
        OSError: There is no such folder, or it has no manifest.
        ValueError: Its manifest cannot be read, or nothing elsewhere can be compared.
    """
    report = Report(french=french)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise ValueError(report.words("another release made it: its own verify.py reads it"))
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
        report.found("changed", "the rest", "it cannot be read: {}", repr(error))
    return report


# ------------------------------------------------------------------------------------------------ Hashes

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


def _raw(written: str) -> bytes:
    """Bytes out of hexadecimal, which is spelled in one way only."""
    raw = bytes.fromhex(written)
    if raw.hex() != written:
        raise ValueError(f"{written!r} is not spelled as it was exported")
    return raw


# ------------------------------------------------------------------------------------------------- Files


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


# ------------------------------------------------------------------------------------ Roots and leaves


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


def _compare(report: Report, roots: dict[int, Line], elsewhere: str) -> None:
    told = compare(report, {number: root["root"] for number, root in roots.items()}, elsewhere)
    if roots and not told & roots.keys():
        none = "none of its roots can be compared: ask for those from {} to {}"
        raise NoRootsError(report.words(none, min(roots), max(roots)))


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
        raise NoRootsError(report.words("no root is in it: name a file of the mails, or roots.jsonl as sent"))
    both = sorted(told.keys() & ours.keys())
    same = [number for number in both if told[number] == {ours[number]}]
    report.counted[report.words("roots as kept elsewhere")] += len(same)
    report.kept = max(same, default=None)
    if other := [number for number in both if number not in same]:
        said = "it is not the one kept elsewhere, and so for later ones: {}"
        report.found("rewritten", f"root {other[0]}", said, len(other) - 1)
    within = (n for n in told if n not in ours and min(ours, default=n) < n < max(ours, default=n))
    for number in sorted(within)[:_NAMED]:
        report.found("missing", f"root {number}", "it was kept elsewhere, and is not here")
    return set(told)


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
    _ordered(report, "leaves.jsonl", order, sorted(order))
    for root in sorted(found):
        if root in roots:
            _one_tree(report, root, roots[root], found[root])
        else:
            report.found("missing", f"root {root}", "leaves of it are here")
    return {key: found[key[0]][key[1]] for key in sorted(set(order))}


def _ordered(report: Report, name: str, came: Iterable[Any], due: Iterable[Any]) -> None:
    """The lines of a file stand as their leaves do, whichever are missing or were put in."""
    those, sealed = dict.fromkeys(came), dict.fromkeys(due)
    if [each for each in those if each in sealed] != [each for each in sealed if each in those]:
        report.found("moved", name, "its lines are not in the order of roots and places")


def _one_tree(report: Report, root: int, link: Line, leaves: dict[int, Line]) -> None:
    missing = list(islice((place for place in range(link["leaves"]) if place not in leaves), _NAMED))
    for place in missing:
        report.found("missing", f"leaf {root}/{place}", "it was deleted")
    more = sorted(place for place in leaves if not 0 <= place < link["leaves"])
    for place in more:
        report.found("added", f"leaf {root}/{place}", "its root has no such place")
    hashes = [_raw(line["leaf"]) for _, line in sorted(leaves.items())]
    if not missing and not more and tree(hashes).hex() != link["tree"]:
        report.found("changed", f"root {root}", "its leaves are not those, or not in the order, of its seal")


def _one_leaf(report: Report, where: str, line: Line, asked: Asked) -> None:
    payload, kind = line.get("payload"), line["kind"]
    if payload is None:
        _unopened(report, where, line)
        return
    report.count("leaves opened")
    if leaf(_raw(line["salt"]), canonical(payload)).hex() != line["leaf"]:
        report.found("changed", where, "this {} is not what was sealed", kind)
    elif (payload["root"], payload["place"]) != (line["root"], line["place"]):
        report.found("moved", where, "it was sealed as leaf {}/{}", payload["root"], payload["place"])
    elif (payload["kind"], payload["id"]) != (kind, line["id"]):
        report.found("changed", where, "it does not say what it is")
    for name in ("facts", "words"):
        part = line.get(name)
        if part and section(_raw(part["salt"]), canonical(part["said"])).hex() != payload.get(name):
            report.found("changed", where, "the {} of this {} are not what was sealed", name, kind)
    if kind in _TEXTS and "facts" in payload:
        _shown(report, where, line, asked)


# ------------------------------------------------------------------------------------ What is left out


def _unopened(report: Report, where: str, line: Line) -> None:
    """Only texts of earlier releases were sealed as a whole; nothing else may stay closed."""
    report.count("leaves {} as a whole", line.get("withheld"))
    if line.get("withheld") not in ("erased", "of another time", "sealed"):
        report.found("changed", where, "it does not say why it is not opened")
    elif line["kind"] not in _TEXTS:
        report.found("missing", where, "what this {} says is left out", line["kind"])


def _shown(report: Report, where: str, line: Line, asked: Asked) -> None:
    """A text shows what it must, and keeps back only what may be kept back."""
    reason, words = line.get("withheld"), line.get("words")
    if not asked.covers(line["payload"]):
        report.count("{}s of another time, with when that was", line["kind"])
        return
    if reason == "of another time":
        report.found("missing", where, "it is kept back as of another time, and is of this one")
    elif not line.get("facts"):
        report.found("missing", where, "its facts are left out")
    elif not words and reason not in ("erased", "sealed"):
        report.found("changed", where, "it does not say why its words are not opened")
    elif not words and reason == "sealed" and asked.full:
        report.found("missing", where, "its words are left out of a full folder")
    report.count("{}s whose words are {}", line["kind"], "opened" if words else reason)


def _is_as_listed(report: Report, manifest: Line, roots: dict[int, Line], leaves: Leaves) -> None:
    here = {"roots": ranges(roots), "trees": ranges(root for root, _ in leaves)}
    for name, found in here.items():
        if manifest[name] != found:
            report.found("changed", "manifest.json", "it lists other {} than those here: {}", name, found)


def _run(report: Report, roots: dict[int, Line], leaves: Leaves, asked: Asked) -> None:
    """No tree of this time is left out: neither between its texts, nor by when its root was made."""
    texts = [line["root"] for line in leaves.values() if line["kind"] in _TEXTS and _is_of(line, asked)]
    made = {number: datetime.fromisoformat(root["at"]) for number, root in sorted(roots.items())}
    if not made or not leaves:
        report.found("missing", "leaves.jsonl", "there is nothing in it")
        return
    first, last = min(made), max(made)
    if first > 1 and made[first] >= asked.from_at:
        report.found("missing", f"root {first - 1}", "the chain begins within this time, at root {}", first)
    begins = min([*texts, *(n for n in made if made[n] >= asked.from_at), last])
    after = next((number for number in made if made[number] >= asked.to_at), last)
    stops = max([*texts, after])
    shown = {root for root, _ in leaves}
    for number in [n for n in made if begins <= n <= stops and n not in shown][:_NAMED]:
        report.found("missing", f"tree {number}", "it is of this time, and its leaves are not here")
    if made[last] < asked.to_at:
        report.say("It was made before its time was over: it ends at {}.", roots[last]["at"])
    unkept = sum(root > (report.kept or 0) for root in texts)
    if report.kept is not None and unkept:
        report.say(
            "Texts only covered by roots after {}, the newest kept elsewhere: {}.", report.kept, unkept
        )


def _is_of(line: Line, asked: Asked) -> bool:
    """Whether a text is of this time; one that was sealed as a whole shows only what is said with it."""
    payload = line.get("payload")
    return asked.covers(payload) if payload else line.get("withheld") != "of another time"


def _acts(leaves: Leaves, what: str) -> Iterator[tuple[int, Line]]:
    """Acts of a kind, each with its root."""
    for (root, _), line in leaves.items():
        said = line.get("payload") or {}
        if said.get("kind") == "act" and said.get("what") == what:
            yield root, said


def _act(report: Report, manifest: Line, leaves: Leaves, asked: Asked) -> None:
    """The folder is no less than what was ordered, as that was sealed before it was made."""
    where, found, sealed = "the act of this export", None, 0
    order = [manifest["from"], manifest["to"], asked.full, f"export for {manifest['for']}"]
    for root, said in _acts(leaves, "opened"):
        if [*map(said["detail"].get, ("from", "to", "full")), said["why"]] == order:
            found, sealed = said["detail"], root
    if found is None:
        report.found("missing", where, "no leaf says that it was ordered: for whom, of when, full or not")
        return
    if report.kept is not None and sealed > report.kept:
        told = "How many texts it must have was sealed under root {}, after {}, the newest kept elsewhere."
        report.say(told, sealed, report.kept)
    if manifest["texts"] < found["texts"]:
        report.found("missing", where, "it speaks of texts: {}; here: {}", found["texts"], manifest["texts"])
    begins, _, stops = found["trees"].partition("-")
    if not {int(begins), int(stops or begins)} <= {root for root, _ in leaves}:
        report.found("missing", where, "it speaks of trees {}, not all of them here", found["trees"])
    closed = sum(line.get("payload") is None for line in leaves.values())
    if closed > found["whole"]:
        report.found(
            "missing", where, "leaves not opened at all: {}; it speaks of {}", closed, found["whole"]
        )
    if closed:
        report.say("Leaves sealed as a whole by an earlier release, and of unknown time here: {}.", closed)


def _erased(report: Report, leaves: Leaves) -> None:
    """What was erased must have been erased by an act, which is sealed too and says so."""
    gone: dict[int, set[int]] = {}
    for (root, place), line in leaves.items():
        if line.get("withheld") == "erased":
            gone.setdefault(root, set()).add(place)
    for _, act in _acts(leaves, "erased"):
        for root, those in act["detail"]["leaves"].items():
            left = gone.get(int(root), set())
            left -= places(those, max(left, default=-1) + 1)
    for root, left in sorted(gone.items()):
        for place in sorted(left):
            report.found("missing", f"leaf {root}/{place}", GONE)


def _once(report: Report, leaves: Leaves) -> None:
    """What cannot change is sealed once: a second leaf of it would only say something else."""
    seen: set[tuple[str, str]] = set()
    for (root, place), line in leaves.items():
        key = line["kind"], line["id"]
        if key in seen and line["kind"] not in ANEW:
            report.found("added", f"leaf {root}/{place}", "this {} is sealed twice", line["kind"])
        seen.add(key)


def _requests(report: Report, folder: Path, leaves: Leaves) -> None:
    """Each request as received must be the one that its text's leaf speaks of, and none may lack."""
    due = {}
    for line in leaves.values():
        if line["kind"] in _TEXTS and line.get("payload"):
            whole = line["payload"].get("record")
            if whole or line.get("words"):
                due[line["id"]] = whole or _part(line, "facts").get("record")
    # A proof may be sealed before its text, where many were due at once; the request goes with the text.
    sealed = [line["id"] for line in leaves.values() if line["kind"] == "text" and line["id"] in due]
    came: list[str] = []
    for line in _lines(report, folder, "requests.jsonl"):
        came.append(line["id"])
        salt, record = _raw(line["salt"]), line["record"].encode("latin-1")
        if sha256(b"\3" + salt + record).hexdigest() != due.pop(line["id"], None):
            report.found("changed", f"request of {line['id']}", "it is not the one that was sealed")
        report.count("requests")
    _ordered(report, "requests.jsonl", came, sealed)
    for item in sorted(due):
        report.found("missing", f"request of {item}", "its text was opened, and it was not")


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


# ------------------------------------------------------------------------ What became of each text

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


def stands(first: "Line | None", then: Line) -> "tuple[Line, Said]":
    """Which of two decisions of one reply stands, and what is wrong with the second.

    Args:
        first: Payload of the one that stood so far, None for none.
        then: Of the one after it.
    """
    if first is None or _follows(first, then):
        return then, _contradiction(then)
    other = [name for name in (*_OF_AN_END, "attempts") if first.get(name) != then.get(name)]
    said = "decided twice: sealed as {}, now {}; no receipt explains what differs: {}"
    return first, (said, _end(first), _end(then), ", ".join(other))


def _follows(first: Line, then: Line) -> bool:
    """Whether a reply may end anew like this: only what is learnt of a settled attempt makes it."""
    was, now = ({each["reference"]: each for each in one["attempts"]} for one in (first, then))
    if not was.keys() <= now.keys() or not all(_may_become(was[each], now[each]) for each in was):
        return False
    if first["state"] in _OVER and not any(_learnt(was[each], now[each]) for each in was):
        return all(first.get(name) == then.get(name) for name in _OF_AN_END) and was.keys() == now.keys()
    return not _contradiction(then)


def _contradiction(decision: Line) -> Said:
    """How a decision and its own attempts say two things."""
    states = {attempt["state"] for attempt in decision["attempts"]}
    for end, state in (("accepted", "accepted"), ("abandoned", "written_off")):
        if (decision["state"] == end) != (state in states):
            some = "it is said to be {}, and an attempt of it was {}"
            none = "it is said to be {}, and no attempt of it was {}"
            return (some if state in states else none), _end(decision), state.replace("_", " ")
    return ()


def _may_become(was: Line, now: Line) -> bool:
    if any(was.get(name) != now.get(name) for name in _ARMED):
        return False
    if was["state"] == now["state"] or was["state"] not in _LATER:
        return True
    by_receipt = was["state"] in ("accepted", "refused")
    return now["state"] in _LATER[was["state"]] and not (by_receipt and was["receipt"] == now["receipt"])


def _learnt(was: Line, now: Line) -> bool:
    """Another state; or refused again by another receipt, after it had been accepted in between."""
    if was["state"] == now["state"] == "refused":
        return bool(was["receipt"] != now["receipt"])
    return bool(was["state"] != now["state"])


def _end(decision: Line) -> str:
    return f"{decision['state']} ({decision['reason']})" if decision["reason"] else str(decision["state"])


# -------------------------------------------------------------------------- The table and its figures


def cell(value: object) -> str:
    """How texts.csv spells a value: no program takes it for a formula."""
    if value is None:
        return ""
    written = json.dumps(value) if isinstance(value, (bool, list)) else str(value)
    if not written.isascii():
        written = written.encode("utf-8", "backslashreplace").decode()
    written = written.replace("\0", "\\0")
    return f"'{written}" if written.startswith(("=", "+", "-", "@", "\t", "\r")) else written


def row(line: Mapping[str, Any], decided: "Mapping[str, Any] | None", *, held: bool) -> Line:
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
        **{name: ends.get(name) for name in ("state", "reason", "decided_at")},
        "held": held or bool((ends.get("judgement") or {}).get("held")),
    }


def ends(row: Mapping[str, Any]) -> str:
    """What became of a text, in a word."""
    return str("accepted" if row["state"] == "accepted" else row["reason"] or row["state"] or "waiting")


def _part(line: Mapping[str, Any], name: str) -> Line:
    return (line.get(name) or {"said": {}})["said"]  # type: ignore[no-any-return]


def _table(report: Report, folder: Path, leaves: Leaves, asked: Asked) -> Iterator[tuple[Line, Line]]:
    """Each text of this time with what became of it; the table must say the same, a row each."""
    decided: dict[str, Line] = {}
    held: set[str] = set()
    for (root, place), line in leaves.items():
        payload = line.get("payload") or {}
        if line["kind"] == "decision" and payload:
            decided[line["id"]], wrong = stands(decided.get(line["id"]), payload)
            if wrong:
                report.found("changed", f"leaf {root}/{place}", *wrong)
        elif line["kind"] == "judgement" and payload.get("held"):
            held.add(line["id"])
    columns = (*COLUMNS, *PERSONAL_COLUMNS) if asked.full else COLUMNS
    written = _written(report, folder, columns)
    _ordered(report, "texts.csv", written, [(str(root), str(place)) for root, place in leaves])
    for (root, place), line in leaves.items():
        if line["kind"] != "text" or not _is_of(line, asked):
            continue
        end = decided.get(line["id"])
        said = row(line, end, held=line["id"] in held)
        there = written.pop((str(root), str(place)), None)
        where = f"texts.csv, leaf {root}/{place}"
        if there is None:
            report.found("missing", where, "it has no row")
        elif other := [name for name in columns if there.get(name) != cell(said[name])]:
            report.found("changed", where, "not as it was sealed: {}", ", ".join(other))
        yield said, end or {}
    for key in written:
        report.found("added", f"texts.csv, leaf {'/'.join(key)}", "no text of this time is sealed there")


def _written(report: Report, folder: Path, columns: tuple[str, ...]) -> dict[tuple[str, str], Line]:
    """Rows of the table by root and place."""
    written: dict[tuple[str, str], Line] = {}
    path = folder / "texts.csv"
    if not path.is_file():
        return written
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        if tuple(table.fieldnames or ()) != columns:
            report.found("changed", "texts.csv", "its columns are not {}", ", ".join(columns))
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
        report.found("changed", "manifest.json", "it speaks of texts: {}; here: {}", listed, texts)
    figures = (texts, len(texters), flagged, answered, held, f"{spent / 1_000_000:.2f}")
    page = folder / "summary.html"
    written = page.read_text("utf-8") if page.is_file() else ""
    ours = [re.sub(r"\D", "", str(figure)) for figure in figures]
    cards = re.findall(r'<div class="cards">(.*?)</div></div>', written) or [""]
    shown = ([re.sub(r"\D", "", each) for each in re.findall("<b>(.*?)</b>", card)] for card in cards)
    if any(each != ours for each in shown):
        report.found("changed", "summary.html", "its first figures are not those of the leaves")
    told = "By the leaves: texts {}, senders {}, looked abusive {}, answered {}, kept waiting {}, paid {}."
    report.say(told, *figures)
    if waiting:
        report.say("Texts whose fate no leaf here tells (not decided yet, or left out): {}.", waiting)
    report.say("Not held by any root: made_by of manifest.json, summary.html below its first figures.")


def _stamps(report: Report, folder: Path, roots: dict[int, Line]) -> None:
    for path in sorted(folder.glob("stamps/*.tsr")):
        root, answer = roots.get(int(path.stem), {"root": ""})["root"], path.read_bytes()
        made = re.search(rb"\x18.(\d{14})(\.\d+)?Z", answer, re.DOTALL)
        if not root or _raw(root) not in answer or not made:
            report.found("changed", f"stamps/{path.name}", "it is a timestamp of something else")
            continue
        report.count("timestamps")
        at = datetime.strptime(f"{made[1].decode()}+0000", "%Y%m%d%H%M%S%z")
        report.say("Timestamp of {}. Whether it is an authority's:", at)
        asked = f"openssl ts -verify -in stamps/{path.name} -attime {at.timestamp():.0f}"
        for part in " \\\n  ".join((asked, "-CAfile AUTHORITY.pem", f"-digest {root}")).split("\n"):
            report.say(f"  {part}")


# ------------------------------------------------------------------------------------------ The command


def told(report: Report, *, compared: bool) -> Iterator[str]:
    """A report in lines for people."""
    named = re.compile("|".join(_PLACES))
    for what, where, said in report.findings:
        place = named.sub(lambda found: report.words(found[0]), where)
        yield f"{report.words(what).upper()}  {place}: {said}"
    looked = ", ".join(f"{what} {many}" for what, many in sorted(report.counted.items()))
    yield report.words("Looked at: {}", looked)
    yield from report.said
    if report.findings:
        yield report.words("SOMETHING WAS CHANGED. Findings: {}.", len(report.findings))
    elif compared and report.kept is not None:
        yield report.words("Nothing was changed: everything is as the roots say that were kept elsewhere,")
        yield report.words(
            "the newest of which is {}: it covers all before it, nothing after it.", report.kept
        )
    else:
        yield report.words("Nothing was changed since the roots were made. Whether somebody made all of it")
        yield report.words("anew, only roots kept elsewhere can say: name a file of them with --roots.")


def unreadable(error: Exception) -> str:
    """What keeps an export from being read, in words."""
    if isinstance(error, OSError):
        return f"{Path(str(error.filename)).name}: {error.strerror}"
    return f"its files are damaged ({error})"


def _visible(line: str) -> str:
    """No name of a file may move the cursor, turn what is written around, or be more than a terminal has."""
    clean = "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
    spoken = sys.stdout.encoding or "ascii"
    return clean.encode(spoken, "backslashreplace").decode(spoken)


def _fitted(line: str) -> list[str]:
    """Lines of at most 80 columns."""
    return textwrap.wrap(line, 80, break_long_words=False, break_on_hyphens=False) or [""]


def main(words: list[str]) -> int:
    """Run the command; answer its exit code."""
    speaks = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    options.add_argument("--roots", type=Path, metavar="FILE")
    options.add_argument("--lang", choices=("en", "fr"), default="fr" if speaks.startswith("fr") else "en")
    asked = options.parse_args(words)
    french = asked.lang == "fr"
    try:
        elsewhere = asked.roots.read_text(encoding="utf-8", errors="replace") if asked.roots else None
        report = check(asked.folder, elsewhere, french=french)
    except NoRootsError as error:
        sys.stderr.write(f"{asked.roots}: {error}.\n")
        return 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = Report(french=french).words("{} cannot be verified: {}", asked.folder, unreadable(error))
        sys.stderr.write(f"{why}\n")
        return 2
    _write(told(report, compared=elsewhere is not None))
    return CHANGED if report.findings else 0


def _write(lines: Iterable[str]) -> None:
    """Write them for a terminal, as long as somebody reads: `| head` may have enough."""
    try:
        for line in lines:
            for part in _fitted(_visible(line)):
                sys.stdout.write(f"{part}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ------------------------------------------------------------------------------------------------ French

_PLACES = ("the act of this export", "the rest", "request of", "leaf", "root", "tree", "line")
"""What a finding's place is called; all else in it is a name of this folder."""

FRENCH = {
    "changed": "modifié", "missing": "manquant", "added": "ajouté", "moved": "déplacé",
    "rewritten": "réécrit", "the act of this export": "l'acte de cet export", "the rest": "la suite",
    "request of": "requête de", "leaf": "feuille", "root": "racine", "tree": "arbre", "line": "ligne",
    "roots": "racines", "trees": "arbres", "facts": "faits", "words": "mots", "opened": "ouverts",
    "erased": "effacés", "sealed": "scellés", "of another time": "d'une autre période", "rows": "lignes",
    "files": "fichiers", "requests": "requêtes", "timestamps": "horodatages",
    "leaves opened": "feuilles ouvertes", "roots as kept elsewhere": "racines comme ailleurs",
    "leaves {} as a whole": "feuilles en entier ({})", "Looked at: {}": "Examiné : {}",
    "{}s whose words are {}": "feuilles « {} » dont les mots sont {}",
    "{}s of another time, with when that was": "feuilles « {} » d'une autre période, avec leur date",
    "it cannot be read: {}": "c'est illisible : {}",
    "the manifest lists it": "le manifeste l'annonce",
    "the manifest does not list it": "le manifeste ne l'annonce pas",
    "it is not the file that the manifest lists": "ce n'est pas le fichier qu'annonce le manifeste",
    "every folder has it": "tout dossier l'a",
    "it is not spelled as it was exported": "elle n'est pas écrite comme à l'export",
    "it is not the hash of what is said with it": "ce n'est pas l'empreinte de ce qui est dit avec elle",
    "the chain has a gap": "la chaîne a un trou",
    "it does not follow the root before it": "elle ne suit pas la racine précédente",
    "none of its roots can be compared: ask for those from {} to {}":
        "aucune de ses racines ne peut être comparée : demandez celles de {} à {}",
    "no root is in it: name a file of the mails, or roots.jsonl as sent":
        "il n'y a aucune racine : indiquez un fichier des courriels, ou roots.jsonl tel qu'envoyé",
    "it is not the one kept elsewhere, and so for later ones: {}":
        "ce n'est pas celle gardée ailleurs ; et de même plus loin : {}",
    "it was kept elsewhere, and is not here": "elle a été gardée ailleurs, et n'est pas ici",
    "there are two of it": "il y en a deux",
    "its lines are not in the order of roots and places": "ses lignes ne sont pas dans l'ordre",
    "leaves of it are here": "des feuilles en sont ici",
    "it was deleted": "elle a été supprimée",
    "its root has no such place": "sa racine n'a pas cette place",
    "its leaves are not those, or not in the order, of its seal":
        "ses feuilles ne sont pas celles qui ont été scellées, ou pas dans cet ordre",
    "this {} is not what was sealed": "ce contenu (« {} ») n'est pas ce qui a été scellé",
    "it was sealed as leaf {}/{}": "elle a été scellée comme feuille {}/{}",
    "it does not say what it is": "elle ne dit pas ce qu'elle est",
    "the {} of this {} are not what was sealed": "les {} de ce contenu (« {} ») ne sont pas ceux scellés",
    "it does not say why it is not opened": "elle ne dit pas pourquoi elle n'est pas ouverte",
    "what this {} says is left out": "ce que dit ce contenu (« {} ») est omis",
    "it is kept back as of another time, and is of this one":
        "elle est retenue comme d'une autre période, et elle est de celle-ci",
    "its facts are left out": "ses faits sont omis",
    "it does not say why its words are not opened": "elle ne dit pas pourquoi ses mots sont fermés",
    "its words are left out of a full folder": "ses mots sont omis d'un dossier complet",
    "it lists other {} than those here: {}": "il annonce d'autres {} que ceux d'ici : {}",
    "there is nothing in it": "il n'y a rien dedans",
    "the chain begins within this time, at root {}": "la chaîne commence dans cette période, à la racine {}",
    "it is of this time, and its leaves are not here": "il est de cette période, sans ses feuilles ici",
    "It was made before its time was over: it ends at {}.": "Fait avant la fin de sa période : finit à {}.",
    "Texts only covered by roots after {}, the newest kept elsewhere: {}.":
        "SMS couverts seulement par des racines après {}, la dernière gardée ailleurs : {}.",
    "no leaf says that it was ordered: for whom, of when, full or not":
        "aucune feuille ne dit qu'il a été demandé : pour qui, de quand, complet ou non",
    "How many texts it must have was sealed under root {}, after {}, the newest kept elsewhere.":
        "Le nombre de SMS à y trouver a été scellé sous la racine {}, après {}, la dernière gardée ailleurs.",
    "it speaks of texts: {}; here: {}": "il parle de SMS : {} ; ici : {}",
    "it speaks of trees {}, not all of them here": "il parle des arbres {}, pas tous ici",
    "leaves not opened at all: {}; it speaks of {}": "feuilles non ouvertes : {} ; il parle de {}",
    "Leaves sealed as a whole by an earlier release, and of unknown time here: {}.":
        "Feuilles scellées en entier par une version antérieure, de date inconnue ici : {}.",
    GONE: "son contenu a disparu, et aucun acte ne dit qui l'a effacé",
    "this {} is sealed twice": "ce contenu (« {} ») est scellé deux fois",
    "it is not the one that was sealed": "ce n'est pas celle qui a été scellée",
    "its text was opened, and it was not": "son SMS a été ouvert, et elle non",
    "decided twice: sealed as {}, now {}; no receipt explains what differs: {}":
        "décidé deux fois : scellé {}, maintenant {} ; aucun accusé n'explique ce qui diffère : {}",
    "it is said to be {}, and an attempt of it was {}": "donné comme {}, et un envoi a été {}",
    "it is said to be {}, and no attempt of it was {}": "donné comme {}, et aucun envoi n'a été {}",
    "it has no row": "elle n'a pas de ligne",
    "not as it was sealed: {}": "pas comme scellé : {}",
    "no text of this time is sealed there": "aucun SMS de cette période n'y est scellé",
    "its columns are not {}": "ses colonnes ne sont pas {}",
    "its first figures are not those of the leaves": "ses premiers chiffres ne sont pas ceux des feuilles",
    "By the leaves: texts {}, senders {}, looked abusive {}, answered {}, kept waiting {}, paid {}.":
        "Selon les feuilles : SMS {}, expéditeurs {}, d'air abusif {}, répondus {}, retenus {}, payé {}.",
    "Texts whose fate no leaf here tells (not decided yet, or left out): {}.":
        "SMS dont aucune feuille ici ne dit le sort (pas encore décidé, ou omis) : {}.",
    "Not held by any root: made_by of manifest.json, summary.html below its first figures.":
        "Tenu par aucune racine : made_by de manifest.json, summary.html après ses premiers chiffres.",
    "it is a timestamp of something else": "c'est l'horodatage d'autre chose",
    "Timestamp of {}. Whether it is an authority's:": "Horodaté le {}. S'il vient d'une autorité :",
    "SOMETHING WAS CHANGED. Findings: {}.": "QUELQUE CHOSE A ÉTÉ MODIFIÉ. Constats : {}.",
    "Nothing was changed: everything is as the roots say that were kept elsewhere,":
        "Rien n'a été modifié : tout est comme le disent les racines gardées ailleurs,",
    "the newest of which is {}: it covers all before it, nothing after it.":
        "dont la dernière est la {} : elle couvre tout ce qui la précède, et rien après elle.",
    "Nothing was changed since the roots were made. Whether somebody made all of it":
        "Rien n'a été modifié depuis que les racines sont faites. Si quelqu'un a tout refait,",
    "anew, only roots kept elsewhere can say: name a file of them with --roots.":
        "seules des racines gardées ailleurs le disent : indiquez-en un fichier avec --roots.",
    "{} cannot be verified: {}": "{} ne peut être vérifié : {}",
    "another release made it: its own verify.py reads it": "d'une autre version : son verify.py le lit",
}  # fmt: skip
"""By what is said in English. Kinds, states, reasons and columns are called what the files call them."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

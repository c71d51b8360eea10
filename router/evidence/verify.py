"""Verifies a folder of evidence: ``python3 verify.py``, with Python 3.8 or later and this file alone.

    python3 verify.py [FOLDER] [--roots FILE]

FOLDER is where this file lies, if none is named. FILE holds roots that were kept elsewhere since they were
made: mails, or roots.jsonl of the Git repository. Without it nobody can say whether everything was rewritten
before the folder was made.

Exit codes: 0 nothing was changed; 3 something was, and is named; 2 wrong use, or no such folder.

What is hashed, with SHA-256; "canonical" is JSON in ASCII, its keys sorted, without spaces:

- a leaf: byte 0, a salt of 16 bytes, the payload, canonical (leaves.jsonl)
- a node of a tree: byte 1, left, right; on the left the largest power of two of leaves that is less than all
- a root: byte 2, then all that roots.jsonl says of it but its hash, canonical
- a request as received: byte 3, a salt, the request (requests.jsonl, a byte for each character); its hash is
  `record` of the text's payload
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

CHANGED = 3
"""Exit code where something was changed."""

WITHHELD = ("erased", "of another time", "sealed")
"""Why a leaf is not opened: it is a hash all the same."""

GONE = "its record is gone, and no act says who erased it"

_DECIDED = ("state", "reason", "decided_at")


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


class Report:
    """What came of it: `findings`, what was `counted`, and what else is to be `said`."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counted: dict[str, int] = {}
        self.said: list[str] = []

    def found(self, what: str, where: str, said: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(what, where, said))

    def count(self, what: str, more: int = 1) -> None:
        """Count what was looked at."""
        self.counted[what] = self.counted.get(what, 0) + more


def check(folder: Path, elsewhere: str | None = None) -> Report:
    """Verify a folder.

    Args:
        folder: As exported.
        elsewhere: The text of files with roots that were kept elsewhere.

    Raises:
        OSError: There is no such folder, or it has no manifest.
        ValueError: Its manifest cannot be read.
    """
    report = Report()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files, listed, trees = manifest["files"], places(manifest["roots"]), places(manifest["trees"])
    _files(report, folder, files)
    try:
        roots = _roots(report, folder, listed)
        if elsewhere is not None:
            compare(report, {number: root["root"] for number, root in roots.items()}, elsewhere)
        leaves = _leaves(report, folder, roots, trees)
        _erased(report, leaves)
        _requests(report, folder, leaves)
        _table(report, folder, leaves)
        _stamps(report, folder, roots)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        report.found("changed", "the rest", f"it cannot be read: {error!r}")
    return report


def compare(report: Report, ours: dict[int, str], elsewhere: str) -> set[int]:
    """Hold roots against those that were kept elsewhere; answer the numbers of these.

    Args:
        report: Told what differs.
        ours: Roots in hexadecimal by number.
        elsewhere: Text with roots in it, as they were told: mails, JSON lines.
    """
    told: dict[int, set[str]] = {}
    for number, root in re.findall(r'"number":\s*(\d+)[^{}]*?"root":\s*"([0-9a-f]{64})"', elsewhere):
        told.setdefault(int(number), set()).add(root)
    same = [number for number in told if number in ours and told[number] == {ours[number]}]
    other = sorted(number for number in told if number in ours and told[number] != {ours[number]})
    report.count("roots as kept elsewhere", len(same))
    if other:
        many = f", and {len(other) - 1} later ones" if other[1:] else ""
        report.found("rewritten", f"root {other[0]}", f"it is not the one that was kept elsewhere{many}")
    elif not same:
        report.said.append("None of the roots kept elsewhere is one of these: nothing was compared.")
    return set(told)


def canonical(said: object) -> bytes:
    """The one spelling of a value."""
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")


def leaf(salt: bytes, payload: bytes) -> bytes:
    """What stands in a tree for a payload."""
    return sha256(b"\0" + salt + payload).digest()


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
    written = written.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return f"'{written}" if written[:1] in tuple("=+-@\t\r") else written


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


def _lines(report: Report, folder: Path, name: str) -> Iterator[Any]:
    """What the lines of a file say; each must be spelled in the one way there is."""
    path = folder / name
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if not isinstance(said, dict) or canonical(said) + b"\n" != line:
                report.found("changed", f"{name}, line {number}", "it is not spelled as it was exported")
            if isinstance(said, dict):
                yield said


def _roots(report: Report, folder: Path, listed: set[int]) -> dict[int, dict[str, Any]]:
    roots: dict[int, dict[str, Any]] = {}
    for said in _lines(report, folder, "roots.jsonl"):
        number, spelled = said.get("number"), {key: said[key] for key in said if key != "root"}
        if sha256(b"\2" + canonical(spelled)).hexdigest() != said.get("root"):
            report.found("changed", f"root {number}", "it is not the hash of what is said with it")
        before = roots.get(number - 1)
        if before is not None and before["root"] != said.get("previous"):
            report.found("rewritten", f"root {number}", "it does not follow the root before it")
        roots[number] = said
        report.count("roots")
    for number in sorted(listed - set(roots)):
        report.found("missing", f"root {number}", "the manifest lists it")
    return roots


def _leaves(
    report: Report, folder: Path, roots: dict[int, dict[str, Any]], trees: set[int]
) -> dict[tuple[int, int], dict[str, Any]]:
    """All leaves by root and place, held against their trees."""
    found: dict[int, dict[int, dict[str, Any]]] = {}
    order: list[tuple[int, int]] = []
    for line in _lines(report, folder, "leaves.jsonl"):
        root, place = line.get("root", 0), line.get("place", 0)
        if place in found.setdefault(root, {}):
            report.found("added", f"leaf {root}/{place}", "there are two of it")
        found[root][place] = line
        order.append((root, place))
    if order != sorted(order):
        report.found("moved", "leaves.jsonl", "its lines do not stand in the order of roots and places")
    for root in sorted(trees | set(found)):
        if root in roots:
            _one_tree(report, root, roots[root], found.get(root, {}))
    return {(root, place): line for root, those in found.items() for place, line in those.items()}


def _one_tree(report: Report, root: int, link: dict[str, Any], leaves: dict[int, dict[str, Any]]) -> None:
    before = len(report.findings)
    for place in sorted(set(range(link["leaves"])) ^ set(leaves)):
        if place in leaves:
            report.found("added", f"leaf {root}/{place}", "its root has no such place")
        else:
            report.found("missing", f"leaf {root}/{place}", "it was deleted")
    for place, line in sorted(leaves.items()):
        _one_leaf(report, f"leaf {root}/{place}", line)
    hashes = [_raw(line["leaf"]) for _, line in sorted(leaves.items())]
    if len(report.findings) == before and (not hashes or tree(hashes).hex() != link["tree"]):
        said = "its leaves are not those that were sealed, or not in their order"
        report.found("changed", f"root {root}", said)


def _one_leaf(report: Report, where: str, line: dict[str, Any]) -> None:
    payload = line.get("payload")
    report.count(f"leaves {'opened' if payload else line.get('withheld')}")
    if payload is None:
        if line.get("withheld") not in WITHHELD:
            report.found("changed", where, "it does not say why it is not opened")
        return
    if leaf(_raw(line["salt"]), canonical(payload)).hex() != line["leaf"]:
        report.found("changed", where, f"this {line['kind']} is not what was sealed")
    elif (payload["root"], payload["place"]) != (line["root"], line["place"]):
        belongs = f"it was sealed as leaf {payload['root']}/{payload['place']}"
        report.found("moved", where, belongs)
    elif (payload["kind"], payload["id"]) != (line["kind"], line["id"]):
        report.found("changed", where, "it does not say what it is")


def _erased(report: Report, leaves: dict[tuple[int, int], dict[str, Any]]) -> None:
    """What was erased must have been erased by an act, which is sealed too and says so."""
    by_act: set[tuple[int, int]] = set()
    for line in leaves.values():
        payload = line.get("payload") or {}
        if payload.get("kind") == "act" and payload.get("what") == "erased":
            for root, written in payload["detail"]["leaves"].items():
                by_act |= {(int(root), place) for place in places(written)}
    for (root, place), line in sorted(leaves.items()):
        if line.get("withheld") == "erased" and (root, place) not in by_act:
            report.found("missing", f"leaf {root}/{place}", GONE)


def _requests(report: Report, folder: Path, leaves: dict[tuple[int, int], dict[str, Any]]) -> None:
    """Each request as received must be the one that its text's leaf speaks of, and none may lack."""
    opened = (line["payload"] for line in leaves.values() if line.get("payload"))
    due = {payload["id"]: payload["record"] for payload in opened if payload["kind"] in ("text", "proof")}
    for line in _lines(report, folder, "requests.jsonl"):
        salt, record = _raw(line["salt"]), line["record"].encode("latin-1")
        if sha256(b"\3" + salt + record).hexdigest() != due.pop(line["id"], None):
            report.found("changed", f"request of {line['id']}", "it is not the one that was sealed")
        report.count("requests")
    for item in sorted(due):
        report.found("missing", f"request of {item}", "its text was opened, and it was not")


def _table(report: Report, folder: Path, leaves: dict[tuple[int, int], dict[str, Any]]) -> None:
    """What the table says of a leaf must be what the leaf says."""
    path = folder / "texts.csv"
    if not path.is_file():
        return
    decided = {line["id"]: line.get("payload") for line in leaves.values() if line["kind"] == "decision"}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            line = leaves.get((int(row["root"]), int(row["place"])), {})
            ends = decided.get(row["id"]) or {}
            said = {**(line.get("payload") or {}), **{name: ends.get(name) for name in _DECIDED}}
            wrong = [name for name in row if name in said and row[name] != cell(said[name])]
            if line.get("id") != row["id"] or wrong:
                where = f"texts.csv, leaf {row['root']}/{row['place']}"
                report.found("changed", where, f"it is not what was sealed: {', '.join(wrong) or 'id'}")
            report.count("rows")


def _stamps(report: Report, folder: Path, roots: dict[int, dict[str, Any]]) -> None:
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


def places(written: str) -> set[int]:
    """Numbers out of few words, such as ``0-40,43``."""
    runs = (run.partition("-") for run in written.split(",") if run)
    return {place for first, _, last in runs for place in range(int(first), int(last or first) + 1)}


def told(report: Report, *, compared: bool) -> Iterator[str]:
    """A report in lines for people."""
    for finding in report.findings:
        yield f"{finding.what.upper()}  {finding.where}: {finding.said}"
    yield "Looked at: " + ", ".join(f"{many} {what}" for what, many in sorted(report.counted.items()))
    yield from report.said
    if report.findings:
        yield f"SOMETHING WAS CHANGED: {len(report.findings)} findings."
    elif compared and report.counted.get("roots as kept elsewhere"):
        yield "Nothing was changed: everything is as the roots say that were kept elsewhere."
        if (kept := report.counted["roots as kept elsewhere"]) < report.counted.get("roots", 0):
            yield f"Only {kept} of the roots were kept elsewhere: of what others cover, this says nothing."
    else:
        yield "Nothing was changed since the roots were made. Whether somebody made all of it anew, only"
        yield "roots that were kept elsewhere can say: name a file of them with --roots."


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
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{folder} cannot be verified: {unreadable(error)}\n")
        return 2
    sys.stdout.write("\n".join(told(report, compared=elsewhere is not None)) + "\n")
    return CHANGED if report.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

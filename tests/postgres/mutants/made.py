"""Makes mutants: one a protection that the SQL spells out, each with that protection gone.

Every condition of a WHERE is made true, every ON CONFLICT ... DO NOTHING, CHECK and FOR UPDATE is taken away,
in arm, settle and booking (migrations), and in claiming, storing, reaping and receipts (`router.postgres`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.house.tree import TOP

MIGRATIONS = ("0001_house.sql", "0002_arm_and_settle.sql", "0003_sweep.sql")
STATEMENTS = (
    "inbox:_STORE", "inbox:_OWNERS", "inbox:_WHOLE", "inbox:_CLAIM", "inbox:_PARTS", "inbox:_FINISH",
    "inbox:_MET", "inbox:_CONSENT", "upkeep:_DUE", "upkeep:_EXPIRE", "upkeep:_REAP", "receipts:_STORE",
    "parked:_DUE", "parked:_PLAIN", "parked:_FIND", "parked:_APPLIED", "parked:_PUT_OFF",
)  # fmt: skip
"""`module:constant` below router/postgres."""

_TABLES = {"inbound", "reply", "texter", "attempt", "receipt", "purse", "purse_window", "ledger"}
_FUNCTIONS = {"arm", "settle", "book_received"}
_ENDS = re.compile(
    r"\b(?:RETURNING|ORDER BY|GROUP BY|LIMIT|FOR (?:NO KEY )?UPDATE|FOR SHARE|ON CONFLICT|UNION|LOOP)\b|;|--"
)
_LOCK = re.compile(r"FOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?|FOR SHARE OF \w+")
_CONFLICT = re.compile(r"ON CONFLICT(?: \([^)]*\))? DO NOTHING")
_WORD = re.compile(r"[A-Za-z_]+|\d+|\S|\s+")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Args:
        place: A migration's file name, or `module:constant` below router/postgres.
        start: Where in its text.
        end: Likewise.
        new: What stands there instead.
        name: What is gone, in its own words; unique.
    """

    place: str
    start: int
    end: int
    new: str
    name: str

    def of(self, text: str) -> str:
        """The changed text."""
        return text[: self.start] + self.new + text[self.end :]


def text_of(place: str) -> str:
    """What is there now."""
    if place.endswith(".sql"):
        return (TOP / "migrations" / place).read_text(encoding="utf-8")
    module, _, name = place.partition(":")
    said: str = getattr(import_module(f"router.postgres.{module}"), name)
    return said


def mutants() -> list[Mutant]:
    """All of them, in the order of their places."""
    found: dict[str, Mutant] = {}
    for place in (*MIGRATIONS, *STATEMENTS):
        text = text_of(place)
        for start, end, new, what in _changes(place, text):
            name = label = f"{place}: {what}"
            times = 1
            while name in found:
                times += 1
                name = f"{label} #{times}"
            found[name] = Mutant(place, start, end, new, name)
    return list(found.values())


def _changes(place: str, text: str) -> Iterator[tuple[int, int, str, str]]:
    for first, last in _parts(place, text):
        part = text[first:last]
        for start, end in _conditions(part):
            words = _squeezed(part[start:end])
            if words not in {"true", "false"}:
                yield first + start, first + end, " true ", f"WHERE {words}"
        for pattern in (_LOCK, _CONFLICT):
            for match in pattern.finditer(part):
                yield (
                    first + match.start(),
                    first + match.end(),
                    "",
                    _squeezed(match[0]) + _after(part, match),
                )
        for match in re.finditer(r"\bCHECK \(", part):
            end = _closing(part, match.end())
            yield first + match.end(), first + end, "true", f"CHECK ({_squeezed(part[match.end() : end])})"


def _parts(place: str, text: str) -> Iterator[tuple[int, int]]:
    """What of a text is ours to change: the tables and functions of texts and money; of others nothing."""
    if not place.endswith(".sql"):
        yield 0, len(text)
        return
    for match in re.finditer(
        r"^CREATE (TABLE|UNIQUE INDEX|FUNCTION) (\w+)(?: ON (\w+))?", text, re.MULTILINE
    ):
        kind, name, of = match.groups()
        if (of or name) in _TABLES | _FUNCTIONS:
            yield match.start(), text.index("END $$;" if kind == "FUNCTION" else ";", match.start())


def _conditions(part: str) -> Iterator[tuple[int, int]]:
    """Each condition that a WHERE joins by AND, in brackets or not."""
    for match in re.finditer(r"\bWHERE\b", part):
        depth, start, place, cases, between = 0, match.end(), match.end(), 0, False
        for word in _WORD.finditer(part, match.end()):
            said, place = word[0], word.start()
            depth += (said in "([") - (said in ")]") if len(said) == 1 else 0
            cases += (said == "CASE") - (said == "END")
            if depth < 0 or (depth == 0 and cases == 0 and _ENDS.match(part, place)):
                break
            between |= said == "BETWEEN"
            if said == "AND" and depth == 0 and cases == 0:
                if between:
                    between = False
                    continue
                yield start, place
                start = word.end()
            place = word.end()
        yield start, place


def _closing(part: str, start: int) -> int:
    depth = 1
    for place in range(start, len(part)):
        depth += (part[place] == "(") - (part[place] == ")")
        if depth == 0:
            return place
    raise ValueError("a bracket never closes")


def _after(part: str, match: re.Match[str]) -> str:
    """Which one it is: the last thing named before it."""
    before = re.findall(r"(?:INSERT INTO|FROM|UPDATE|JOIN) (\w+)", part[: match.start()])
    return f" ({before[-1]})" if before else ""


def _squeezed(words: str) -> str:
    return " ".join(re.sub(r"--.*", "", words).split())


if __name__ == "__main__":
    for each in mutants():
        print(each.name)
    print(len(mutants()), Path(__file__).name)

"""`python -m tests.mutation`: how many changes of the Python that decides, books and verifies are noticed.

    pip install mutmut
    python -m tests.mutation                    every place, and REPORT.md written anew
    python -m tests.mutation budget failover    some of them; their lines of REPORT.md are written anew

mutmut changes a copy of the repository, in a folder of its own. What no test of the place reaches counts as
not noticed. Exit code 1: a place is below 85 %.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.faults.__main__ import commit
from tests.house.tree import TOP

REPORT = Path(__file__).with_name("REPORT.md")
LEAST = 85
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "mutants", "__pycache__", ".*_cache", "node_modules")


class Place(NamedTuple):
    """A file, and the tests that should notice what changes in it."""

    file: str
    tests: tuple[str, ...]


def _rule(name: str) -> Place:
    return Place(f"router/rules/{name}.py", (f"tests/rules/test_{name}.py",))


_VONAGE = "tests/providers/vonage/test_{}.py"
PLACES = {
    **{
        name: _rule(name)
        for name in ("budget", "answer", "failover", "caps", "senders", "consent", "ramp", "proof")
    },
    "ledger": Place(
        "router/postgres/ledger.py",
        tuple(f"tests/postgres/test_{part}.py" for part in ("arm", "settle", "caps")),
    ),
    "twilio": Place(
        "providers/twilio/proof.py",
        tuple(f"tests/providers/test_twilio{part}.py" for part in ("_proof", "", "_reading")),
    ),
    "ovh": Place(
        "providers/ovh/account.py",
        tuple(f"tests/providers/test_ovh{part}.py" for part in ("_calls", "_tokens", "", "_texts")),
    ),
    "vonage-sms": Place(
        "providers/vonage/sms.py",
        tuple(_VONAGE.format(part) for part in ("sms_proof", "sms", "incoming")),
    ),
    "vonage-messages": Place(
        "providers/vonage/messages.py",
        tuple(_VONAGE.format(part) for part in ("messages_proof", "messages", "incoming")),
    ),
}


class Found(NamedTuple):
    """What became of the changes of a place."""

    noticed: int
    unreached: int
    survivors: tuple[str, ...]

    @property
    def score(self) -> float:
        """Per cent of those that are noticed."""
        return 100 * self.noticed / max(1, self.noticed + self.unreached + len(self.survivors))


def run(place: Place) -> Found:
    """Let mutmut change one file.

    Raises:
        RuntimeError: It did not come to its end; with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="paravent-mutation-") as folder:
        copy = Path(folder) / "paravent"
        shutil.copytree(TOP, copy, ignore=_NOT_COPIED)
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
            settings.write(_settings(place))
        done = _mutmut(copy, "run")
        listed = _mutmut(copy, "results", "--all", "true")
    statuses = re.findall(r"^\s+(\S+): (.+?)\s*$", listed, re.MULTILINE)
    if not statuses:
        raise RuntimeError(f"mutmut found nothing in {place.file}: {done[-2000:]}")
    count = Counter(status for _, status in statuses)
    return Found(
        sum(count[status] for status in ("killed", "timeout", "segfault", "caught by type check")),
        count["no tests"],
        tuple(name for name, status in statuses if status in {"survived", "suspicious"}),
    )


def _settings(place: Place) -> str:
    return f"""
[tool.mutmut]
source_paths = ["router", "providers"]
only_mutate = ["{place.file}"]
also_copy = ["migrations", "deploy", "pyproject.toml", "README.md", "CHANGELOG.md"]
pytest_add_cli_args_test_selection = {list(place.tests)}
pytest_add_cli_args = ["-n", "0", "-p", "no:cacheprovider"]
"""


def _mutmut(copy: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words], cwd=copy, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def line(name: str, found: Found) -> str:
    """A row of the report."""
    alive = ", ".join(f"`{_short(each)}`" for each in found.survivors)
    return (
        f"| {name} | `{PLACES[name].file}` | {found.noticed} | {found.unreached} | {len(found.survivors)} "
        f"| {found.score:.0f} % | {datetime.now(UTC):%Y-%m-%d}, {commit()[:12]} | {alive} |"
    )


def _short(mutant: str) -> str:
    return (
        mutant.rpartition(".")[2].removeprefix("x").replace("ǁ", ".").lstrip("._").replace("__mutmut_", " ")
    )


def report(lines: dict[str, str]) -> str:
    """In Markdown: the rows that were there, and those that are new."""
    kept = {name: row for name in PLACES if (row := lines.get(name) or _known(name))}
    left = [name for name in PLACES if name not in kept]
    return "\n".join(
        [
            "# Mutants of the Python that decides, books and verifies",
            "",
            "`python -m tests.mutation`, place by place. The score is of all, also of what is not reached.",
            "",
            "| place | file | noticed | not reached | survive | score | run | who survives |",
            "|---|---|---|---|---|---|---|---|",
            *kept.values(),
            *(["", f"Not run yet: {', '.join(left)}."] if left else []),
            "",
        ]
    )


def _known(name: str) -> str:
    if not REPORT.exists():
        return ""
    rows = REPORT.read_text(encoding="utf-8").splitlines()
    return next((row for row in rows if row.startswith(f"| {name} |")), "")


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("places", nargs="*", choices=[*PLACES, []], metavar="place", help=", ".join(PLACES))
    worst = 100.0
    for name in parser.parse_args(words).places or PLACES:
        found = run(PLACES[name])
        row = line(name, found)
        print(row, flush=True)
        REPORT.write_text(report({name: row}), encoding="utf-8")
        worst = min(worst, found.score)
    return worst < LEAST


if __name__ == "__main__":
    raise SystemExit(main())

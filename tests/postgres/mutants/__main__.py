"""`python -m tests.postgres.mutants`: every mutant of the SQL, and the test that notices it.

    python -m tests.postgres.mutants                      all of them, and REPORT.md written anew
    python -m tests.postgres.mutants --like "0002*FOR*"   some of them, and nothing written

Each runs in a process of its own, on a database of its own. `--found FILE` keeps what was found, and goes on
from there. Exit code 1: somebody survived who is not known to be equivalent (equivalent.toml).
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.__main__ import commit
from tests.house.tree import TOP
from tests.postgres.mutants.applied import NAMED_BY
from tests.postgres.mutants.made import Mutant, mutants

HERE = Path(__file__).parent
EQUIVALENT: dict[str, str] = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))
TESTS = {
    "0001": "books inbox settle parked",
    "0002": "arm settle late_proof neighbours locks books together plans ledger_machine",
    "0003": "neighbours locks receiving_cost",
    "inbox": "inbox neighbours order locks desk together plans ledger_machine",
    "upkeep": "upkeep reaped neighbours locks plans ledger_machine",
    "receipts": "parked",
    "parked": "parked neighbours locks",
}
"""Files of tests/postgres that know a place, by the beginning of its name, the quickest first."""
SURVIVED, NO_SQL = "", "it is no SQL"
_LONGEST = 240
_HONEST = "not without and not control and not notices and not do_not"
"""Controls take protections away by themselves, and may fail for it."""


def killer(mutant: Mutant, names: str = "") -> str:
    """The test that notices a mutant; `SURVIVED`, or `NO_SQL` where no database could be made.

    `names` are other files than those of `TESTS`.
    """
    names = names or next(names for known, names in TESTS.items() if mutant.place.startswith(known))
    files = [f"tests/postgres/test_{name}.py" for name in names.split()]
    command = [
        sys.executable, "-m", "pytest", "-p", "tests.postgres.mutants.applied", "-p", "no:cacheprovider",
        "-x", "-q", "-n", "0", "--no-header", "-k", _HONEST, *files,
    ]  # fmt: skip
    environment = {**os.environ, NAMED_BY: mutant.name, "PARAVENT_LEDGER_AUDITED": "4000"}
    try:
        done = subprocess.run(
            command, cwd=TOP, env=environment, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        return "it never ends"
    failed = re.search(r"^FAILED tests/postgres/(.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if failed is not None:
        return failed[1]
    after = re.search(r"ERROR at teardown of (\S+)", done.stdout)
    if after is not None:
        return f"the audit after {after[1]}"
    return NO_SQL if re.search(r"^ERROR ", done.stdout, re.MULTILINE) else SURVIVED


def report(found: dict[str, str], of: int) -> str:
    """In Markdown: what was found, of so many mutants."""
    killed = {name: test for name, test in found.items() if test not in {SURVIVED, NO_SQL}}
    alive = [name for name, test in found.items() if test == SURVIVED and name not in EQUIVALENT]
    told = (
        f"of {of} changes {len(killed)} are noticed, {len(EQUIVALENT)} change nothing, {len(alive)} survive"
    )
    rest = of - len(killed) - len(EQUIVALENT) - len(alive)
    lines = [
        "# SQL mutants", "",
        f"`python -m tests.postgres.mutants`, {datetime.now(UTC):%Y-%m-%d}, commit {commit()}:",
        f"{told}, {rest} were not run.", "",
        "| what is gone | noticed by |", "|---|---|",
        *(f"| `{_cell(name)}` | `{test}` |" for name, test in sorted(killed.items())),
        *(f"| `{_cell(name)}` | changes nothing: {why} |" for name, why in sorted(EQUIVALENT.items())),
        *(f"| `{_cell(name)}` | **nobody** |" for name in sorted(alive)),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _cell(name: str) -> str:
    return name.replace("|", "\\|")


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.postgres.mutants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--like", default="*", help="only those whose name fits, as a shell would match it")
    parser.add_argument("--found", type=Path, help="keep what is found here, and go on from there")
    parser.add_argument("--most", type=int, default=10_000, help="so many in this run")
    given = parser.parse_args(words)
    known: dict[str, str] = {}
    if given.found and given.found.exists():
        known = json.loads(given.found.read_text())
    wanted = [each for each in mutants() if fnmatch.fnmatchcase(each.name, given.like)]
    todo = [each for each in wanted if each.name not in known and each.name not in EQUIVALENT]
    for mutant in todo[: given.most]:
        known[mutant.name] = killer(mutant)
        print(f"{mutant.name}: {known[mutant.name] or 'SURVIVED'}", flush=True)
        if given.found:
            given.found.write_text(json.dumps(known, indent=1) + "\n")
    if given.like == "*":
        (HERE / "REPORT.md").write_text(report(known, len(wanted)), encoding="utf-8")
    return any(known.get(each.name) == SURVIVED for each in wanted)


if __name__ == "__main__":
    raise SystemExit(main())

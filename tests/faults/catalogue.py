"""The catalogue of faults as a table: `python -m tests.faults.catalogue` writes it into README.md anew."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- the table: python -m tests.faults.catalogue -->\n", "<!-- end of the table -->\n"
NAMES = tuple(f"{kind}{n}" for kind, most in (("F", 14), ("O", 14), ("S", 18)) for n in range(1, most + 1))


class Fault(NamedTuple):
    """One fault.

    Args:
        fault: In a few words.
        promise: What holds all the same.
        test: `file::function[case]` below tests/, of the suite.
        control: The same with the protection off, which must fail; likewise.
    """

    fault: str
    promise: str
    test: str
    control: str


_WRITTEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FAULTS: Mapping[str, Fault] = {name: Fault(**said) for name, said in _WRITTEN.items()}
"""Every fault that is shown."""

MISSING: Mapping[str, str] = {}
"""Those that are not, or not wholly."""


def table() -> str:
    """The table, in Markdown."""
    rows = ["| | fault | promise | test | control, which fails |", "|---|---|---|---|---|"]
    for name in NAMES:
        if name in FAULTS:
            one = FAULTS[name]
            rows.append(f"| {name} | {one.fault} | {one.promise} | `{one.test}` | `{one.control}` |")
        else:
            rows.append(f"| {name} | **not shown:** {MISSING[name]} | | | |")
    return "\n".join(rows) + "\n"


def written(readme: str) -> str:
    """The README with its table made anew."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")

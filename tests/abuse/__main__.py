"""Prints the figures of the abuse rules: `python -m tests.abuse`; most of an hour of one core."""

from __future__ import annotations

import argparse
import sys

from tests.abuse.figures import everything

MARKS = {True: "good", False: "MISSED", None: "as it is"}


def main() -> int:
    """Print every figure; 1 if a target is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--first", type=int, default=20_171_124, help="the first seed")
    options.add_argument("--seeds", type=int, default=8, help="seeds of each raid")
    options.add_argument("--weekends", type=int, default=24, help="viral weekends")
    options.add_argument("--scale", type=float, default=1.0, help="part of the texts")
    asked = options.parse_args()
    missed = 0
    for figure in everything(asked.first, asked.seeds, asked.weekends, asked.scale):
        missed += figure.good is False
        print(f"{figure.name}: {figure.said} [{MARKS[figure.good]}]", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())

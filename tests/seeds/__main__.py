"""`python -m tests.seeds --first 1 --seeds 5000`: nights and gatherings by seed; or one, `--seed 17`, again.

Exit code 1: some seed showed harm; it is printed, and shows it again.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence

from tests.seeds import gathering, house

ROOMS: dict[str, Callable[[int], list[str]]] = {"night": house.replay, "gathering": gathering.replay}


def search(room: str, seeds: Sequence[int]) -> dict[int, list[str]]:
    """What seeds show, of those that show anything."""
    return {seed: said for seed in seeds if (said := ROOMS[room](seed))}


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.seeds", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--first", type=int, default=0, help="the first seed; 0")
    parser.add_argument("--seeds", type=int, default=5_000, help="how many of each; 5000")
    parser.add_argument("--seed", type=int, help="this one alone")
    given = parser.parse_args(words)
    logging.disable()
    seeds = range(given.first, given.first + given.seeds) if given.seed is None else [given.seed]
    found = {room: search(room, seeds) for room in ROOMS}
    for room, harmful in found.items():
        print(f"{room}: {len(seeds):,} seeds, {len(harmful)} show harm")
        for seed, said in harmful.items():
            print(f"  {room} {seed}: {', '.join(said)}")
    return any(found.values())


if __name__ == "__main__":
    raise SystemExit(main())

"""Texts written apart from the seeds: `python -m tests.abuse.strange` says how they are judged.

They were split in two halves before anybody looked at a score. Rules and seeds may learn from the first. Of
the second only counts are printed, and nothing is ever changed for a text of it: looking spoils the figure.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from router.rules.abuse import FLAGGED, SUSPICIOUS, Model, score
from tests.abuse.train import auroc

ROOM = Path(__file__).parent / "strangers"
"""A file a class, a text a line."""

SWEARING = ROOM / "swearing"
"""The same of kind texts that swear or quote, and of insults with a kind word beside them."""

KIND = ("opener", "supporter", "report")
"""Classes that may not be flagged."""


class Strange(NamedTuple):
    """One text: its class, and whether it is of the half that is only reported on."""

    text: str
    kind: str
    blind: bool

    @property
    def abusive(self) -> bool:
        """Its label."""
        return self.kind not in KIND


def strange(*, blind: bool, room: Path = ROOM) -> list[Strange]:
    """One half of a room's texts."""
    found = [
        Strange(text, path.stem, bool(crc32(text.encode()) & 1))
        for path in sorted(room.glob("*.txt"))
        for text in path.read_text("utf-8").splitlines()
    ]
    return [each for each in found if each.blind is blind]


def told(texts: Sequence[Strange], model: Model | None = None) -> dict[str, str]:
    """By class: how many are flagged, and how many count towards a raid; AUROC over all of them."""
    values = [(each, score(each.text, model).value) for each in texts]
    figures = {}
    for kind in sorted({each.kind for each in texts}):
        mine = [value for each, value in values if each.kind == kind]
        flagged, counted = (sum(value >= line for value in mine) for line in (FLAGGED, SUSPICIOUS))
        figures[kind] = f"flagged {flagged} of {len(mine)} ({flagged / len(mine):.1%}), counted {counted}"
    bad, good = ([value for each, value in values if each.abusive is side] for side in (True, False))
    return figures | {"AUROC": f"{auroc(bad, good):.3f}"}


def main() -> None:
    """Print both halves of both rooms; of the first halves also which texts are judged wrongly."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--wrong", action="store_true", help="show what is wrong in the first halves")
    asked = options.parse_args()
    for room in (ROOM, SWEARING):
        for blind in (False, True):
            print(f"{room.name}, {'only reported on' if blind else 'to work with'}:")
            for kind, said in told(strange(blind=blind, room=room)).items():
                print(f"  {kind:10} {said}")
        for each in strange(blind=False, room=room) if asked.wrong else ():
            value = score(each.text).value
            if (value >= FLAGGED) is not each.abusive:
                print(f"{value:.2f} {each.kind:10} {each.text}")


if __name__ == "__main__":
    main()

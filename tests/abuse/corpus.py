"""What the model learns from and is judged on: public data beside the checkout, and the grown seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.abuse.growth import families

SHARED = Path(__file__).parents[3] / "shared" / "data" / "abuse"
"""Beside the checkout; the texts may not be copied into it (their authors' rights), weights may."""

WEIGHTS = {
    "seeds": 3.0,
    "sms_seed": 1.0,
    "mlma_fr": 1.0,
    "ftr_fr": 1.0,
    "mlma_en": 0.3,
    "davidson_en": 0.15,
    "hatemoji_build_en": 0.3,
    "uci_sms_ham_en": 0.7,
}
"""How much a text of each source counts: French and SMS first, English Twitter last."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Args:
        text: As written.
        abusive: Its label.
        source: The file it is from, ``seeds`` for our own.
        test: Kept from training.
        kind: Of our own seeds, what it is.
        family: Of our own seeds, the line it grew from.
    """

    text: str
    abusive: bool
    source: str
    test: bool
    kind: str = ""
    family: str = ""


def public() -> list[Example]:
    """The data beside the checkout, by their own split."""
    return [
        Example(row["text"], bool(row["label"]), row["source"], row["split"] == "test")
        for file in sorted(SHARED.glob("*.jsonl"))
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    ]


def grown(seed: int, per_family: int = 30) -> list[Example]:
    """Our own seeds, grown; the unseen families are the test."""
    random = Random(seed)
    found: dict[str, Example] = {}
    for family in families():
        for text in family.texts(random, per_family):
            example = Example(text, family.abusive, "seeds", family.unseen, family.kind, family.line)
            found.setdefault(text, example)
    return list(found.values())

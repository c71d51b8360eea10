"""How abusive a text looks: the lists first, then a small model of its letters.

House rule: a score never refuses an answer; it ranks who waits in a raid, and is counted. How well the model
does is told in ABUSE_MODEL.md beside this file; `python -m tests.abuse.train` makes it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from math import exp, log, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from router.rules.answer import Score
from router.rules.lexicon import Sense, beside, of_them, sense
from router.rules.spelling import ends, spell

BUCKETS_BITS = 17
"""Two to the power of this many weights."""

SHORTEST, LONGEST = 2, 6
"""Letters of the pieces that the model looks at."""

Places: TypeAlias = NDArray[np.uint32]

_STEP = 0x9E3779B1
_POWERS = np.array(
    [
        [pow(_STEP, size - 1 - place, 1 << 32) if place < size else 0 for place in range(LONGEST)]
        for size in range(SHORTEST, LONGEST + 1)
    ],
    np.uint32,
)
_BEYOND = "\0" * (LONGEST - 1)
_MIX = np.uint32(0x85EBCA6B)
_SHIFT = np.uint32(32 - BUCKETS_BITS)
_FIFTEEN = np.uint32(15)
_FILE = "abuse.weights"
_CERTAIN = 12.0
_READ = 1_000


class Model(NamedTuple):
    """The weights as they are kept: one byte each.

    Args:
        scale: What one unit of a weight is worth.
        bias: Logit of a text without letters; the text is flagged above a logit of 0.
        weights: int8, one per bucket.
    """

    scale: float
    bias: float
    weights: NDArray[np.int8]

    def packed(self) -> bytes:
        """The file: scale and bias as little-endian float32, then the weights."""
        return np.array([self.scale, self.bias], "<f4").tobytes() + self.weights.astype(np.int8).tobytes()

    @staticmethod
    def unpacked(packed: bytes) -> Model:
        """The reverse of `packed`."""
        scale, bias = np.frombuffer(packed, "<f4", 2)
        weights = np.frombuffer(packed, np.int8, offset=8)
        if len(weights) != 1 << BUCKETS_BITS:
            raise ValueError(f"a model of {1 << BUCKETS_BITS} weights is wanted, not of {len(weights)}")
        return Model(float(scale), float(bias), weights)


@cache
def shipped() -> Model:
    """The model of this release, read at first use: it is part of the code, kept as data."""
    return Model.unpacked(files("router.rules").joinpath(_FILE).read_bytes())


def places(spelt: str) -> Places:
    """Where the weights of a text's pieces are: every run of 2 to 6 letters, spaces included, hashed.

    Args:
        spelt: As `router.rules.spelling.spell` spells it.
    """
    text = f" {spelt.strip()} "
    letters = f"{text}{_BEYOND}".encode("utf-32-le", "surrogatepass")
    # A column is a letter and the five after it; a row of the product is all pieces of one size.
    columns = np.ndarray((LONGEST, len(text)), np.uint32, letters, strides=(4, 4))
    pieces: Places = (_POWERS @ columns).take(_whole(len(text)))
    return ((pieces ^ (pieces >> _FIFTEEN)) * _MIX) >> _SHIFT


@lru_cache(maxsize=160)
def _whole(length: int) -> NDArray[np.intp]:
    """Which pieces do not reach beyond a text of so many letters, row by row."""
    rows = range(LONGEST - SHORTEST + 1)
    return np.concatenate([np.arange(length - row - SHORTEST + 1) + row * length for row in rows])


def score(body: str, model: Model | None = None) -> Score:
    """How abusive a text looks, 0.0 to 1.0; from 0.5 on it is flagged, and the tier says by whom.

    Args:
        body: As received; nothing in it raises.
        model: Another one than the shipped one.
    """
    return judge(spell(body), model)


def judge(spelt: str, model: Model | None = None) -> Score:
    """`score` of a text that is spelt already, for who needs its spelling too."""
    chosen = model or shipped()
    meant = sense(spelt)
    said = max(-_CERTAIN, min(_CERTAIN, logit_of(spelt, chosen) + meant.value))
    if meant is Sense.SIDING:
        meant, said = _sided(spelt, chosen, said)
    if meant is Sense.ABUSE:
        said = max(said, 0.1 + said / 100)
    elif meant in {Sense.TOLD, Sense.NAMED}:
        said = (-0.15 if meant is Sense.TOLD else -0.55) + said / 100
    elif meant in {Sense.KIND, Sense.PHRASE}:
        said = min(said, -1.0 + said / 100)
    value = 1.0 / (1.0 + exp(-said))
    if value < FLAGGED:
        return Score(value, "none")
    return Score(value, "lexicon" if meant is Sense.ABUSE else "model")


def _sided(spelt: str, model: Model, said: float) -> tuple[Sense, float]:
    """A cheer is no pass: what stands beside it is judged as if it stood alone, unless it is for others."""
    rest = beside(spelt)
    own = logit_of(rest, model) if rest.strip() else -_CERTAIN
    if own < logit(SUSPICIOUS):
        return Sense.PHRASE, said
    return (Sense.TOLD, said) if of_them(rest) else (Sense.UNKNOWN, max(-_CERTAIN, min(_CERTAIN, own)))


FLAGGED = 0.5
"""From this value on a text counts as flagged."""

SUSPICIOUS = 1 / 3
"""From this value on a text counts towards a raid: what is usual is learnt, so errors cost less there."""


def logit_of(spelt: str, model: Model) -> float:
    """What the model alone makes of a spelt text, as log odds against its own threshold.

    Of a text of more than 1,000 letters it reads both ends: only the lists are worth reading all of it.
    """
    found = places(ends(spelt, _READ))
    return model.bias + model.scale * int(np.add.reduce(model.weights.take(found), dtype=np.int64)) / sqrt(
        len(found)
    )


def logit(value: float) -> float:
    """A score as log odds, the shape in which scores add up."""
    bounded = min(max(value, 1e-6), 1 - 1e-6)
    return log(bounded / (1 - bounded))

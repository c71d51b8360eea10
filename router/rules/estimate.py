"""How large a share of the texts is abusive, given that the detector errs: a number with its interval.

House rule: no share without an interval. The way back from flagged to abusive is Rogan and Gladen's (1978,
Am. J. Epidemiol. 107): (flagged + specificity - 1) / (sensitivity + specificity - 1), by labelled texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

WINDOW = timedelta(hours=24)
"""The share is that of the texts of this time, or of the raid if one began since."""

WIDEST = 0.6
"""An interval wider than this says nothing, and no share is told by it."""

DRAWS = 20_000
"""Draws of the three unknowns behind an interval."""


class Label(StrEnum):
    """What a person says of a text; who is unsure leaves it out of all figures."""

    ABUSIVE = "abusive"
    FINE = "fine"
    UNSURE = "unsure"


class Reviewing(BaseModel):
    """Section ``[review]``: the texts that people look at."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    per_day: int = Field(default=30, ge=0, le=1_000, description="Texts of a day, drawn at random. 0: none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Texts that a person labelled, by what the detector had said. Keep one for calm and one for raids.

    Args:
        caught: Abusive and flagged.
        missed: Abusive, not flagged.
        wronged: Not abusive, flagged.
        passed: Not abusive, not flagged.
    """

    caught: int = 0
    missed: int = 0
    wronged: int = 0
    passed: int = 0

    @property
    def count(self) -> int:
        """How many texts were labelled."""
        return self.caught + self.missed + self.wronged + self.passed

    def __add__(self, other: Labels) -> Labels:
        """Both together."""
        return Labels(
            caught=self.caught + other.caught,
            missed=self.missed + other.missed,
            wronged=self.wronged + other.wronged,
            passed=self.passed + other.passed,
        )


class Share(NamedTuple):
    """The estimated share of abusive texts and its 95 % interval, all 0.0 to 1.0."""

    value: float
    low: float
    high: float


@lru_cache(maxsize=16)
def estimate(flagged: int, texts: int, here: Labels, elsewhere: Labels | None = None) -> Share:
    """The share of abusive texts among `texts`, of which `flagged` were flagged.

    Sensitivity, specificity and the share of flagged texts are drawn from what is known of each, and Rogan
    and Gladen's share is taken of each draw. Labels of these very texts say something of the share itself:
    draws count by how well they agree. The draws are fixed: the same counts always give the same answer.

    Args:
        flagged: Flagged texts of the window.
        texts: All texts of the window.
        here: Labels of texts drawn at random from this window.
        elsewhere: Labels from other windows of the same mode: they tell of the detector, not of the share.
    """
    if not 0 <= flagged <= texts:
        raise ValueError("flagged texts are some of the texts")
    known = here + (elsewhere or Labels())
    random = np.random.default_rng(1978)
    sensitivity = random.beta(known.caught + 1, known.missed + 1, DRAWS)
    specificity = random.beta(known.passed + 1, known.wronged + 1, DRAWS)
    share_flagged = random.beta(flagged + 0.5, texts - flagged + 0.5, DRAWS)
    sharpness = sensitivity + specificity - 1
    useful = sharpness > 0
    with np.errstate(divide="ignore"):
        share = np.where(useful, (share_flagged + specificity - 1) / sharpness, -1.0)
    possible = useful & (share > 0) & (share < 1)
    if not possible.any():
        return Share(flagged / texts if texts else 0.0, 0.0, 1.0)
    share = share[possible]
    abusive, others = here.caught + here.missed, here.wronged + here.passed
    likely = abusive * np.log(share) + others * np.log1p(-share) - np.log(sharpness[possible])
    return _summed_up(share, np.exp(likely - likely.max()))


def known(flagged: int, texts: int, here: Labels, elsewhere: Labels) -> Share | None:
    """The share as `estimate` has it; None as long as it cannot be told.

    That is without a text, without a label, and while the interval is wider than `WIDEST`.
    """
    if not texts or not (here + elsewhere).count:
        return None
    share = estimate(flagged, texts, here, elsewhere)
    return share if share.high - share.low <= WIDEST else None


def blurred(body: str) -> str:
    """The shape of a text without its words: nobody has to read what they do not want to."""
    return "".join("\n" if each == "\n" else " " if each.isspace() else "•" for each in body[:_SHOWN])


_SHOWN = 320


def _summed_up(share: NDArray[np.float64], weight: NDArray[np.float64]) -> Share:
    order = np.argsort(share)
    share, reached = share[order], np.cumsum(weight[order]) / weight.sum()
    low, middle, high = (float(share[np.searchsorted(reached, at)]) for at in (0.025, 0.5, 0.975))
    return Share(middle, low, high)

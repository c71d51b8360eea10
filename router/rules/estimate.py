"""How large a share of the texts is abusive, given that the detector errs: a number with its interval.

House rule: no share without an interval. Labels of these very texts are counted apart for flagged and
unflagged ones, so that the detector may be as bad as it likes. Labels of other days tell of the detector
alone: their way from flagged to abusive is Rogan and Gladen's (1978, Am. J. Epidemiol. 107), (flagged +
specificity - 1) / (sensitivity + specificity - 1). Nothing is drawn at random: Beta laws are taken at their
quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from math import lgamma
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

WINDOW = timedelta(hours=24)
"""The share is that of the texts of this time, or of the raid if one began since."""

WIDEST = 0.6
"""An interval wider than this says nothing, and no share is told by it."""

DRIFT = 0.005
"""The chance, before anything is counted, that the detector is not what it was on other days."""


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

    The detector is what it was on other days, or it has changed (see `DRIFT`) and these texts' labels speak
    alone: both are weighed by how well they explain what is counted, as Bayes has it. The same counts always
    give the same answer, in about a millisecond, or eight with labels of other days.

    Args:
        flagged: Flagged texts of the window.
        texts: All texts of the window.
        here: Labels of texts drawn at random from this window.
        elsewhere: Labels of texts drawn at random from other windows of the same mode.
    """
    if not 0 <= flagged <= texts:
        raise ValueError("flagged texts are some of the texts")
    if elsewhere is None or not elsewhere.count:
        cells = _by_flag(np.array([flagged / texts if texts else 0.0]), here, 128)
        return _summed_up(cells, np.ones_like(cells[0]))
    part = _beta(flagged, texts - flagged, 8)
    cells = np.hstack([_by_detector(part, elsewhere, 48), _by_flag(part, here, 48)])
    return _summed_up(cells, _weight(np.maximum(cells, _TINY), here, elsewhere))


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


_Floats: TypeAlias = NDArray[np.float64]

_TINY = 1e-300


def _by_flag(part: _Floats, here: Labels, points: int) -> _Floats:
    """What may be, by labels of these texts: parts that are caught, missed, wronged, passed, one row each.

    Args:
        part: What may be flagged.
        here: See `estimate`.
        points: Of each other unknown.
    """
    part = part[:, None, None]
    flagged = _beta(here.caught, here.wronged, points)[:, None]
    others = _beta(here.missed, here.passed, points)
    return _rows(part * flagged, (1 - part) * others, part * (1 - flagged), (1 - part) * (1 - others))


def _by_detector(part: _Floats, elsewhere: Labels, points: int) -> _Floats:
    """The same, by a detector that errs as it did on other days; what cannot be is left out."""
    sensitivity = _beta(elsewhere.caught, elsewhere.missed, points)[:, None]
    specificity = _beta(elsewhere.passed, elsewhere.wronged, points)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (part[:, None, None] + specificity - 1) / (sensitivity + specificity - 1)
    cells = _rows(
        share * sensitivity,
        share * (1 - sensitivity),
        (1 - share) * (1 - specificity),
        (1 - share) * specificity,
    )
    sharp = np.broadcast_to(sensitivity + specificity > 1, share.shape).ravel()
    return cells[:, sharp & (share.ravel() > 0) & (share.ravel() < 1)]


def _weight(cells: _Floats, here: Labels, elsewhere: Labels) -> _Floats:
    """How much each point counts: what is held of it, by how thickly both witnesses laid points there."""
    caught, missed, wronged, passed = np.log(cells)
    abusive, fine = np.log(cells[0] + cells[1]), np.log(cells[2] + cells[3])
    flagged, others = np.log(cells[0] + cells[2]), np.log(cells[1] + cells[3])
    detector = _log_beta(caught - abusive, missed - abusive, elsewhere.caught, elsewhere.missed)
    detector += _log_beta(passed - fine, wronged - fine, elsewhere.passed, elsewhere.wronged) - abusive - fine
    labels, before = (
        _log_beta(caught - flagged, wronged - flagged, said.caught, said.wronged)
        + _log_beta(missed - others, passed - others, said.missed, said.passed)
        for said in (here, Labels())
    )
    sharpness = np.exp(caught - abusive) + np.exp(passed - fine) - 1
    detector[sharpness <= 0] = -np.inf
    changed = labels - flagged - others
    unchanged = detector + labels - before
    laid = np.logaddexp(detector + np.log(np.maximum(sharpness, _TINY)), changed)
    held = np.logaddexp(np.log1p(-DRIFT) + unchanged, np.log(DRIFT) + changed) - laid
    return np.asarray(np.exp(held - held.max()))


def _rows(*cells: _Floats) -> _Floats:
    return np.stack([each.ravel() for each in np.broadcast_arrays(*cells)])


def _beta(yes: int, no: int, points: int) -> _Floats:
    """Quantiles of what is held of a share after so many of both, Jeffreys' prior before, in order.

    Summed over the log odds: there the law has one smooth hill, however extreme the counts.
    """
    a, b = yes + 0.5, no + 0.5
    spread = np.sqrt(1 / a + 1 / b + 0.5 / a**2 + 0.5 / b**2)
    odds = np.log(a / b) + spread * np.linspace(-12, 12, 2_001)
    log = -a * np.logaddexp(0, -odds) - b * np.logaddexp(0, odds)
    hill = np.exp(log - log.max())
    reached = (np.cumsum(hill) - hill / 2) / hill.sum()
    return np.asarray(1 / (1 + np.exp(-np.interp((np.arange(points) + 0.5) / points, reached, odds))))


def _log_beta(share: _Floats, rest: _Floats, yes: int, no: int) -> _Floats:
    """How thick that law is at a share, all by their logarithms."""
    a, b = yes + 0.5, no + 0.5
    return np.asarray((a - 1) * share + (b - 1) * rest + lgamma(a + b) - lgamma(a) - lgamma(b))


def _summed_up(cells: _Floats, weight: _Floats) -> Share:
    share = cells[0] + cells[1]
    order = np.argsort(share)
    weight = weight[order]
    reached = (np.cumsum(weight) - weight / 2) / weight.sum()
    low, middle, high = (min(1.0, float(at)) for at in np.interp((0.025, 0.5, 0.975), reached, share[order]))
    return Share(middle, low, high)

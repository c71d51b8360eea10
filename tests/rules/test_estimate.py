"""The share of abusive texts: near the truth, never without an honest interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.estimate import WIDEST, Labels, Share, estimate, known

SENSITIVITY, SPECIFICITY = 0.7, 0.97
SHARES = [0.05, 0.20, 0.50, 0.90]


def drawn(truth: float, labels: int, random: np.random.Generator) -> tuple[int, int, Labels, float]:
    """Texts, those flagged of them, labels of a random few, and the true share."""
    abusive = random.random(20_000) < truth
    chance = random.random(20_000)
    flagged = np.where(abusive, chance < SENSITIVITY, chance > SPECIFICITY)
    said, was = flagged[:labels], abusive[:labels]
    known = Labels(
        caught=int((was & said).sum()),
        missed=int((was & ~said).sum()),
        wronged=int((~was & said).sum()),
        passed=int((~was & ~said).sum()),
    )
    return int(flagged.sum()), len(flagged), known, float(abusive.mean())


@pytest.mark.parametrize("truth", SHARES)
def test_with_two_thousand_labels_it_is_within_three_points(truth: float) -> None:
    random = np.random.default_rng(11)
    for _ in range(20):
        flagged, texts, known, real = drawn(truth, 2_000, random)
        assert abs(estimate(flagged, texts, known).value - real) < 0.03


@pytest.mark.parametrize("truth", [0.20, 0.50, 0.90])
def test_the_raw_share_would_be_further_off(truth: float) -> None:
    flagged, texts, known, real = drawn(truth, 2_000, np.random.default_rng(11))
    assert abs(flagged / texts - real) > 0.03
    assert abs(estimate(flagged, texts, known).value - real) < 0.03


@pytest.mark.parametrize("truth", SHARES)
def test_with_sixty_labels_the_interval_holds_the_truth(truth: float) -> None:
    random, held = np.random.default_rng(12), 0
    for _ in range(100):
        flagged, texts, known, real = drawn(truth, 60, random)
        share = estimate(flagged, texts, known)
        held += share.low <= real <= share.high
    assert held >= 90


def test_labels_of_other_days_tell_of_the_detector_but_not_of_the_share() -> None:
    random = np.random.default_rng(13)
    _, _, yesterday, _ = drawn(0.05, 2_000, random)
    flagged, texts, _, real = drawn(0.90, 0, random)
    assert abs(estimate(flagged, texts, Labels(), yesterday).value - real) < 0.1
    assert abs(estimate(flagged, texts, yesterday).value - real) > 0.1


def test_more_labels_narrow_the_interval() -> None:
    random = np.random.default_rng(14)
    few, many = (drawn(0.2, labels, random) for labels in (60, 2_000))
    wide, tight = (estimate(*row[:3]) for row in (few, many))
    assert tight.high - tight.low < (wide.high - wide.low) / 3


def test_nothing_known_says_nothing() -> None:
    share = estimate(0, 0, Labels())
    assert share.low < 0.05
    assert share.high > 0.95


@pytest.mark.parametrize(
    ("flagged", "texts", "here"),
    [
        (0, 0, Labels(passed=500)),
        (0, 5_000, Labels()),
        (50, 1_000, Labels(passed=1)),
        (13, 13, Labels(passed=1)),
    ],
)
def test_too_little_to_go_by_gives_no_share(flagged: int, texts: int, here: Labels) -> None:
    assert known(flagged, texts, here, Labels()) is None


def test_a_share_is_told_as_soon_as_its_interval_says_something() -> None:
    told = known(50, 1_000, Labels(), Labels(passed=20, caught=5))
    assert told == estimate(50, 1_000, Labels(), Labels(passed=20, caught=5))
    assert told is not None
    assert told.high - told.low <= WIDEST


def test_a_detector_that_only_errs_says_nothing() -> None:
    assert estimate(500, 1_000, Labels(missed=500, wronged=500)) == Share(0.5, 0.0, 1.0)


def test_more_flagged_than_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="some of the texts"):
        estimate(2, 1, Labels())


counts = st.integers(0, 3_000)


@given(counts, counts, counts, counts, counts, st.integers(0, 20_000))
def test_any_counts_give_an_ordered_share_and_always_the_same(
    caught: int, missed: int, wronged: int, passed: int, flagged: int, others: int
) -> None:
    known = Labels(caught=caught, missed=missed, wronged=wronged, passed=passed)
    share = estimate(flagged, flagged + others, known)
    assert 0.0 <= share.low <= share.value <= share.high <= 1.0
    assert share == estimate(flagged, flagged + others, known)

"""The share of abusive texts: near the truth, never without an honest interval."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import process_time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.rules.estimate import WIDEST, Labels, _beta, estimate, known

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


def test_a_detector_that_only_errs_says_nothing_but_labels_of_these_texts_do() -> None:
    wrong = Labels(missed=500, wronged=500)
    nothing = estimate(500, 1_000, Labels(), wrong)
    assert nothing.low < 0.05
    assert nothing.high > 0.95
    assert estimate(500, 1_000, wrong) == pytest.approx((0.5, 0.498, 0.502), abs=0.001)


@pytest.mark.parametrize(
    ("flagged", "texts", "here", "elsewhere", "truth"),
    [
        (10, 10, Labels(wronged=50), Labels(), 0.0),
        (10**7, 10**7, Labels(caught=5_000), Labels(), 1.0),
        (10**7, 10**7, Labels(caught=5_000), Labels(caught=50, missed=50, passed=900), 1.0),
        (500, 1_000, Labels(wronged=300, passed=300), Labels(caught=500, passed=500), 0.0),
        (0, 1_000, Labels(missed=30, passed=570), Labels(caught=300, passed=5_000), 0.05),
        (900, 1_000, Labels(wronged=270, passed=30), Labels(caught=3_000, missed=3, passed=3_000), 0.0),
    ],
)
def test_where_labels_and_flags_conflict_the_labels_of_these_texts_are_believed(
    flagged: int, texts: int, here: Labels, elsewhere: Labels, truth: float
) -> None:
    share = known(flagged, texts, here, elsewhere)
    assert share is not None
    assert share.low - 0.01 <= truth <= share.high + 0.01
    assert abs(share.value - truth) < 0.02
    assert share.high - share.low < 0.1


def test_without_labels_of_these_texts_a_changed_detector_is_believed() -> None:
    then = Labels(caught=3_000, missed=3, passed=3_000)
    assert estimate(900, 1_000, Labels(), then).low > 0.8


def test_flagged_texts_that_no_detector_of_old_would_leave_tell_nothing() -> None:
    assert known(0, 1_000, Labels(), Labels(caught=500, passed=900, wronged=100)) is None


def test_a_part_that_nobody_looked_at_may_be_anything() -> None:
    share = estimate(100, 1_000, Labels(wronged=50), Labels(caught=50, passed=1_000))
    assert share.low < 0.01
    assert share.high > 0.8


@pytest.mark.parametrize("truth", [0.05, 0.20, 0.50, 0.90])
@pytest.mark.parametrize(("labels", "then"), [(0, 300), (30, 300), (300, 300)])
def test_with_labels_of_other_days_the_interval_holds_the_truth_and_is_narrower(
    truth: float, labels: int, then: int
) -> None:
    random, held, widths = np.random.default_rng(17), 0, np.zeros(2)
    for _ in range(50):
        flagged, texts, here, real = drawn(truth, labels, random)
        *_, elsewhere, _ = drawn(0.3, then, random)
        both, alone = estimate(flagged, texts, here, elsewhere), estimate(flagged, texts, here)
        held += both.low <= real <= both.high
        widths += both.high - both.low, alone.high - alone.low
    assert held >= 45
    assert widths[0] < widths[1]


def covered(random: np.random.Generator) -> int:
    """Of 30 intervals, those with the truth, although the detector was another one on other days."""
    before = Labels(caught=2_000, missed=100, passed=2_000, wronged=600)
    held = 0
    for _ in range(30):
        flagged, texts, here, real = drawn(0.5, 60, random)
        share = estimate(flagged, texts, here, before)
        held += share.low <= real <= share.high
    return held


def test_labels_of_a_detector_that_changed_since_do_no_harm() -> None:
    assert covered(np.random.default_rng(16)) >= 27


def test_if_no_detector_could_change_they_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.rules.estimate.DRIFT", 1e-300)
    estimate.cache_clear()
    assert covered(np.random.default_rng(16)) == 0
    estimate.cache_clear()


def test_more_flagged_than_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="some of the texts"):
        estimate(2, 1, Labels())


counts = st.integers(0, 3_000) | st.integers(0, 10**12)
some = st.builds(Labels, caught=counts, missed=counts, wronged=counts, passed=counts)
few = st.integers(0, 300)
a_few = st.builds(Labels, caught=few, missed=few, wronged=few, passed=few)


@settings(deadline=None)
@given(some, some, counts, counts)
def test_any_counts_give_an_ordered_share_and_always_the_same(
    here: Labels, elsewhere: Labels, flagged: int, others: int
) -> None:
    share = estimate(flagged, flagged + others, here, elsewhere)
    assert 0.0 <= share.low <= share.value <= share.high <= 1.0
    assert share.low < 1.0
    assert share.high > 0.0
    estimate.cache_clear()
    assert share == estimate(flagged, flagged + others, here, elsewhere)


@settings(deadline=None)
@given(a_few, st.integers(0, 5_000), st.integers(1, 5_000))
def test_a_text_more_that_is_abusive_never_lowers_the_share(here: Labels, flagged: int, others: int) -> None:
    texts = flagged + others
    share = estimate(flagged, texts, here)
    for more in (replace(here, caught=here.caught + 1), replace(here, missed=here.missed + 1)):
        assert all(np.greater_equal(estimate(flagged, texts, more), np.array(share) - 1e-3))
    for less in (replace(here, wronged=here.wronged + 1), replace(here, passed=here.passed + 1)):
        assert all(np.less_equal(estimate(flagged, texts, less), np.array(share) + 1e-3))


@settings(deadline=None)
@given(a_few, st.integers(1, 5_000), st.integers(0, 5_000))
def test_more_flagged_texts_raise_it_where_flagged_ones_are_the_worse(
    here: Labels, flagged: int, others: int
) -> None:
    better = here.caught * (here.missed + here.passed + 1) > (here.missed + 1) * (here.caught + here.wronged)
    assume(better and here.wronged < here.caught and here.missed < here.passed)
    texts = flagged + others
    fewer = estimate(flagged - 1, texts, here)
    assert estimate(flagged, texts, here).value >= fewer.value - 1e-3


@settings(deadline=None)
@given(a_few, st.integers(0, 5_000), st.integers(1, 5_000))
def test_four_times_the_labels_halve_the_interval(here: Labels, flagged: int, others: int) -> None:
    assume(min(here.caught, here.missed, here.wronged, here.passed) >= 5)
    often = here + here + here + here
    once, more = (estimate(flagged, flagged + others, labels) for labels in (here, often))
    assert 0.4 < (more.high - more.low) / (once.high - once.low) < 0.6


def test_the_laws_points_have_its_mean_and_spread() -> None:
    for yes, no in [(0, 0), (0, 50), (5, 2), (3_000, 1), (400, 600)]:
        points = _beta(yes, no, 2_000)
        a, b = yes + 0.5, no + 0.5
        assert points.mean() == pytest.approx(a / (a + b), abs=1e-4)
        assert points.std() == pytest.approx((a * b / (a + b + 1)) ** 0.5 / (a + b), rel=0.01)


def test_it_is_quick_and_asked_again_it_is_there() -> None:
    took = []
    for flagged in range(20):
        began = process_time()
        estimate(flagged, 1_000, Labels(caught=3, passed=60), Labels(caught=30, missed=9, passed=600))
        took.append(process_time() - began)
    assert median(took) < 0.1  # some 8 ms on a machine that has nothing else to do
    before = estimate.cache_info().hits
    estimate(19, 1_000, Labels(caught=3, passed=60), Labels(caught=30, missed=9, passed=600))
    assert estimate.cache_info().hits == before + 1

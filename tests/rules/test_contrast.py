"""The raid's own wording stands out, ordinary wording does not, and the knob holds what it says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from router.rules.contrast import BITS, REFERENCE, Contrast, Reference, contrast, rank, terms

ORDINARY = [terms(f"salut c est {name} du bar ca va") for name in ("kevin", "paul", "luc", "ali")] * 500
PASTED = terms("spam ce numero les gars")
CALM = Contrast.empty().after(ORDINARY, raid=False)


def test_words_of_the_raid_stand_out() -> None:
    table = CALM.after([PASTED] * 100, raid=True).table()
    assert contrast(PASTED, table) > 2
    assert contrast(ORDINARY[0], table) < 0.1
    assert rank(1.0, PASTED, table) > rank(1.0, ORDINARY[0], table)


def test_a_word_rare_in_both_says_nothing() -> None:
    table = CALM.after([PASTED] * 100, raid=True).table()
    assert abs(contrast(terms("anthropologie"), table)) < 0.1


def test_before_is_frozen_in_a_raid_and_learns_in_calm() -> None:
    raid, calm = CALM.after([PASTED] * 100, raid=True), CALM.after([PASTED] * 100, raid=False)
    assert np.array_equal(raid.before, CALM.before)
    assert calm.before[PASTED].min() >= 100
    assert raid.version == calm.version == CALM.version + 1


def test_nothing_counted_yet_contrasts_nothing() -> None:
    assert not Contrast.empty().table().any()
    assert contrast(terms(""), CALM.table()) == 0.0
    assert CALM.after([], raid=False) is CALM


def test_the_line_holds_the_share_that_the_operator_chose() -> None:
    odds = [float(step) for step in range(2_000)]
    reference = Reference().after(odds, [PASTED] * 2_000)
    flat = np.zeros(1 << BITS, np.float32)
    line = reference.line(flat, 0.05)
    assert sum(value > line for value in odds) == 100
    assert reference.line(flat, 0.0) == float("inf")
    assert Reference().line(flat, 0.05) == float("inf")


def test_the_line_is_drawn_by_the_words_of_now_and_texts_without_words_count() -> None:
    table = CALM.after([PASTED] * 100, raid=True).table()
    reference = Reference().after([0.0, 0.0], [PASTED, terms("")])
    assert reference.line(table, 1.0) == 0.0
    assert reference.line(table, 1e-9) > 2


def test_the_reference_remembers_the_last_texts() -> None:
    reference = Reference().after([1.0] * 1_500, [PASTED] * 1_500).after([2.0] * 1_500, [PASTED] * 1_500)
    assert len(reference.logits) == len(reference.texts) == REFERENCE
    assert reference.logits.count(2.0) == 1_500


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_terms_of_any_text_are_places_in_the_table(text: str) -> None:
    found = terms(text)
    assert found.tolist() == sorted(set(found.tolist()))
    assert len(found) < 240

"""The figures in short form: small weekends, and the same weekends with each protection off."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from router.rules.abuse import FLAGGED, Model, score, shipped
from router.rules.campaign import Mode, Raids
from tests.abuse.corpus import grown, public
from tests.abuse.figures import Figure, shares, viral
from tests.abuse.growth import families
from tests.abuse.night import Night
from tests.abuse.strange import strange
from tests.abuse.traffic import MONDAY, Sent, Writer, angry, raid, weekend
from tests.abuse.train import POLITE, judged, trained

pytestmark = pytest.mark.xdist_group("abuse")  # what is judged and played once serves all of them

SEED = 424_242
GENUINE, RAIDERS = 3_600, 2_000


@cache
def raided(phones: int | None) -> list[Sent]:
    """A small weekend and its raid."""
    writer = Writer(SEED)
    genuine = weekend(writer, GENUINE, length=MONDAY + timedelta(hours=24))
    return sorted(genuine + raid(writer, RAIDERS, 7, phones=phones))


@cache
def fresh() -> Night:
    """The same, every raid text from a new number, as the router takes it."""
    return Night().spend(raided(None))


def test_the_raid_is_found_early_ends_and_costs_little() -> None:
    night = Night().spend(raided(150))
    assert night.raiders is not None
    assert night.raiders <= 250
    assert [change.mode for change in night.changes] == [Mode.RAID, Mode.CALM]
    assert night.paid <= 160
    assert night.inside_answered >= 0.9 * night.inside


def test_without_once_per_texter_and_holding_every_raid_text_is_paid() -> None:
    night = Night(Raids(held=0.0), once=False).spend(raided(150))
    assert night.paid == RAIDERS


def test_fresh_numbers_are_held_by_score_and_wording() -> None:
    night = fresh()
    assert night.paid <= 0.55 * RAIDERS
    assert night.inside_answered >= 0.9 * night.inside


def test_they_are_not_paid_in_calm_either() -> None:
    night = fresh()
    assert 0 < night.later <= 0.25 * RAIDERS
    assert night.paid + night.later <= 0.55 * RAIDERS
    assert night.left <= 0.01 * GENUINE


def test_without_the_gravest_kept_back_the_raid_is_paid_in_the_end() -> None:
    night = Night(Raids(grave=0.0)).spend(raided(None))
    assert night.paid + night.later == RAIDERS
    assert night.left == 0


def test_without_holding_fresh_numbers_are_all_paid() -> None:
    assert Night(Raids(held=0.0)).spend(raided(None)).paid == RAIDERS


def test_every_genuine_texter_is_answered_or_waits() -> None:
    night = fresh()
    assert night.answered + night.held >= GENUINE
    assert night.held <= 0.02 * GENUINE


def test_an_angry_viral_weekend_is_no_raid() -> None:
    assert viral([SEED], 0.2).good


def test_without_the_warm_up_an_angry_weekend_would_be_one_alarm() -> None:
    weekends = [weekend(Writer(SEED + index), 1_500, angry(0.3)) for index in range(6)]
    assert sum(Night(Raids(), worded=False).spend(texts).alarms for texts in weekends) == 0
    assert sum(Night(Raids(warm_up=1), worded=False).spend(texts).alarms for texts in weekends) > 0


def test_the_same_seed_makes_the_same_night() -> None:
    def told() -> list[tuple[object, ...]]:
        night = Night().spend(sorted(raid(Writer(7), 300, 1) + weekend(Writer(8), 1_500)))
        return [(change.at, change.statistic) for change in night.changes] + [(night.paid, night.answered)]

    assert told() == told()


def test_corrected_shares_are_within_their_bounds() -> None:
    assert [figure for figure in shares(SEED, 20) if not figure.good] == list[Figure]()


def test_unseen_families_are_kept_from_training() -> None:
    unseen = {family.line for family in families() if family.unseen}
    assert 0.15 < len(unseen) / len(families()) < 0.35
    assert {family.kind for family in families()} == {family.kind for family in families() if family.unseen}
    assert not {e.family for e in grown(1, 1) if not e.test} & unseen


def test_training_gives_the_same_weights_again_and_others_by_another_seed() -> None:
    few = [example for example in grown(1, 1) if not example.test]
    first, again, other = (trained(few, [seed]) for seed in (1, 1, 2))
    assert first.packed() == again.packed()
    assert first.packed() != other.packed()


def test_the_shipped_model_knows_families_it_never_saw() -> None:
    figures = judged([e for e in grown(SEED, 10) if e.test], shipped())
    assert float(figures["seeds"].split()[1].strip(",")) > 0.92


def test_one_polite_text_in_eighty_is_flagged_at_most() -> None:
    polite = [e for e in grown(SEED, 10) if e.test and e.kind in POLITE]
    flagged = [example.text for example in polite if score(example.text).value >= FLAGGED]
    assert len(flagged) <= len(polite) / 80


def test_one_kind_text_in_eighty_of_those_written_apart_is_flagged_at_most() -> None:
    kind = [each.text for blind in (False, True) for each in strange(blind=blind) if not each.abusive]
    assert len(kind) > 450
    assert sum(score(text).value >= FLAGGED for text in kind) <= len(kind) / 80


def test_a_model_of_zeros_knows_nothing() -> None:
    blind = Model(1.0, 0.0, shipped().weights * 0)
    figures = judged([e for e in grown(SEED, 4) if e.test], blind)
    assert float(figures["seeds"].split()[1].strip(",")) < 0.92


@pytest.mark.require("shared")
def test_the_shipped_model_on_public_data_it_was_not_trained_on() -> None:
    figures = judged([e for e in public() if e.test], shipped())
    assert float(figures["uci_sms_ham_en"].split()[2]) <= 0.016
    assert float(figures["sms_seed"].split()[1].strip(",")) >= 0.95
    assert float(figures["ftr_fr"].split()[1].strip(",")) >= 0.65
    assert float(figures["mlma_fr"].split()[1].strip(",")) >= 0.60
    assert float(figures["davidson_en"].split()[1].strip(",")) >= 0.90


@pytest.mark.require("shared")
def test_no_text_of_the_public_data_is_among_the_seeds() -> None:
    lines = {family.line.lower() for family in families()}
    assert not [e.text for e in public() if len(e.text) > 20 and e.text.lower() in lines]

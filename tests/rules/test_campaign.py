"""A raid is seen by its share, never by its rate; the same buckets tell the same story anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from router.rules import campaign as module
from router.rules.buckets import FEW, looked_at
from router.rules.campaign import (
    SPAN,
    Bucket,
    Campaign,
    Cause,
    Mode,
    Raids,
    bucket_end,
    came_since,
    declare,
    end,
    evidence,
    fold,
    merge,
    raided,
    replay,
)
from router.rules.clusters import Sighting, explain
from router.rules.contrast import terms

NOON = datetime(2017, 11, 27, 12, tzinfo=UTC)
POLICY = Raids()
LEARNT = Campaign(learnt=5_000, baseline=0.05)


def buckets(share: float, count: int, *, texts: int = 20, start: int = 0, seed: int = 1) -> list[Bucket]:
    random = Random(seed)
    return [
        Bucket(
            at=NOON + timedelta(seconds=start + index),
            texts=texts,
            flagged=sum(random.random() < share for _ in range(texts)),
        )
        for index in range(count)
    ]


def run(campaign: Campaign, those: list[Bucket], policy: Raids = POLICY) -> tuple[Campaign, list[Mode]]:
    modes = []
    for bucket in those:
        campaign, change = fold(campaign, bucket, policy)
        modes += [change.mode] if change else []
    return campaign, modes


def test_the_texts_of_a_change_came_between_the_start_of_its_first_bucket_and_its_end() -> None:
    came = [NOON + timedelta(seconds=11.1 + 0.3 * place) for place in range(13)]
    ends = sorted({bucket_end(at) for at in came})
    campaign, changes = LEARNT, []
    for at in ends:
        texts = sum(bucket_end(each) == at for each in came)
        campaign, change = fold(campaign, Bucket(at=at, texts=texts, flagged=texts), POLICY)
        changes += [change] if change else []
    (change,) = changes
    assert change.texts == 13
    assert came_since(change.began, change.texts) <= came[0] < came[-1] < change.at
    assert change.began > came[0]
    assert came_since(NOON, 0) == NOON


@given(st.floats(0, 60, allow_nan=False), st.floats(0, 1.4, allow_nan=False))
def test_what_comes_late_is_due_after_a_round_over_its_bucket_and_waits_for_nobody(
    at: float, until_committed: float
) -> None:
    now, round_of_the_watch = NOON + timedelta(seconds=at), timedelta(seconds=0.5)
    due = looked_at(FEW, now)
    assert due is not None
    assert due >= bucket_end(now + timedelta(seconds=until_committed)) + round_of_the_watch
    assert due <= now + SPAN + timedelta(seconds=3)
    assert looked_at(FEW - 1, now) is None


def test_a_raid_is_seen_and_its_end_is_seen() -> None:
    campaign, modes = run(
        LEARNT, buckets(0.05, 50) + buckets(0.6, 20, start=50) + buckets(0.05, 20, start=70)
    )
    assert modes == [Mode.RAID, Mode.CALM]
    assert campaign.mode is Mode.CALM
    assert campaign.baseline == pytest.approx(0.05, abs=0.02)


def test_ten_times_the_texts_are_no_raid() -> None:
    assert run(LEARNT, buckets(0.05, 400, texts=200))[1] == []


@pytest.mark.parametrize(("angry", "seen"), [(0.05, False), (0.1, False), (0.25, True)])
def test_a_crowd_whose_anger_jumps_is_a_raid_only_where_it_jumps_far(angry: float, *, seen: bool) -> None:
    _, modes = run(LEARNT, buckets(angry, 200, texts=10))
    assert (Mode.RAID in modes) is seen


def _jumped(*, denied: bool) -> tuple[Campaign, list[Mode]]:
    """A crowd of 4 % suspicious texts jumps to 18 %; whether the operator then says that it is no raid."""
    known, modes = run(replace(LEARNT, baseline=0.04), buckets(0.18, 200, texts=10))
    assert modes[:1] == [Mode.RAID]
    at = NOON + timedelta(seconds=200)
    order = module.calm(known, at, at + timedelta(seconds=300), POLICY) if denied else end(known, at, POLICY)
    return run(order[0], buckets(0.18, 900, texts=10, start=201, seed=3))


def test_what_the_operator_said_is_no_raid_is_not_seen_as_one_then_nor_right_after() -> None:
    known, modes = _jumped(denied=True)
    assert modes == []
    assert known.baseline == pytest.approx(0.18, abs=0.04)


def test_control_where_it_was_only_ended_it_is_seen_again() -> None:
    assert _jumped(denied=False)[1][:1] == [Mode.RAID]


def test_calm_that_was_ordered_ends_by_itself_and_by_a_raid_that_is_declared() -> None:
    until = NOON + timedelta(seconds=60)
    known, change = module.calm(LEARNT, NOON, until, POLICY)
    assert (change.mode, change.cause) == (Mode.CALM, Cause.OPERATOR)
    attack = buckets(0.7, 30, start=1)
    assert run(known, attack)[1] == []
    assert run(LEARNT, attack)[1] == [Mode.RAID]
    later = [*buckets(0.05, 60, start=0), *buckets(0.7, 60, start=61)]
    assert run(known, later)[1] == [Mode.RAID]
    said = declare(known, NOON, POLICY)[0]
    assert (said.mode, said.calm_until) == (Mode.RAID, None)


def test_an_angry_weekend_is_learnt_during_the_warm_up() -> None:
    angry = buckets(0.15, 1_500)
    assert run(Campaign(), angry)[1] == []
    assert run(Campaign(learnt=POLICY.warm_up), angry)[1][:1] == [Mode.RAID]


def _seen_after(begin: int) -> tuple[int, Campaign]:
    """Texts of a raid until it is seen that begins after genuine ones too few to know what is usual."""
    campaign, _ = run(Campaign(), buckets(0.05, begin // 20))
    assert campaign.learnt < POLICY.warm_up
    texts = 0
    for bucket in buckets(0.74, 200, start=begin, seed=2):
        texts += bucket.texts
        campaign, change = fold(campaign, bucket, POLICY)
        if change is not None:
            return texts, campaign
    return -1, campaign


@pytest.mark.parametrize("begin", [0, 400, 800])
def test_a_raid_among_the_first_texts_is_seen(begin: int) -> None:
    texts, campaign = _seen_after(begin)
    assert 0 < texts <= 250
    assert begin - 40 <= campaign.learnt <= begin
    assert campaign.baseline < 0.1


def test_control_if_half_of_all_were_usually_angry_it_is_seen_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNTAUGHT", 0.5)
    assert _seen_after(0)[0] > 250


def test_control_its_own_texts_would_be_usual_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_unlearn", lambda campaign, _bucket: campaign)
    assert _seen_after(0)[1].baseline > 0.6


@pytest.mark.parametrize("share", [0.15, 0.25, 0.3])
def test_a_crowd_that_begins_angrily_is_none(share: float) -> None:
    for seed in range(8):
        assert run(Campaign(), buckets(share, 200, seed=seed))[1] == []


def test_control_by_a_usual_share_of_others_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNTAUGHT", 0.05)
    assert run(Campaign(), buckets(0.25, 40))[1][:1] == [Mode.RAID]


def test_what_looks_like_a_raid_is_not_learnt() -> None:
    suspicious = replace(LEARNT, statistic=3.5, began=NOON, texts=9, flagged=5)
    campaign, _ = fold(suspicious, Bucket(at=NOON, texts=10, flagged=3), POLICY)
    assert campaign.statistic >= 3
    assert campaign.baseline == LEARNT.baseline
    learning, _ = fold(LEARNT, Bucket(at=NOON, texts=10, flagged=1), POLICY)
    assert learning.baseline > LEARNT.baseline


def test_a_change_explains_itself() -> None:
    _, changes = replay([*buckets(0.05, 60), *buckets(0.7, 10, start=60)], POLICY)
    (change,) = changes
    assert change.cause is Cause.STATISTIC
    assert change.statistic >= change.limit == POLICY.alarm
    assert change.baseline == pytest.approx(0.05, abs=0.03)
    assert change.raided == pytest.approx(raided(change.baseline, POLICY.mixed))
    assert NOON + timedelta(seconds=58) <= change.began <= change.at
    again = evidence(
        Bucket(at=NOON, texts=change.texts, flagged=change.flagged), change.baseline, POLICY.mixed
    )
    assert again == pytest.approx(change.statistic, abs=0.8)


def test_the_operator_declares_and_only_the_operator_ends() -> None:
    campaign, change = declare(LEARNT, NOON, POLICY)
    assert (change.mode, change.cause) == (Mode.RAID, Cause.OPERATOR)
    campaign, modes = run(campaign, buckets(0.0, 50))
    assert (campaign.mode, modes) == (Mode.RAID, [])
    campaign, change = end(campaign, NOON, POLICY)
    assert (campaign.mode, change.cause, campaign.by_hand) == (Mode.CALM, Cause.OPERATOR, False)
    assert campaign.baseline == LEARNT.baseline


def test_a_raid_that_is_declared_while_it_is_on_began_when_it_was_seen() -> None:
    seen, _ = run(LEARNT, buckets(0.6, 20))
    assert (seen.mode, seen.by_hand) == (Mode.RAID, False)
    later = NOON + timedelta(hours=1)
    declared, change = declare(seen, later, POLICY)
    assert (declared.since, declared.by_hand, change.at) == (seen.since, True, later)
    assert declare(LEARNT, later, POLICY)[0].since == later


def test_after_a_false_end_the_raid_is_seen_again() -> None:
    seen, _ = run(LEARNT, buckets(0.6, 20))
    ended, _ = end(seen, NOON, POLICY)
    assert run(ended, buckets(0.6, 20, start=30))[1] == [Mode.RAID]


counts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2)), max_size=60)


@given(counts)
def test_many_processes_see_what_one_sees(rows: list[tuple[int, int, int]]) -> None:
    parts = [
        Bucket(at=NOON + timedelta(seconds=index // 3), texts=max(texts, flagged), flagged=flagged)
        for index, (texts, flagged, _) in enumerate(rows)
    ]
    owners = [[part for part, row in zip(parts, rows, strict=True) if row[2] == owner] for owner in range(3)]
    together = [part for owner in reversed(owners) for part in owner]
    policy = Raids(warm_up=1)
    assert replay(merge(together), policy) == replay(merge(parts), policy)


@given(counts, st.integers(0, 60))
def test_the_fold_goes_on_where_a_crash_left_it(rows: list[tuple[int, int, int]], crash: int) -> None:
    whole = merge(
        Bucket(at=NOON + timedelta(seconds=index), texts=max(texts, flagged), flagged=flagged)
        for index, (texts, flagged, _) in enumerate(rows)
    )
    policy = Raids(warm_up=1)
    before, _ = replay(whole[:crash], policy)
    for bucket in whole[crash:]:
        before, _ = fold(before, bucket, policy)
    assert before == replay(whole, policy)[0]


def test_an_empty_bucket_changes_nothing() -> None:
    assert fold(LEARNT, Bucket(at=NOON, texts=0, flagged=0), POLICY) == (LEARNT, None)


@pytest.mark.parametrize("setting", [{"held": 1.5}, {"alarm": 1}, {"warm_up": 0}, {"mixed": 0}])
def test_settings_without_sense_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Raids.model_validate(setting)


def test_an_explanation_shows_wordings_numbers_and_prefixes() -> None:
    _, changes = replay([*buckets(0.05, 60), *buckets(0.7, 10, start=60)], POLICY)
    pasted = terms("spam ce numero les gars")
    seen = [Sighting(pasted, f"a{index % 2}", "+336", "poster") for index in range(5)]
    seen += [Sighting(terms("salut c est kevin"), "b", "+337", "bar")]
    told = explain(changes[0], seen)
    assert (told.texts, told.senders, len(told.clusters)) == (6, 3, 1)
    assert (told.clusters[0].texts, told.clusters[0].senders) == (5, 2)
    assert told.numbers == {"poster": 5, "bar": 1}
    assert told.prefixes == {"+336": 5, "+337": 1}

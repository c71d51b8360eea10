"""Whether a raid is on: the share of flagged texts, summed text by text, against what is usual here.

House rule: it counts texts, never seconds, so that going viral is not a raid. A state is folded over closed
buckets in order; the same buckets give the same states, in one process or in ten, and again in a replay.
The sum is Page's CUSUM for a share (Page 1954, Biometrika 41), its exit the same sum mirrored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import log

from pydantic import BaseModel, ConfigDict, Field

SPAN = timedelta(seconds=5)
"""Of a bucket: short, for no raid is seen before the end of one; it counts texts all the same."""


class Mode(StrEnum):
    """What the campaign is in."""

    CALM = "calm"
    RAID = "raid"


class Cause(StrEnum):
    """What changed the mode."""

    STATISTIC = "statistic"
    OPERATOR = "operator"


class Raids(BaseModel):
    """Section ``[raids]``: when a raid is seen, and how many ordinary texts may be held in one."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    warm_up: int = Field(default=1_000, ge=1, description="First texts that teach what is usual.")
    memory: int = Field(default=5_000, ge=100, description="Texts over which the usual share is learnt.")
    mixed: float = Field(default=0.4, gt=0, le=1, description="Share of raid texts worth an alarm.")
    alarm: float = Field(default=18.0, gt=3, description="Sum at which a raid is seen, and its end.")
    held: float = Field(default=0.05, ge=0, le=1, description="Share of ordinary texts that a raid may hold.")
    grave: float = Field(
        default=0.04, ge=0, le=1, description="Share of ordinary texts that calm does not let go by itself."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Texts of one span of business time, all processes together.

    Args:
        at: End of the span, aware.
        texts: How many came in.
        flagged: How many of them were suspicious (`router.rules.abuse.SUSPICIOUS`).
    """

    at: datetime
    texts: int
    flagged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is known after a bucket; before the first it is `Campaign()`.

    Args:
        mode: Calm or raid.
        since: When the mode began, None if it has always been calm.
        by_hand: The raid was declared, so that only the operator ends it.
        baseline: The usual share of flagged texts.
        learnt: Texts it was learnt from.
        statistic: The sum: towards an alarm in calm, towards its end in a raid.
        began: When the sum last left zero.
        texts: Texts since then.
        flagged: Flagged ones of these.
        calm_until: The operator said that it is none: until then what comes is learnt, and no raid is seen.
    """

    mode: Mode = Mode.CALM
    since: datetime | None = None
    by_hand: bool = False
    baseline: float = 0.0
    learnt: int = 0
    statistic: float = 0.0
    began: datetime | None = None
    texts: int = 0
    flagged: int = 0
    calm_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of mode that explains itself.

    Args:
        mode: What it changed to.
        at: When.
        cause: By the sum or by hand.
        statistic: The sum, and `limit` what it had to reach.
        limit: See `statistic`.
        baseline: The usual share of flagged texts at that moment.
        raided: The share that a raid would have.
        began: End of the bucket at which the sum left zero; see `came_since`.
        texts: Texts since `began`.
        flagged: Flagged ones of these.
    """

    mode: Mode
    at: datetime
    cause: Cause
    statistic: float
    limit: float
    baseline: float
    raided: float
    began: datetime
    texts: int
    flagged: int


UNTAUGHT = 0.3
"""Share of flagged texts that is no raid while nothing is known: where a third is angry, it is a quarter."""

_LEAST, _MOST = 0.005, 0.6
_SUSPICION = 3.0


def usual(campaign: Campaign, policy: Raids) -> float:
    """The share of flagged texts that a raid is told by.

    Before the first texts taught it, more than any angry crowd is taken for usual, and less than a raid.
    """
    return campaign.baseline if campaign.learnt >= policy.warm_up else UNTAUGHT


def raided(baseline: float, mixed: float) -> float:
    """The share of flagged texts when this part of all texts is a raid's, by a usual share."""
    return (1 - mixed) * baseline + mixed * max(0.5, baseline + 0.15)


def evidence(bucket: Bucket, baseline: float, mixed: float) -> float:
    """Log likelihood ratio of a raid against the usual, for one bucket."""
    usual = min(max(baseline, _LEAST), _MOST)
    other = raided(usual, mixed)
    return bucket.flagged * log(other / usual) + (bucket.texts - bucket.flagged) * log(
        (1 - other) / (1 - usual)
    )


def bucket_end(at: datetime) -> datetime:
    """The end of the bucket that this moment falls into; a bucket's end belongs to the next one."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    return whole - timedelta(seconds=int(whole.timestamp()) % int(SPAN.total_seconds())) + SPAN


def came_since(began: datetime, texts: int) -> datetime:
    """From when on the texts came that a change is owed to: the first bucket is known by its end.

    Args:
        began: Of a `Change`.
        texts: Likewise; with none of them, nothing came before it.
    """
    return began - SPAN if texts else began


def fold(campaign: Campaign, bucket: Bucket, policy: Raids) -> tuple[Campaign, Change | None]:
    """What is known after one more bucket, and the change of mode if it made one.

    Args:
        campaign: What was known before.
        bucket: The next one in order; closed, so that it never changes again.
        policy: When a raid is seen.
    """
    if not bucket.texts:
        return campaign, None
    if campaign.mode is Mode.RAID:
        return _in_raid(campaign, bucket, policy)
    if campaign.calm_until is not None and bucket.at <= campaign.calm_until:
        return _learn(campaign, bucket, policy), None
    heard = _sum(campaign, bucket, evidence(bucket, usual(campaign, policy), policy.mixed))
    young = campaign.learnt < policy.warm_up
    if heard.statistic >= policy.alarm:
        known = _unlearn(heard, bucket) if young else heard
        return _changed(known, Mode.RAID, bucket.at, Cause.STATISTIC, policy)
    learns = young or heard.statistic < _SUSPICION
    return (_learn(heard, bucket, policy) if learns else heard), None


def replay(buckets: Iterable[Bucket], policy: Raids) -> tuple[Campaign, list[Change]]:
    """The state after these buckets from nothing, and every change on the way."""
    campaign, changes = Campaign(), []
    for bucket in buckets:
        campaign, change = fold(campaign, bucket, policy)
        changes += [change] if change else []
    return campaign, changes


def merge(buckets: Iterable[Bucket]) -> list[Bucket]:
    """The buckets of several processes as those of one, in order."""
    merged: dict[datetime, Bucket] = {}
    for bucket in buckets:
        known = merged.get(bucket.at)
        merged[bucket.at] = (
            replace(known, texts=known.texts + bucket.texts, flagged=known.flagged + bucket.flagged)
            if known
            else bucket
        )
    return [merged[at] for at in sorted(merged)]


def declare(campaign: Campaign, now: datetime, policy: Raids) -> tuple[Campaign, Change]:
    """The operator says that this is a raid: only the operator ends it again. One that is on began before."""
    declared, change = _changed(campaign, Mode.RAID, now, Cause.OPERATOR, policy)
    since = campaign.since if campaign.mode is Mode.RAID else now
    return replace(declared, by_hand=True, since=since), change


def end(campaign: Campaign, now: datetime, policy: Raids) -> tuple[Campaign, Change]:
    """The operator says that it is over. The sum begins again from zero and may see the next one."""
    return _changed(campaign, Mode.CALM, now, Cause.OPERATOR, policy)


def calm(campaign: Campaign, now: datetime, until: datetime, policy: Raids) -> tuple[Campaign, Change]:
    """The operator says that this is no raid: until then none is seen, and what comes is what is usual.

    What was usual before counts as no more than the warm-up, so that the new is learnt within a few hundred
    texts, and is not taken for a raid as soon as this ends.
    """
    known, change = end(campaign, now, policy)
    return replace(known, calm_until=until, learnt=min(known.learnt, policy.warm_up)), change


def _in_raid(campaign: Campaign, bucket: Bucket, policy: Raids) -> tuple[Campaign, Change | None]:
    if campaign.by_hand:
        return campaign, None
    heard = _sum(campaign, bucket, -evidence(bucket, usual(campaign, policy), policy.mixed))
    if heard.statistic >= policy.alarm:
        return _changed(heard, Mode.CALM, bucket.at, Cause.STATISTIC, policy)
    return heard, None


def _sum(campaign: Campaign, bucket: Bucket, step: float) -> Campaign:
    statistic = max(0.0, campaign.statistic + step)
    if not statistic:
        return replace(campaign, statistic=0.0, began=None, texts=0, flagged=0)
    return replace(
        campaign,
        statistic=statistic,
        began=campaign.began or bucket.at,
        texts=campaign.texts + bucket.texts,
        flagged=campaign.flagged + bucket.flagged,
    )


def _learn(campaign: Campaign, bucket: Bucket, policy: Raids) -> Campaign:
    learnt = campaign.learnt + bucket.texts
    weight = min(1.0, bucket.texts / min(learnt, policy.memory))
    share = bucket.flagged / bucket.texts
    return replace(campaign, learnt=learnt, baseline=campaign.baseline + weight * (share - campaign.baseline))


def _unlearn(campaign: Campaign, bucket: Bucket) -> Campaign:
    """What the first texts taught, without those that a raid is seen by; its last bucket taught nothing."""
    learnt = max(0, campaign.learnt - (campaign.texts - bucket.texts))
    flagged = campaign.baseline * campaign.learnt - (campaign.flagged - bucket.flagged)
    share = min(max(flagged / learnt, 0.0), 1.0) if learnt else 0.0
    return replace(campaign, learnt=learnt, baseline=share)


def _changed(
    campaign: Campaign, mode: Mode, at: datetime, cause: Cause, policy: Raids
) -> tuple[Campaign, Change]:
    share = usual(campaign, policy)
    change = Change(
        mode=mode,
        at=at,
        cause=cause,
        statistic=campaign.statistic,
        limit=policy.alarm,
        baseline=share,
        raided=raided(min(max(share, _LEAST), _MOST), policy.mixed),
        began=campaign.began or at,
        texts=campaign.texts,
        flagged=campaign.flagged,
    )
    fresh = Campaign(mode=mode, since=at, baseline=campaign.baseline, learnt=campaign.learnt)
    return fresh, change

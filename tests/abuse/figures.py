"""The figures of the pure rules, each on seeds and families that nothing was learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from router.rules.abuse import FLAGGED, judge, logit, score
from router.rules.campaign import Bucket, Campaign, Raids, fold
from router.rules.contrast import Contrast, rank, terms
from router.rules.estimate import Labels, Share, estimate
from router.rules.spelling import spell
from tests.abuse.corpus import SHARED, public
from tests.abuse.growth import families
from tests.abuse.night import Night
from tests.abuse.traffic import (
    FRIDAY,
    GENUINE,
    MONDAY,
    RAID,
    RAIDER,
    Mix,
    Sent,
    Writer,
    angry,
    copypasta,
    raid,
    weekend,
)


class Figure(NamedTuple):
    """One line of the report: what was measured, what came out, whether it is as wanted (None: no target)."""

    name: str
    said: str
    good: bool | None = None


GENUINE_TEXTS, RAID_TEXTS, PHONES = 36_000, 20_000, 1_500
"""Of a raided weekend; 30,000 of the genuine texts are in by Monday 16:00."""

QUIET: Mix = GENUINE | {("insult", True): 12.0}
"""Raiders who look like anyone, but for one insult in nine."""


def raided(seed: int, scale: float) -> dict[str, Night]:
    """One weekend's genuine texts with every kind of raid in turn, each spent from Friday on."""
    writer = Writer(seed)
    genuine = weekend(writer, int(GENUINE_TEXTS * scale), length=MONDAY + timedelta(hours=30))
    count, phones = int(RAID_TEXTS * scale), int(PHONES * scale)
    fresh = raid(writer, count, 7)
    scenes = {
        "2017 event": [replace(text, sender=_phone(writer, phones)) for text in fresh],
        "copypasta": copypasta(writer, count, 7, phones),
        "slow raid": raid(writer, count // 10, 24, phones=phones),
        "quiet raid": raid(writer, count, 7, mix=QUIET),
        "raid-fresh": fresh,
    }
    monday = FRIDAY + MONDAY
    calm = Night().spend(text for text in genuine if text.at < monday)
    rest = [text for text in genuine if text.at >= monday]

    def night(raiders: list[Sent], **different: Any) -> Night:
        return calm.as_from_here(**different).spend(sorted(rest + raiders))

    nights = {name: night(raiders) for name, raiders in scenes.items()}
    nights["by score alone"] = night(fresh, worded=False)
    if SHARED.exists():
        tweets = [replace(text, body=writer.random.choice(_tweets())) for text in fresh]
        nights["French tweets"] = night(tweets)
        nights["French tweets by score alone"] = night(tweets, worded=False)
    return nights


def _phone(writer: Writer, phones: int) -> int:
    return RAIDER + int(phones * writer.random.random() ** 1.5)


@cache
def _tweets() -> list[str]:
    return [e.text for e in public() if e.test and e.abusive and e.source in {"mlma_fr", "ftr_fr"}]


def found(name: str, nights: Sequence[Night], within: int | None) -> Iterator[Figure]:
    """After how many raid texts the raid is seen, and what was paid until its end.

    Args:
        name: Of the scene.
        nights: One per seed.
        within: Raid texts that may have come in by then; None if the figure is told as it is.
    """
    seen = sorted(night.raiders for night in nights if night.raiders is not None)
    told = f"found in {len(seen)} of {len(nights)} seeds"
    if seen:
        minutes = median(night.minutes for night in nights if night.raiders is not None)
        told += (
            f", after {median(seen):.0f} raid texts ({minutes:.1f} min) at the median, {seen[-1]} at worst"
        )
    alarms = sorted(night.alarms for night in nights)
    told += f"; alarms a night {alarms[0]} to {alarms[-1]}"
    yield Figure(name, told, None if within is None else len(seen) == len(nights) and seen[-1] <= within)
    paid, answered = sorted(night.paid for night in nights), _inside(nights)
    told = f"{median(paid):.0f} raid replies paid at the median, {paid[-1]} at worst; "
    told += f"of genuine texters in it {answered:.1%} answered at once in the worst seed, the rest held"
    good = paid[-1] <= 1_600 and answered >= 0.9
    yield Figure(f"{name}, replies", told, None if within is None else good)


def _inside(nights: Sequence[Night]) -> float:
    return min(night.inside_answered / max(1, night.inside) for night in nights)


def viral(seeds: Sequence[int], scale: float) -> Figure:
    """Weekends without a raid: ten times the texts in one hour of Saturday, 2 to 15 % of them angry."""
    alarms = 0
    for index, seed in enumerate(seeds):
        mix = angry(0.02 + 0.13 * index / max(1, len(seeds) - 1))
        alarms += Night(worded=False).spend(weekend(Writer(seed), int(30_000 * scale), mix, spike=10)).alarms
    return Figure("viral weekends", f"{alarms} false alarms in {len(seeds)}", alarms == 0)


def held(name: str, nights: Sequence[Night], scale: float, *, wanted: bool = True) -> Figure:
    """What a raid from fresh numbers costs when 5 % of ordinary texts may be held.

    Args:
        name: Of the figure.
        nights: One per seed.
        scale: Part of the texts.
        wanted: There is a target; not for a ranking that is not the router's.
    """
    paid, answered = max(night.paid + night.later for night in nights), _inside(nights)
    at_once, left = max(night.paid for night in nights), max(night.left for night in nights)
    said = f"at worst {at_once} of {int(RAID_TEXTS * scale)} paid as they came, {paid} in the end, "
    said += f"{answered:.1%} of genuine answered at once, {left} left to the operator"
    good = paid <= int(11_000 * scale) and answered >= 0.9
    return Figure(name, said, good if wanted else None)


def shares(seed: int, rounds: int) -> Iterator[Figure]:
    """The corrected share against the truth, by what the shipped detector really does."""
    flags = _flags(seed)
    random = np.random.default_rng(seed)
    for truth in (0.05, 0.20, 0.50, 0.90):
        wide = [_estimated(random, flags, truth, 2_000) for _ in range(rounds)]
        tight = [_estimated(random, flags, truth, 60) for _ in range(rounds)]
        error = float(np.quantile([abs(share.value - real) for share, real in wide], 0.95))
        cover = float(np.mean([share.low <= real <= share.high for share, real in tight]))
        width = float(np.mean([share.high - share.low for share, _ in tight]))
        said = f"2,000 labels: 95 % of errors below {100 * error:.1f} points; 60 labels: covered {cover:.1%}"
        yield Figure(
            f"share {truth:.0%}", f"{said}, {100 * width:.0f} points wide", error <= 0.03 and cover >= 0.9
        )


def _flags(seed: int) -> dict[bool, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    writer = Writer(seed)
    cool = {key: part for key, part in GENUINE.items() if not key[1]}
    hot = {key: part for key, part in RAID.items() if key[1]}
    return {
        abusive: np.array([score(writer.text(mix)[0]).value >= FLAGGED for _ in range(2_000)])
        for abusive, mix in ((False, cool), (True, hot))
    }


def _estimated(
    random: np.random.Generator,
    flags: dict[bool, np.ndarray[tuple[int], np.dtype[np.bool_]]],
    truth: float,
    labels: int,
) -> tuple[Share, float]:
    abusive = random.random(20_000) < truth
    flagged = np.where(abusive, random.choice(flags[True], 20_000), random.choice(flags[False], 20_000))
    said, was = flagged[:labels], abusive[:labels]
    known = Labels(
        caught=int((was & said).sum()),
        missed=int((was & ~said).sum()),
        wronged=int((~was & said).sum()),
        passed=int((~was & ~said).sum()),
    )
    return estimate(int(flagged.sum()), len(flagged), known), float(abusive.mean())


def speed(seed: int) -> Figure:
    """What scoring, counting and ranking take, a text at a time."""
    random, policy = Random(seed), Raids()
    texts = [text for family in families() for text in family.texts(random, 4)]
    table = Contrast.empty().after([terms(spell(text)) for text in texts], raid=False).table()
    campaign, whole, scoring = Campaign(learnt=policy.warm_up, baseline=0.05), [], []
    for text in texts:
        start = perf_counter()
        spelt = spell(text)
        value = judge(spelt).value
        scored = perf_counter()
        campaign, _ = fold(campaign, Bucket(at=FRIDAY, texts=1, flagged=int(value >= FLAGGED)), policy)
        rank(logit(value), terms(spelt), table)
        whole.append(1e6 * (perf_counter() - start))
        scoring.append(1e6 * (scored - start))
    said = f"{median(scoring):.0f} us scoring, {median(whole):.0f} us with the sum and the ranking (medians)"
    return Figure("speed", said, median(scoring) <= 100 and median(whole) <= 150)


def everything(first: int, seeds: int, weekends: int, scale: float) -> Iterator[Figure]:
    """Every figure, one after the other."""
    yield speed(first)
    yield from shares(first, 200)
    yield viral(range(first, first + weekends), scale)
    each = [raided(seed, scale) for seed in range(first, first + seeds)]
    by_name = {name: [nights[name] for nights in each] for name in each[0]}
    for name, within in (("2017 event", 250), ("copypasta", 250), ("slow raid", None), ("quiet raid", None)):
        yield from found(name, by_name[name], within)
    yield held("raid-fresh", by_name["raid-fresh"], scale)
    yield held("raid-fresh, by score alone", by_name["by score alone"], scale)
    if "French tweets" in by_name:
        words = f"{len(_tweets())} French tweets over and over"
        yield held(f"raid-fresh, {words}", by_name["French tweets"], scale)
        alone = by_name["French tweets by score alone"]
        yield held("raid-fresh, French tweets, as if no word came twice", alone, scale, wanted=False)

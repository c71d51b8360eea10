"""Who texts when in a drill, and what: all of it follows from the scenario, the seed and the scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import cos, exp2, pi
from random import Random
from zoneinfo import ZoneInfo

from router.stage.drill.writing import Mix, Writer

PARIS = ZoneInfo("Europe/Paris")
"""Where people sleep at night."""

_RANGES = ("+3363998", "+3319900", "+3346571", "+3353649", "+3335301", "+3326191")
_EACH = 10_000
_OURS = 10
"""The first of each range are published numbers, never texters."""

GENUINE: Mix = {"openers": 70, "ordinary": 8, "tests": 9, "supporters": 7, "reports": 2, "angry": 4}
"""What genuine texters write, in parts of a hundred: some answer a screen with anger."""

HEATED: Mix = {**GENUINE, "openers": 62, "angry": 12}
"""The same on a night when the whole country argues about it."""

RAID: Mix = {"insults": 70, "ruin": 15, "threats": 8, "tests": 3, "polite": 4}
QUIET: Mix = {"polite": 70, "openers": 20, "tests": 10}
COPIED: Mix = {"copied": 1}


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """One text of a drill.

    Args:
        at: When it is written, business time.
        sender: From which phone, E.164; all of ranges that are kept for fiction.
        body: What.
        raid: Whether a raider writes it: known to the drill alone.
    """

    at: datetime
    sender: str = field(repr=False)
    body: str = field(repr=False)
    raid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """People who text because they were given the number.

    Args:
        texts: How many texts at scale 1.
        hours: For how long.
        mix: What they write.
        again: Share of texts that come from somebody who texted before.
        spike: So many times as many in the hour that begins `spike_at` hours in.
    """

    texts: int
    hours: float
    mix: Mix = field(default_factory=lambda: GENUINE)
    again: float = 0.1
    spike: float = 1.0
    spike_at: float = 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raid:
    """People who text to do harm.

    Args:
        texts: How many texts at scale 1.
        begins: Hours after the launch.
        hours: For how long.
        phones: From how many phones; None for a fresh number each time.
        mix: What they write.
    """

    texts: int
    begins: float
    hours: float
    phones: int | None
    mix: Mix = field(default_factory=lambda: RAID)


def traffic(launch: datetime, crowd: Crowd, raid: Raid | None, seed: int, scale: float) -> list[Sent]:
    """Every text of a drill, in order.

    Args:
        launch: When the number is published.
        crowd: Who was given it.
        raid: Who attacks it, if anybody.
        seed: The same seed gives the same texts.
        scale: Part of the texts, and of the raiders' phones.
    """
    numbers = _numbers(seed)
    texts = list(_crowd(launch, crowd, numbers, seed, round(crowd.texts * scale)))
    if raid is not None:
        phones = None if raid.phones is None else max(1, round(raid.phones * scale))
        texts += _raid(launch, raid, numbers, seed, round(raid.texts * scale), phones)
    return sorted(texts)


def _numbers(seed: int) -> Iterator[str]:
    """Phones, each once."""
    found = [f"{each}{number:04}" for each in _RANGES for number in range(_OURS, _EACH)]
    Random(f"{seed}:numbers").shuffle(found)  # noqa: S311 -- likewise
    yield from found


def _crowd(launch: datetime, crowd: Crowd, numbers: Iterator[str], seed: int, count: int) -> Iterator[Sent]:
    chance, writer = Random(f"{seed}:crowd"), Writer(f"{seed}:crowd")  # noqa: S311 -- likewise
    steps = [step / 4 for step in range(round(crowd.hours * 4))]
    rates = [
        _viral(launch, hour) * (crowd.spike if crowd.spike_at <= hour < crowd.spike_at + 1 else 1.0)
        for hour in steps
    ]
    known: list[str] = []
    for hour in sorted(chance.choices(steps, rates, k=count)):
        returns = known and chance.random() < crowd.again
        sender = chance.choice(known) if returns else next(numbers)
        if not returns:
            known.append(sender)
        at = launch + timedelta(hours=hour + chance.random() / 4)
        yield Sent(at, sender, writer.text(crowd.mix), raid=False)


def _raid(
    launch: datetime, raid: Raid, numbers: Iterator[str], seed: int, count: int, phones: int | None
) -> Iterator[Sent]:
    """Most come soon, and a few phones send most of it."""
    chance, writer = Random(f"{seed}:raid"), Writer(f"{seed}:raid")  # noqa: S311 -- likewise
    own = [next(numbers) for _ in range(count if phones is None else phones)]
    for place in range(count):
        sender = own[place if phones is None else int(len(own) * chance.random() ** 1.5)]
        hours = raid.begins + raid.hours * chance.triangular(0.0, 1.0, 0.25)
        body = writer.text(raid.mix)
        if raid.mix is COPIED:
            body = writer.touched(body)
        yield Sent(launch + timedelta(hours=hours), sender, body, raid=True)


def _viral(launch: datetime, hours: float) -> float:
    """Texts an hour, as parts of the peak: a wave of the day on a wave of fame that rises and goes."""
    evening = launch.astimezone(PARIS)
    clock = (evening.hour + evening.minute / 60 + hours) % 24
    day = 0.55 + 0.45 * cos(2 * pi * (clock - 20) / 24)
    fame = min(1.0, 0.15 + hours / 20) * exp2(-max(0.0, (hours - 40) / 20))
    return max(0.02, day) * fame

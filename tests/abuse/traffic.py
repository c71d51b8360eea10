"""Weekends that never were: who texts when, and what, for the figures; everything follows from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, exp2, pi
from random import Random

from tests.abuse.growth import Family, families

FRIDAY = datetime(2017, 11, 24, 18, tzinfo=UTC)
MONDAY = timedelta(hours=70)
"""From Friday 18:00 to Monday 16:00."""

RAIDER = 10_000_000
"""Senders from here on are raiders."""

GENUINE = {
    ("opener", False): 70.0,
    ("ordinary", False): 9.0,
    ("test", False): 8.0,
    ("supporter", False): 7.0,
    ("report", False): 2.0,
    ("insult", True): 2.0,
    ("pressure", True): 1.5,
    ("threat", True): 0.5,
}
"""What genuine texters write, in parts of a hundred: some answer a screen with anger."""

RAID = {
    ("insult", True): 52.0,
    ("raid", True): 14.0,
    ("hate", True): 10.0,
    ("forum", True): 8.0,
    ("pressure", True): 7.0,
    ("threat", True): 4.0,
    ("test", False): 3.0,
    ("opener", False): 2.0,
}
"""What raiders write: insults, calls to ruin, hate, and a little that looks like anyone's."""

Mix = Mapping[tuple[str, bool], float]


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """One text of a made-up weekend.

    Args:
        at: When.
        sender: Who, by number of this weekend.
        body: The text.
        raid: A raider's.
        abusive: Its truth.
    """

    at: datetime
    sender: int
    body: str
    raid: bool
    abusive: bool


class Writer:
    """Writes texts of the unseen families, so that no figure is taken on what the model learnt."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._families: dict[tuple[str, bool], list[Family]] = {}
        for family in families():
            if family.unseen:
                self._families.setdefault((family.kind, family.abusive), []).append(family)

    def text(self, mix: Mix) -> tuple[str, bool]:
        """One text and whether it is abusive."""
        key = self.random.choices(list(mix), list(mix.values()))[0]
        family = self.random.choice(self._families[key])
        return next(family.texts(self.random, 1)), key[1]


def angry(share: float) -> Mix:
    """The genuine mix with this share of angry texts."""
    hot = sum(part for (_, abusive), part in GENUINE.items() if abusive)
    cool = sum(GENUINE.values()) - hot
    return {key: part * (share / hot if key[1] else (1 - share) / cool) for key, part in GENUINE.items()}


def viral(hours: float) -> float:
    """Texts an hour, as parts of the peak: a wave of the day on a wave of fame that rises and goes."""
    day = 0.55 + 0.45 * cos(2 * pi * ((hours + 18) % 24 - 21) / 24)
    fame = min(1.0, 0.15 + hours / 20) * exp2(-max(0.0, (hours - 40) / 20))
    return max(0.02, day) * fame


def weekend(
    writer: Writer, count: int, mix: Mix = GENUINE, *, spike: float = 1.0, length: timedelta = MONDAY
) -> list[Sent]:
    """Genuine texts along the viral curve; a spike is so many times more in one hour of Saturday evening."""
    hours = [step / 4 for step in range(int(length.total_seconds() / 900))]
    rates = [viral(hour) * (spike if 26 <= hour < 27 else 1.0) for hour in hours]
    chosen = writer.random.choices(hours, rates, k=count)
    return sorted(
        _sent(writer, FRIDAY + timedelta(hours=hour + writer.random.random() / 4), sender, mix, raid=False)
        for sender, hour in enumerate(chosen)
    )


def raid(
    writer: Writer, count: int, hours: float, *, phones: int | None = None, mix: Mix = RAID
) -> list[Sent]:
    """Raiders from Monday 16:00 on, most of them soon; without phones each text has a fresh number."""
    texts = []
    for index in range(count):
        at = FRIDAY + MONDAY + timedelta(hours=hours * writer.random.triangular(0.0, 1.0, 0.25))
        phone = index if phones is None else int(phones * writer.random.random() ** 1.5)
        texts.append(_sent(writer, at, RAIDER + phone, mix, raid=True))
    return sorted(texts)


def copypasta(writer: Writer, count: int, hours: float, phones: int) -> list[Sent]:
    """A raid of three texts, each with little changes."""
    bodies = [writer.text({("raid", True): 1, ("insult", True): 1, ("hate", True): 1})[0] for _ in range(3)]
    texts = raid(writer, count, hours, phones=phones)
    return [
        Sent(
            text.at,
            text.sender,
            touched(writer.random.choice(bodies), writer.random),
            raid=True,
            abusive=True,
        )
        for text in texts
    ]


def touched(body: str, random: Random) -> str:
    return body + random.choice(["", "", " ", "!", " lol", "!!", " mdr", f" {random.randrange(100)}"])


def _sent(writer: Writer, at: datetime, sender: int, mix: Mix, *, raid: bool) -> Sent:
    body, abusive = writer.text(mix)
    return Sent(at, sender, body, raid, abusive)

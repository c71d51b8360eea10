"""A raid in a language that no list knows is not seen by itself; once declared, its own words hold it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from router.rules.abuse import FLAGGED, score
from router.rules.campaign import declare
from tests.abuse.night import Night
from tests.abuse.traffic import MONDAY, Sent, Writer, raid, touched, weekend

pytestmark = pytest.mark.xdist_group("abuse")

SEED = 424_242
GENUINE, RAIDERS, BEFORE_THE_WORD = 3_600, 600, 100
PASTED = {
    "italian": (
        "siete delle stronze inutili, chiudete questo numero di merda",
        "torna in cucina brutta troia, nessuno vi vuole ascoltare",
        "vi roviniamo con gli sms, pagherete ogni messaggio fino all'ultimo centesimo",
    ),
    "turkish": (
        "kapatın bu numarayı aptal kadınlar, hepiniz orospusunuz",
        "mutfağına dön sürtük, kimse seni dinlemek istemiyor",
        "bu hattı batıracağız, her mesajın parasını ödeyeceksiniz",
    ),
}
"""What each raider sends one of, with little changes, from a new number."""


@cache
def raided(language: str) -> list[Sent]:
    """A small weekend and its raid."""
    writer = Writer(SEED)
    genuine = weekend(writer, GENUINE, length=MONDAY + timedelta(hours=1.5))
    random = writer.random
    return sorted(
        genuine
        + [
            replace(text, body=touched(random.choice(PASTED[language]), random))
            for text in raid(writer, RAIDERS, 1)
        ]
    )


def told(language: str, *, worded: bool = True) -> Night:
    """The night in which the operator declares the raid after some of its texts."""
    texts = raided(language)
    at = [text.at for text in texts if text.raid][BEFORE_THE_WORD]
    night = Night(worded=worded).spend(text for text in texts if text.at < at)
    night._campaign, _ = declare(night._campaign, at, night.policy)
    return night.spend(text for text in texts if text.at >= at)


@pytest.mark.parametrize("language", PASTED)
def test_it_is_not_seen_by_itself_and_paid_whole(language: str) -> None:
    assert all(score(text).value < FLAGGED for text in PASTED[language])
    night = Night().spend(raided(language))
    assert (night.alarms, night.paid) == (0, RAIDERS)


@pytest.mark.parametrize("language", PASTED)
def test_once_declared_its_own_words_hold_much_of_it_and_the_genuine_are_answered(language: str) -> None:
    night = told(language)
    assert night.paid <= BEFORE_THE_WORD + 0.5 * (RAIDERS - BEFORE_THE_WORD)
    assert night.paid + night.later <= 0.7 * RAIDERS
    assert night.inside_answered >= 0.9 * night.inside > 0


def test_control_by_the_score_alone_most_of_it_would_be_paid() -> None:
    night = told("turkish", worded=False)
    assert night.paid > 0.9 * RAIDERS

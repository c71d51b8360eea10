"""SQL mutants: enough are made, each is another text, and some of them are noticed here; all by command."""

from __future__ import annotations

import fnmatch

import pytest

from tests.postgres.mutants.__main__ import EQUIVALENT, NO_SQL, SURVIVED, TESTS, killer
from tests.postgres.mutants.made import Mutant, mutants, text_of


def one(like: str) -> Mutant:
    return next(each for each in mutants() if fnmatch.fnmatchcase(each.name, like))


def test_one_is_made_of_every_protection_that_the_sql_spells_out() -> None:
    made = mutants()
    for word, least in (("WHERE ", 100), ("ON CONFLICT", 6), ("CHECK (", 25), ("FOR UPDATE", 12)):
        assert sum(f": {word}" in each.name for each in made) >= least, word
    assert len({each.name for each in made}) == len(made)
    assert all(each.of(text_of(each.place)) != text_of(each.place) for each in made)
    assert all(any(each.place.startswith(known) for known in TESTS) for each in made)


def test_what_is_said_to_change_nothing_is_made() -> None:
    assert set(EQUIVALENT) <= {each.name for each in mutants()}
    assert all(len(why.split()) > 5 for why in EQUIVALENT.values())


@pytest.mark.timeout(300)
def test_a_sample_is_noticed() -> None:
    assert killer(one("0001*CHECK (spent >= 0)"), "books") not in {SURVIVED, NO_SQL}


@pytest.mark.timeout(300)
def test_control_what_nobody_can_notice_survives() -> None:
    assert killer(one("0001*WHERE join_key IS NOT NULL"), "books") == SURVIVED

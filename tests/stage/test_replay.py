"""Stored texts played again: the erased are left out and counted, and a policy shows what it would change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from router.postgres.replay import AsItWas, Nights, Stored
from router.settings import Settings, load
from router.stage.policy import as_environment, read
from router.stage.replay import Replayed, replay, table
from router.vault import Vault
from tests.settings.coop import ENVIRON, EXAMPLE, PLUGINS

NOON = datetime(2017, 11, 24, 12, tzinfo=UTC)
WAS = AsItWas(answered=20, texts=30, texters=20, held=0, spent=1_450_000)
POLICY = """
[replies]
period = "0s"

[caps.range]
prefix = "+3363998"
answers = 5
period = "fixed"
"""


def settings(policy: dict[str, object]) -> Settings:
    return load(EXAMPLE, {**ENVIRON, **as_environment(policy)}, plugins=PLUGINS)


def stored(vault: Vault, place: int, number: str, *, erased: bool = False) -> Stored:
    which = uuid5(NAMESPACE_URL, str(place))
    sender = f"+3363998{place % 20:04}"
    letter = b"" if erased else vault.seal_letter(which, sender, "Salut c'est Kevin")
    at = NOON + timedelta(minutes=place)
    return Stored(which, "twilio", number, vault.pseudonym(sender), letter, 0.1, at)


@pytest.fixture
def replayed(tmp_path: Path) -> Replayed:
    """30 texts of 20 texters, 4 of them erased and 1 to a number that is gone, under two settings."""
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    yours, vault = settings({}), Vault.in_folder(tmp_path)
    number = next(iter(yours.numbers))
    texts = [stored(vault, n, number if n else "gone", erased=n > 25) for n in range(30)]
    both = {"yours": yours, "policy": settings(read(tmp_path / "policy.toml"))}
    return replay(Nights(texts, [], WAS), vault, both)


def test_what_was_erased_is_left_out_and_counted(replayed: Replayed) -> None:
    assert (replayed.erased, replayed.unknown) == (4, 1)
    assert [each.texts for each in replayed.outcomes.values()] == [25, 25]


def test_a_policy_shows_what_it_would_change(replayed: Replayed) -> None:
    yours, policy = replayed.outcomes.values()
    assert (len(yours.waits), yours.capped) == (20, 0)
    assert (len(policy.waits), policy.capped) == (5, 20)
    assert policy.spent.total() < yours.spent.total()
    assert policy.saved > yours.saved


def test_the_table_has_a_column_each_and_says_as_much_as_the_json(replayed: Replayed) -> None:
    rows = dict(table(replayed))
    assert rows["texts"] == ["30", "25", "25"]
    told = replayed.as_json()
    assert [each["answered"] for each in told["settings"].values()] == [20, 5]
    assert told["left_out"] == {"erased": 4, "unknown_number": 1}
    assert "63998" not in str(told)

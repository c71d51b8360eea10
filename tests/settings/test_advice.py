"""What is allowed but perhaps not wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.settings import load
from router.settings.advice import advise
from tests.settings.coop import ENVIRON, EXAMPLE, PLUGINS, changed, settings_of

OWN = {"numbers.poster.number": "+441632960001"}
"""A number that is not the example's."""


def test_the_example_needs_no_advice_but_where_roots_go_and_what_is_the_operators_own() -> None:
    """Only the operator knows a place that is not this machine, and what numbers are published."""
    found = advise(load(EXAMPLE, ENVIRON, plugins=PLUGINS))
    numbers = [f"numbers.{name}.number" for name in ("poster", "stickers", "website")]
    assert [each.path for each in found] == [*numbers, "evidence.roots_to"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"budget.limit": "unlimited"}, "budget.limit"),
        ({"accounts.coop.budget.limit": "0"}, "accounts.coop.budget.limit"),
        ({"numbers.poster.reply_from.sender": "+33639980012"}, "numbers.poster.reply_from.sender"),
        (
            {"numbers.poster.fallback": [{"account": "coop", "sender": "+33700000000"}]},
            "numbers.poster.fallback[0].sender",
        ),
        ({"listen": "0.0.0.0:80", "operator.token": "t" * 20}, "public_url"),
        ({"replies.stop_confirmation": {}}, "replies.stop_confirmation.fr"),
        ({"evidence.roots_to": []}, "evidence.roots_to"),
        ({"numbers.poster.number": "+33937000003"}, "numbers.poster.number"),
        ({"numbers.poster.number": "+33639980012"}, "numbers.poster.number"),
        ({"public_url": "https://sms.example.org", "operator.token": "t" * 20}, "public_url"),
        ({"public_url": "https://EXAMPLE.com:8443/sms", "operator.token": "t" * 20}, "public_url"),
    ],
)
def test_what_is_worth_a_second_look_is_named_by_its_path(
    tmp_path: Path, changes: dict[str, Any], path: str
) -> None:
    found = advise(settings_of(tmp_path, changed(OWN | changes)))
    assert [problem.path for problem in found] == [path]
    assert "+33" not in str(found)


def test_what_is_ones_own_is_not_taken_for_the_examples(tmp_path: Path) -> None:
    own = OWN | {"public_url": "https://example.org.sms-house.fr", "operator.token": "t" * 20}
    assert advise(settings_of(tmp_path, changed(own))) == []

"""What is allowed but perhaps not wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.settings import load
from router.settings.advice import advise
from tests.settings.coop import ENVIRON, EXAMPLE, PLUGINS, changed, settings_of


def test_the_example_needs_no_advice_but_where_roots_go() -> None:
    """Only the operator knows a place that is not this machine."""
    found = advise(load(EXAMPLE, ENVIRON, plugins=PLUGINS))
    assert [each.path for each in found] == ["evidence.roots_to"]


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
    ],
)
def test_what_is_worth_a_second_look_is_named_by_its_path(
    tmp_path: Path, changes: dict[str, Any], path: str
) -> None:
    found = advise(settings_of(tmp_path, changed(changes)))
    assert [problem.path for problem in found] == [path]
    assert "+33" not in str(found)

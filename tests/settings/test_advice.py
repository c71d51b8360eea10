"""What is allowed but perhaps not wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.settings import load
from router.settings.advice import advise
from tests.settings.coop import ENVIRON, EXAMPLE, PLUGINS, changed, settings_of

OWN = {
    "numbers.poster.number": "+441632960001",
    "public_url": "https://sms.cause.fr",
    "operator.token": "t" * 20,
}
"""A number and an address that are not the example's."""


def test_the_example_needs_no_advice_but_on_what_is_the_operators_own() -> None:
    """Only the operator knows a place that is not this machine, an address, and the numbers."""
    found = advise(load(EXAMPLE, ENVIRON, plugins=PLUGINS))
    numbers = [f"numbers.{name}.number" for name in ("poster", "stickers", "website")]
    left_out = ["public_url", "accounts.vonage.settings.private_key"]
    assert [each.path for each in found] == [*numbers, *left_out, "evidence.roots_to"]


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
        ({"listen": "0.0.0.0:80", "public_url": "http://sms.cause.fr"}, "public_url"),
        ({"public_url": None}, "public_url"),
        ({"public_url": "http://127.0.0.1:8080"}, "public_url"),
        ({"public_url": "http://[::1]:8080"}, "public_url"),
        ({"listen": "0.0.0.0:80", "public_url": None}, "public_url"),
        ({"replies.stop_confirmation": {}}, "replies.stop_confirmation.fr"),
        ({"evidence.roots_to": []}, "evidence.roots_to"),
        ({"numbers.poster.number": "+33937000003"}, "numbers.poster.number"),
        ({"numbers.poster.number": "+33639980012"}, "numbers.poster.number"),
        ({"public_url": "https://sms.example.org"}, "public_url"),
        ({"public_url": "https://EXAMPLE.com:8443/sms"}, "public_url"),
    ],
)
def test_what_is_worth_a_second_look_is_named_by_its_path(
    tmp_path: Path, changes: dict[str, Any], path: str
) -> None:
    found = advise(settings_of(tmp_path, changed(OWN | changes)))
    assert [problem.path for problem in found] == [path]
    assert "+33" not in str(found)


def test_what_is_ones_own_is_not_taken_for_the_examples(tmp_path: Path) -> None:
    own = OWN | {"public_url": "https://example.org.sms-house.fr"}
    assert advise(settings_of(tmp_path, changed(own))) == []


def test_a_number_that_nobody_can_text_needs_no_address(tmp_path: Path) -> None:
    """So the demo's settings need none."""
    fiction = OWN | {"numbers.poster.number": "+33639980012", "public_url": None}
    assert [each.path for each in advise(settings_of(tmp_path, changed(fiction)))] == [
        "numbers.poster.number"
    ]


def test_control_what_a_provider_does_not_miss_is_not_asked_for() -> None:
    """Vonage has an API that needs no key of an application."""
    sms = {**ENVIRON, "PARAVENT_ACCOUNTS__VONAGE__SETTINGS__MODE": "sms"}
    asked = "accounts.vonage.settings.private_key"
    by_sms, by_messages = (
        {each.path: str(each) for each in advise(load(EXAMPLE, environ, plugins=PLUGINS))}
        for environ in (sms, ENVIRON)
    )
    assert asked not in by_sms
    assert "go to the account's webhooks, not to its Status URL" in by_messages[asked]

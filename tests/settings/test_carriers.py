"""Mistakes in carriers' own settings, by their path and in plain words."""

from __future__ import annotations

import functools
import operator
import tomllib
from pathlib import Path
from typing import Any

import pytest

from providers.ovh import Ovh
from providers.twilio import Twilio
from providers.vonage import Vonage
from tests.settings.coop import ENVIRON, EXAMPLE, PLUGINS, mistakes

ONE_VALUE_EACH = {
    "accounts.vonage.settings.api_key": "x",
    "accounts.vonage.settings.currency": "euro",
    "accounts.vonage.settings.base_url": "x",
    "accounts.vonage.settings.signature_secrets": ["secret"],
    "accounts.twilio.settings.account_sid": "x",
    "accounts.twilio.settings.auth_token": [],
    "accounts.ovh.settings.country": "France",
    "accounts.ovh.settings.service_name": "a b",
    "accounts.ovh.settings.virtual_numbers": ["0612"],
}


def test_carriers_settings_name_the_path_and_the_rule_in_plain_words(tmp_path: Path) -> None:
    tree = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    for path, value in ONE_VALUE_EACH.items():
        *way, last = path.split(".")
        functools.reduce(operator.getitem, way, tree)[last] = value
    assert mistakes(tmp_path, tree, ENVIRON, PLUGINS) == {
        "accounts.vonage.settings.api_key": "must be 4 to 32 letters and digits",
        "accounts.vonage.settings.currency": 'must be three capitals, such as "EUR"',
        "accounts.vonage.settings.base_url": "must be an https:// or http:// URL without ? and #",
        "accounts.vonage.settings.signature_secrets": (
            "must be 32 bytes or more each, for Messages webhooks are signed with HS256:"
            " choose a longer one at Vonage"
        ),
        "accounts.twilio.settings.account_sid": "must be AC and 32 hexadecimal digits",
        "accounts.twilio.settings.auth_token": "must have at least one entry",
        "accounts.ovh.settings.country": 'must be two capitals of ISO 3166, such as "FR"',
        "accounts.ovh.settings.service_name": (
            'must be letters, digits, ".", "_" and "-", such as sms-ab12345-1'
        ),
        "accounts.ovh.settings.virtual_numbers[0]": "must be numbers with a plus and their country, unspaced",
    }


@pytest.mark.parametrize("provider", [Twilio, Vonage, Ovh])
def test_every_pattern_of_a_carriers_settings_is_said_in_words(provider: type[Any]) -> None:
    """A regular expression tells an operator nothing."""
    patterned = [
        field
        for field in provider.Settings.model_fields.values()
        if "pattern=" in repr(field) and "SecretStr" not in repr(field.annotation)
    ]
    assert patterned
    assert [field for field in patterned if not field.description] == []

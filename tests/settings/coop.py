"""Settings to try mistakes on: the example with its secrets, and a small one with a careless plugin."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from providers import CONTRACT, Ability
from providers.ovh import Ovh
from providers.twilio import Twilio
from providers.vonage import Vonage
from router.plugins import Loaded
from router.settings import Settings, SettingsError, load

EXAMPLE = Path(__file__).parents[2] / "deploy" / "paravent.example.toml"
CANARY = "canary-5ecret"
PLUGINS = Loaded({"twilio": Twilio, "vonage": Vonage, "ovh": Ovh})
ENVIRON = {
    "HOME": "/home/kim",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": f"{CANARY}-twilio",
    "VONAGE_API_KEY": "abcd1234",
    "VONAGE_API_SECRET": f"{CANARY}-vonage",
    "VONAGE_SIGNATURE_SECRET": f"{CANARY}-vonage-signature-of-32-and-more",
    "OVH_HOOK_TOKEN": f"{CANARY}-hook-token",
    "OVH_SERVICE_NAME": "sms-ab12345-1",
    "OVH_APPLICATION_KEY": f"{CANARY}-key",
    "OVH_APPLICATION_SECRET": f"{CANARY}-application",
    "OVH_CONSUMER_KEY": f"{CANARY}-consumer",
    "OPERATOR_TOKEN": f"{CANARY}-operator-token",
}


class PigeonSettings(BaseModel):
    """Settings of a careless plugin: plain strings, and a validator that repeats what it read."""

    model_config = {"extra": "forbid"}

    key: str
    patience: int = 1

    @field_validator("key")
    @classmethod
    def _known(cls, key: str) -> str:
        if key.startswith("bad"):
            raise ValueError(f"{key} is bad")
        if key.startswith("boom"):
            raise RuntimeError(key)
        return key


class Pigeon:
    """As much of a provider as the settings need."""

    contract = CONTRACT
    name = "pigeon"
    Settings = PigeonSettings
    abilities = frozenset({Ability.SIGNED_WEBHOOKS})

    def __init__(self, settings: Any) -> None:
        if settings.key.startswith("late"):
            raise ValueError(settings.key)


ONE: dict[str, Any] = {
    "budget": {"limit": "10", "period": "day"},
    "accounts": {
        "coop": {
            "provider": "pigeon",
            "settings": {"key": "seed"},
            "prices": {"FR": "0.05 EUR"},
            "budget": {"limit": "5", "period": "day"},
        }
    },
    "numbers": {
        "poster": {
            "number": "+33937000001",
            "account": "coop",
            "reply_from": {"account": "coop", "sender": "+33937000001"},
            "fallback": [],
        }
    },
    "replies": {"texts": {"fr": "Non."}},
    "evidence": {"roots_to": ["mailto:roots@example.org"]},
}
PIGEONS: Loaded = Loaded({"pigeon": Pigeon})  # type: ignore[dict-item]  # as much of a provider as is needed


def spell(value: Any) -> str:
    """A value as TOML spells it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spell(key)} = {spell(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spell, value)) + "]"
    if isinstance(value, str):
        return '"' + re.sub(r'["\\\x00-\x1f\x7f]', lambda found: f"\\u{ord(found[0]):04x}", value) + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_of(
    folder: Path,
    tree: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    plugins: Loaded = PIGEONS,
) -> Settings:
    path = folder / "paravent.toml"
    path.write_text(
        "".join(f"{spell(key)} = {spell(value)}\n" for key, value in tree.items()), encoding="utf-8"
    )
    return load(path, environ or {}, plugins=plugins)


def mistakes(
    folder: Path,
    tree: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    plugins: Loaded = PIGEONS,
) -> dict[str, str]:
    """Path and message (with its hint) of everything that is wrong."""
    with pytest.raises(SettingsError) as caught:
        settings_of(folder, tree, environ, plugins)
    return {found.path: str(found).removeprefix(f"{found.path}: ") for found in caught.value.problems}


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """`ONE` with some dotted places changed; None removes."""
    tree = copy.deepcopy(ONE)
    for path, value in changes.items():
        *way, last = path.split(".")
        inner = tree
        for step in way:
            inner = inner.setdefault(step, {})
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = value
    return tree

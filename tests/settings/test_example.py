"""What loads: the example, and the defaults it documents."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from providers import Price
from providers.ovh import Ovh
from providers.twilio import Twilio
from providers.vonage import Vonage
from router.rules.answer import Purpose
from router.rules.failover import Route
from router.settings import Account, Number, Settings, load
from router.settings.problem import fields_of, model_within
from tests.settings.coop import (
    ENVIRON,
    EXAMPLE,
    ONE,
    PLUGINS,
    settings_of,
)


def test_the_example_loads_and_gives_the_rules_what_they_go_by() -> None:
    found = load(EXAMPLE, ENVIRON, plugins=PLUGINS)
    assert set(found.providers) == {"twilio", "vonage", "ovh"}
    assert found.accounts["ovh"].prices["FR"] == Price(Decimal(1), "credit")
    assert found.numbers["website"].plan == (Route("ovh", "+33937000003"), Route("twilio", "+33937000001"))
    assert found.answering.senders.own_numbers >= {"+33937000001", "+33937000002", "+33937000003", "PARAVENT"}
    assert set(found.purses) == {"total", "twilio", "vonage", "ovh"}
    assert len(set(found.lanes.values())) == 3
    root, kim = Path("/var/lib/paravent"), Path("/home/kim/.local/share/paravent")
    assert found.data == (root if os.geteuid() == 0 else kim)
    assert {lint.size.parts for lint in found.lints().values()} == {1}
    assert found.lints()[Purpose.ANSWER, "fr"].per_thousand["ovh", "FR"] == 65


def test_what_is_left_out_has_the_documented_default(tmp_path: Path) -> None:
    found = settings_of(tmp_path, ONE)
    assert found.replies.period == timedelta(hours=24)
    assert found.replies.lifetime == 3
    assert found.replies.expiry == timedelta(hours=6)
    assert found.workers.lease == timedelta(seconds=30)
    assert found.workers.call_deadline == timedelta(seconds=10)
    assert found.workers.write_off == timedelta(hours=72)
    assert found.accounts["coop"].max_in_flight == 64
    assert found.embedded
    assert found.door == ("127.0.0.1", 8080)
    assert found.base_url == "http://127.0.0.1:8080"
    assert found.zone.key == "Europe/Paris"
    assert found.delay("poster") == (timedelta(0), timedelta(0))


def test_the_examples_values_are_the_defaults() -> None:
    example = load(EXAMPLE, ENVIRON, plugins=PLUGINS)
    for section in (example.workers, example.health):
        assert section == type(section)()
    for name in ("currency", "timezone", "listen", "answer_countries", "refused_prefixes", "plugins"):
        assert getattr(example, name) == Settings.model_fields[name].default
    for name, field in type(example.replies).model_fields.items():
        assert name == "texts" or getattr(example.replies, name) == field.default


NEEDED = {
    "rates": "two of the prices are in these",
    "receive_price": "money has no default",
    "calls_per_minute": "what OVH tolerates",
    "hook_token": "OVH signs nothing",
    "api_secret": "a Vonage account signs in with it",
    "signature_secrets": "Vonage's webhooks are signed with it",
    "application_key": "OVH's keys",
    "application_secret": "OVH's keys",
    "consumer_key": "OVH's keys",
    "virtual_numbers": "the website's number is one",
    "operator.token": "whoever can be reached needs it",
}
"""Settings with a default that the example spells otherwise, and why."""


def others(model: type[Any], written: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Settings that are written and differ from their default, by name within their section."""
    for name, value in written.items():
        field = model.model_fields.get(name)
        inner = None if field is None else model_within(field.annotation)
        if field is None or field.is_required():
            continue
        default = field.get_default(call_default_factory=True)
        if isinstance(value, dict) and inner is not None and isinstance(default, BaseModel):
            yield from others(inner, value, f"{name}.")
        elif "env:" in str(value) or read(field, value) != default:
            yield f"{at}{name}"


def read(field: FieldInfo, value: Any) -> Any:
    """A setting as it is understood."""
    return TypeAdapter(field.rebuild_annotation()).validate_python(value)


def test_no_live_line_differs_from_a_default_without_need() -> None:
    tree = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    found = set(others(Settings, tree))
    for account in tree["accounts"].values():
        found |= {*others(Account, account)} - {"settings"}
        found |= {*others(PLUGINS.providers[account["provider"]].Settings, account["settings"])}
    for number in tree["numbers"].values():
        found |= {*others(Number, number)}
    assert found == NEEDED.keys()


def test_no_live_line_leads_to_a_house_of_somebody_else() -> None:
    """Roots mailed to example.org would prove nothing, and nobody would notice."""
    live = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in live if "example." in line] == []


def models(model: type[Any]) -> set[type[Any]]:
    """A model and all that its fields hold."""
    found = {model}
    for annotation in fields_of(model).values():
        inner = model_within(annotation)
        if inner is not None and inner is not Price and inner not in found:
            found |= models(inner)
    return found


def test_every_setting_of_every_section_and_provider_stands_in_the_example() -> None:
    spelled = EXAMPLE.read_text(encoding="utf-8")
    every = models(Settings) | {
        inner for provider in (Twilio, Vonage, Ovh) for inner in models(provider.Settings)
    }
    assert len(every) >= 12
    missing = [
        f"{model.__name__}.{name}"
        for model in every
        for name in fields_of(model)
        if not re.search(rf"(?m)^(# )?(\[[a-z_.]*)?\b{name}\b(\.[a-z_]+)*(\]| = )|[{{,] {name} = ", spelled)
    ]
    assert missing == []

"""What Grafana's own models (grafana-foundation-sdk, 11.6) do not know of a dashboard: fields and words."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

# Fields of the Prometheus plugin in an annotation: the models leave them to the plugin.
_OF_THE_PLUGIN = {"titleFormat", "tagKeys", "step", "useValueForTime"}

register_default_plugins()


def faults(written: dict[str, Any]) -> list[str]:
    """Paths of fields that no model has, and of words that are in none of its sets."""
    model = Dashboard.from_json(written)
    again = json.loads(JSONEncoder().encode(model))
    return sorted({*_lost(written, again, ""), *_unknown(model, "")})


def _lost(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from _lost(value, theirs[key], f"{path}.{key}")
            elif not (path.startswith(".annotations.") and key in _OF_THE_PLUGIN):
                yield f"{path}.{key}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _lost(one, other, f"{path}[{place}]")
    elif ours != theirs:
        yield path


def _unknown(model: Any, path: str) -> Iterator[str]:
    if isinstance(model, list):
        for place, one in enumerate(model):
            yield from _unknown(one, f"{path}[{place}]")
    elif type(model).__module__.startswith("grafana_foundation_sdk.models"):
        hints = typing.get_type_hints(type(model).__init__)
        for name, value in vars(model).items():
            words = [
                kind
                for kind in (hints.get(name), *typing.get_args(hints.get(name)))
                if isinstance(kind, type) and issubclass(kind, Enum)
            ]
            if (
                words
                and isinstance(value, str)
                and value not in {word.value for kind in words for word in kind}
            ):
                yield f"{path}.{name}={value}"
            yield from _unknown(value, f"{path}.{name}")

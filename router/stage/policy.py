"""A policy: some settings, as a file says them, that are laid over others to see what they would change."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from router.settings import Problem, Settings
from router.settings.problem import Place, did_you_mean, dotted, fields_of, model_within


def read(file: Path) -> dict[str, Any]:
    """What a policy file says.

    Raises:
        ValueError: It is no TOML.
        OSError: It cannot be read.
    """
    return tomllib.loads(file.read_text(encoding="utf-8"))


def slips(policy: Mapping[str, Any]) -> list[Problem]:
    """Sections and keys of a policy that are no settings: a policy may not hold others'."""
    return list(_slips(policy, Settings, ()))


def _slips(written: Mapping[str, Any], model: type[Any], at: Place) -> Iterator[Problem]:
    known = fields_of(model)
    for key, value in written.items():
        if key.lower() not in known:
            yield Problem(dotted((*at, key)), "is not a setting", did_you_mean(key, known))
            continue
        kind = known[key.lower()]
        inner = model_within(kind)
        if not isinstance(value, Mapping) or inner is None or not issubclass(inner, BaseModel):
            continue
        entries = {(key,): value} if kind is inner else {(key, name): entry for name, entry in value.items()}
        for place, entry in entries.items():
            if isinstance(entry, Mapping):
                yield from _slips(entry, inner, (*at, *place))


def as_environment(policy: Mapping[str, Any], *steps: str) -> dict[str, str]:
    """A policy as variables of the environment, which is how settings are laid over others."""
    found: dict[str, str] = {}
    for key, value in policy.items():
        here = (*steps, key)
        if isinstance(value, Mapping):
            found |= as_environment(value, *here)
        else:
            found["PARAVENT_" + "__".join(here).upper()] = _word(value)
    return found


def _word(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list() | Mapping():
            return _inline(value)
        case _:
            return str(value)


def _inline(value: Any) -> str:
    """A list or a table as TOML writes it on one line; JSON's strings are TOML's."""
    match value:
        case list():
            return f"[{', '.join(map(_inline, value))}]"
        case Mapping():
            pairs = (f"{json.dumps(key)} = {_inline(each)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            return json.dumps(_word(value))

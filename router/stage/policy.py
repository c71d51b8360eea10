"""A policy: some settings, as a file says them, that are laid over others to see what they would change."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read(file: Path) -> dict[str, Any]:
    """What a policy file says.

    Raises:
        ValueError: It is no TOML.
        OSError: It cannot be read.
    """
    return tomllib.loads(file.read_text(encoding="utf-8"))


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
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if not isinstance(value, list) else str([str(each) for each in value])

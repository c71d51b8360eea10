"""What people write in a drill: lines of texts.toml grown into texts, spelt as one does on a phone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

Mix: TypeAlias = Mapping[str, float]
"""Kinds of texts, sections of texts.toml, and how often each comes."""

_CHOICE = re.compile(r"\{([^{}]*)\}|<(\w+)>")
_SHORTEST = 4
"""A slip would lose shorter ones."""

_SHORT = (("qu", "k"), ("c'est", "c"), ("tu es", "t"), ("vous", "vs"), ("pas", "pa"), ("toujours", "tjr"))


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


class Writer:
    """Writes texts; the same seed writes the same ones."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 -- a drill is told again by its seed

    def text(self, mix: Mix) -> str:
        """One text of one of these kinds."""
        kind = self._random.choices(list(mix), list(mix.values()))[0]
        line = self._random.choice(_texts()[kind]["lines"])
        while _CHOICE.search(line):
            line = _CHOICE.sub(self._chosen, line)
        return self._spelt(line)

    def touched(self, body: str) -> str:
        """A copied text as the next one sends it on."""
        return body + self._random.choice(
            ["", "", "", " ", "!", "!!", " lol", " mdr", f" {self._random.randrange(100)}"]
        )

    def _chosen(self, found: re.Match[str]) -> str:
        options = found[1].split("|") if found[1] is not None else _texts()["lists"][found[2]]
        chosen: str = self._random.choice(options)
        return chosen

    def _now_and_then(self, percent: int) -> bool:
        return self._random.randrange(100) < percent

    def _spelt(self, text: str) -> str:
        if self._now_and_then(25):
            for long, short in _SHORT:
                text = text.replace(long, short)
        if self._now_and_then(35):
            text = text.translate(str.maketrans("éèêàùçôîû", "eeeaucoiu"))
        if self._now_and_then(40):
            text = text.lower()
        elif self._now_and_then(10):
            text = text.upper()
        if self._now_and_then(12) and len(text) > _SHORTEST:
            at = self._random.randrange(len(text) - 1)
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if self._now_and_then(10):
            text += self._random.choice(["!", "!!", "...", " ?", " lol", " mdr", " 😂", "???", " ^^", " svp"])
        return text

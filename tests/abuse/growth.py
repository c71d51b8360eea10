"""Texts that people send, grown from the lines in seeds/: by family, spelt as one spells on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from random import Random

ROOM = Path(__file__).parent / "seeds"
_CHOICE = re.compile(r"\{([^{}]*)\}|<(\w+)>")
_NEAR = dict(zip("azertyuiopqsdfghjklmwxcvbn", "zertyuiopoqsdfghjklkxcvbnv", strict=True))
_LEET = str.maketrans("oiaes", "01@3$")
_SHORTCUTS = {
    "qu": "k", "est-ce que": "esk", "c'est": "c", "pourquoi": "pk", "toujours": "tjr", "beaucoup": "bcp",
    "tu es": "t", "t'es": "t", "je suis": "jsuis", "je sais": "jsais", "de": "2", "quand": "qd", "pas": "pa",
    "vous": "vs", "dans": "ds", "avec": "ac", "tout": "tt", "er ": "é ", "eau": "o", "j'ai": "g", "ne ": "",
    "mort": "mor", "you": "u", "are": "r", "your": "ur",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Family:
    """One line of a seed file: texts of one shape.

    Args:
        kind: opener, test, supporter, report, ordinary, forum, insult, hate, threat, pressure or raid.
        abusive: What texts of it are.
        unseen: Kept from training: figures are taken on these.
    """

    kind: str
    abusive: bool
    line: str
    unseen: bool

    def texts(self, random: Random, count: int) -> Iterator[str]:
        """So many texts of the family, spelt in many ways."""
        for _ in range(count):
            yield spelt(self._grown(self.line, random), random, disguise=self.abusive)

    def _grown(self, line: str, random: Random) -> str:
        def chosen(found: re.Match[str]) -> str:
            options: list[str] = found[1].split("|") if found[1] is not None else vocabulary()[found[2]]
            known = [option for option in options if self.unseen or not _held_back(option, 8)]
            return random.choice(known or options)

        while _CHOICE.search(line):
            line = _CHOICE.sub(chosen, line)
        return line


def _held_back(line: str, one_in: int) -> bool:
    return blake2b(line.encode(), digest_size=2).digest()[0] % one_in == 0


@cache
def vocabulary() -> dict[str, list[str]]:
    """The lists that lines name as <list>."""
    lines = (ROOM / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
    named = (line.split(" = ", 1) for line in lines if " = " in line)
    return {name: [option.strip() for option in options.split(" | ")] for name, options in named}


@cache
def families() -> tuple[Family, ...]:
    """Every family of every seed file; one in four is unseen, by its own words, so that it stays so."""
    found = []
    for file in sorted(ROOM.glob("*.txt")):
        abusive, kind = False, ""
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("# ") and file.stem != "vocabulary":
                truth, kind = line[2:].split()
                abusive = truth == "abusive"
            elif line and kind:
                found.append(Family(kind, abusive, line, _held_back(line, 4)))
    return tuple(found)


def spelt(text: str, random: Random, *, disguise: bool) -> str:
    """The text as someone types it: cases, accents, shortcuts, slips; abuse at times in a disguise."""
    habits = random.random
    if habits() < 0.35:
        for long, short in random.sample(list(_SHORTCUTS.items()), 6):
            text = text.replace(long, short) if habits() < 0.7 else text
    if habits() < 0.4:
        text = text.translate(str.maketrans("éèêàùçôîâû", "eeeaucoiau"))
    if habits() < 0.12:
        text = text.upper()
    elif habits() < 0.5:
        text = text.lower()
    if habits() < 0.12 and len(text) > 4:
        text = _slip(text, random)
    if habits() < 0.1:
        text += random.choice(["!", "!!", "...", " ?", " lol", " mdr", " 😂", "???", " ^^", " svp"])
    if habits() < 0.06:
        text = re.sub(r"([aeiouy])(?=\W|$)", lambda found: found[1] * random.randint(2, 5), text, count=1)
    return _disguised(text, random) if disguise and habits() < 0.2 else text


def _slip(text: str, random: Random) -> str:
    at = random.randrange(len(text) - 1)
    match random.randrange(3):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        case _:
            return text[:at] + _NEAR.get(text[at], text[at]) + text[at + 1 :]


def _disguised(text: str, random: Random) -> str:
    words = text.split(" ")
    at = max(range(len(words)), key=lambda index: len(words[index]))
    word = words[at]
    inside = random.randrange(1, max(2, len(word) - 1))
    words[at] = random.choice(
        [
            word.translate(_LEET),
            " ".join(word) if len(word) < 12 else word,
            ".".join(word),
            word[:inside] + random.choice("*.-_") + word[inside + 1 :],
            word[:inside] + random.choice("*._") + word[inside:],
            word[:inside] + word[inside - 1] * 3 + word[inside:],
            word[:inside] + " " + word[inside:],
            word[::-1],
            re.sub(r"(?<=\w)[aeiouy](?=\w)", "*", word),
        ]
    )
    return " ".join(words)

"""One text is no "1 texts": whatever says how many says it of one, too."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest

from router.rules.plural import counted
from router.web.console import read
from tests.house.tree import modules

_MANY = re.compile(r" (?:[a-z]+ )?([a-z]+s|people)\b")
"""What may stand behind a number: a word in the plural, perhaps behind another."""

_COUNT = re.compile(r"\{(count|n)\}( [a-zé]+)?? [a-zé]+s\b")

_NO_PLURALS = frozenset(
    {"is", "was", "has", "as", "its", "this", "us", "does", "less", "says", "stands", "takes", "holds"}
    | {"towards", "suspicious"}
)

_ELSEWHERE = ("router/evidence/", "router/cli/evidence/")
"""These say it by words of their own, in two languages."""

ALWAYS_MANY = {
    "router/stage/drill/report.py": "len(tales) policies",  # they are compared
    "router/cli/check.py": "lint.size.parts parts",  # it could be fewer
    "router/rules/wording.py": "size.parts parts",  # more than may be used
    "router/rules/abuse.py": "1 << BUCKETS_BITS weights",
    "router/rules/meaning.py": "DIMENSIONS + 1 weights",
    "router/cli/raiding.py": "found.baseline of texts",  # a share
    "router/cli/review.py": "raid of raids",  # no number of raids
    "router/postgres/orders.py": "account changes",  # no number
}


def plurals(tree: ast.Module) -> Iterator[str]:
    """Numbers that are written with words behind them that hold for many alone."""
    for text in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
        for value, behind in zip(text.values, text.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(behind, ast.Constant):
                found = _MANY.match(str(behind.value))
                if found and found[1] not in _NO_PLURALS:
                    yield ast.unparse(value.value) + found[0]


def test_who_says_how_many_says_it_of_one_too() -> None:
    found = {
        f"{name}: {said}"
        for name, tree in modules("router").items()
        if not name.startswith(_ELSEWHERE)
        for said in plurals(tree)
        if said != ALWAYS_MANY.get(name)
    }
    assert found == set()


def test_control_a_plural_behind_a_number_is_found() -> None:
    said = ast.parse('f"{n} texts" + f"{n:,} held texts" + f"{n} is" + f"{counted(n, \'text\')} {n}"')
    assert list(plurals(said)) == ["n texts", "n held texts"]


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 leaves"), (1, "1 leaf"), (2, "2 leaves"), (2_000, "2,000 leaves")]
)
def test_counted(number: int, said: str) -> None:
    assert counted(number, "leaf", "leaves") == said
    assert counted(number, "text").endswith(" text" if number == 1 else " texts")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_pages_words_for_one_and_many_come_in_pairs(language: str) -> None:
    words = json.loads(read(f"words.{language}.json"))
    many = {key for key, said in words.items() if re.search(_COUNT, said) and not key.endswith(".one")}
    ones = {key.removesuffix(".other") for key in many if key.removesuffix(".other") + ".one" in words}
    assert {key.removesuffix(".other") for key in many} - ones <= {
        "public.days"  # from two days on
    }
    assert ones

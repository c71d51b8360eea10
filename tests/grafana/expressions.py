"""Every expression that a dashboard or a rule asks, ready to be asked, and the names that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$__interval": "15s"}
EVERYTHING = {"$account": ".*", "$number": ".*"}

_NAME = re.compile(r"\b(?:paravent_\w+|up)\b(?!\s*\()")
_HISTOGRAM = re.compile(r"(?<=_seconds)_(?:bucket|sum|count)$")
_MATCHERS = re.compile(r"\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPED = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_REPLACED = re.compile(r"\blabel_replace(?=\()")
_MADE = re.compile(r'"(\w+)",\s*"[^"]*",\s*"(\w+)",\s*"[^"]*"$')
"""The end of what a label_replace is given: the label that it makes, and the one of which."""


def asked(board: dict[str, Any], chosen: dict[str, str] | None = None) -> dict[str, str]:
    """Expressions by place of a written dashboard; variables stand for `chosen`, or for everything."""
    found = {}
    for panel in board["panels"]:
        for target in panel["targets"]:
            found[f"{board['uid']}: {panel['title']} {target['refId']}"] = target["expr"]
    for note in board["annotations"]["list"]:
        found[f"{board['uid']}: {note['name']}"] = note["expr"]
    return {place: filled(expr, EVERYTHING | (chosen or {})) for place, expr in found.items()}


def filled(expr: str, chosen: dict[str, str]) -> str:
    """An expression without variables."""
    for name, value in (*VARIABLES.items(), *chosen.items()):
        expr = expr.replace(name, value)
    return expr


def metrics(expr: str) -> set[str]:
    """Names of the metrics that it uses, without what a histogram adds to them."""
    return {_HISTOGRAM.sub("", name) for name in _NAME.findall(_bare(expr))}


class Matcher(NamedTuple):
    """What a selector demands of one label."""

    label: str
    how: str
    value: str


def selectors(expr: str) -> Iterator[tuple[str, list[Matcher]]]:
    """Metrics in the order in which they are asked for, each with what is demanded of its labels."""
    bare = _bare(expr)
    for name in _NAME.finditer(bare):
        inside = _MATCHERS.match(bare, name.end())
        written = expr[inside.start() : inside.end()] if inside else ""
        yield _HISTOGRAM.sub("", name[0]), [Matcher(*one) for one in _MATCHER.findall(written)]


def labels(expr: str) -> set[tuple[str, str]]:
    """Metrics, each with a label of its own that it is matched, grouped or joined by."""
    bare = _bare(expr)
    renamed = [
        (*there, made[1], made[2]) for there in _replaced(bare) if (made := _MADE.search(expr[slice(*there)]))
    ]
    found = {(metric, one.label) for metric, matchers in selectors(expr) for one in matchers}
    for grouped in _GROUPED.finditer(bare):
        begin, end = _inside(bare, grouped.end() if grouped[1] in {"by", "without"} else grouped.start())
        for name in _NAME.finditer(bare, begin, end):
            own = {made: of for one, other, made, of in renamed if begin <= one <= name.start() < other}
            for label in re.findall(r"\w+", grouped[2]):
                found.add((_HISTOGRAM.sub("", name[0]), own.get(label, label)))
    return found


def _replaced(bare: str) -> list[tuple[int, int]]:
    """Where what every label_replace is given begins and ends."""
    return [_inside(bare, one.end()) for one in _REPLACED.finditer(bare)]


def _bare(expr: str) -> str:
    """The same, as long as it is, with nothing in its strings."""
    return re.sub(r'"[^"]*"', lambda found: '"' + " " * (len(found[0]) - 2) + '"', expr)


def _inside(bare: str, at: int) -> tuple[int, int]:
    """Where the parentheses that open here begin and end, or those around here where none open."""
    opens = re.compile(r"\s*\(").match(bare, at)
    begin = opens.end() if opens else at
    end, depth = begin, 0
    while not opens and begin and (depth := depth + (bare[begin - 1] == ")") - (bare[begin - 1] == "(")) >= 0:
        begin -= 1
    depth = 0
    while end < len(bare) and (depth := depth + (bare[end] == "(") - (bare[end] == ")")) >= 0:
        end += 1
    return begin, end


def operands(expr: str) -> Iterator[str]:
    """What an alert compares and joins: each must have data while all is well, though the alert has none."""
    depth, start, place = 0, 0, 0
    parts = []
    for place, letter in enumerate(expr):
        depth += (letter in "({[") - (letter in ")}]")
        if depth == 0 and (found := re.match(r"\s(and|or|unless)\s(?:on\s*\([^)]*\)\s)?", expr[place:])):
            parts.append(expr[start:place])
            start = place + found.end() - 1
    for part in (*parts, expr[start:]):
        yield re.sub(r"\s*(?:==|!=|<=|>=|<|>)\s*(?:bool\s*)?-?[\d.]+\s*", " ", part).strip()

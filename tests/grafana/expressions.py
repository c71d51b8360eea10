"""Every expression that a dashboard or a rule asks, ready to be asked, and the names that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$__interval": "15s"}
EVERYTHING = {"$account": ".*", "$number": ".*"}

_NAME = re.compile(r"\b(?:paravent_\w+|up)\b(?!\s*\()")
_MATCHERS = re.compile(r"\{([^}]*)\}")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


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
    bare = re.sub(r'"[^"]*"', '""', expr)
    return {re.sub(r"(?<=_seconds)_(?:bucket|sum|count)$", "", name) for name in _NAME.findall(bare)}


def labels(expr: str) -> set[str]:
    """Names of the labels that it matches or groups by."""
    bare = re.sub(r'"[^"]*"', '""', expr)
    matched = (
        name for inside in _MATCHERS.findall(bare) for name in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside)
    )
    grouped = (name for inside in _GROUPED.findall(bare) for name in re.findall(r"\w+", inside))
    return {*matched, *grouped}


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

"""Where settings come from: a TOML file, `PARAVENT_` variables over it, and secrets kept elsewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from router.settings.problem import Place, Problem, did_you_mean, dotted

PREFIX = "PARAVENT_"
"""``PARAVENT_LISTEN`` is `listen`; ``PARAVENT_ACCOUNTS__OVH__BUDGET__LIMIT`` is a setting further down."""

_NOT_SETTINGS = frozenset({"SETTINGS", "REQUIRE"})
_LONGEST_SECRET = 65_536
_VARIABLE = re.compile(r"(?!.*\d{6})[A-Z_][A-Z0-9_]{0,63}")
"""How a variable is called. What looks otherwise may be a secret that somebody wrote in its place."""


def read_file(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Read a TOML file; what cannot be read is a problem, by line and column at best."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at (line \d+, column \d+|end of document)\)", str(error))
        where = f" at {found[1]}" if found else ""
        return {}, [Problem("", f"the settings file is not TOML{where}")]
    except RecursionError:
        return {}, [Problem("", "the settings file is nested too deeply")]
    except UnicodeDecodeError:
        return {}, [Problem("", "the settings file is not UTF-8")]
    except OSError as error:
        return {}, [Problem("", f"the settings file cannot be read: {error.strerror or 'no such file'}")]


def overlay(
    tree: dict[str, Any], environ: Mapping[str, str], known: Collection[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """Lay the environment's settings over the file's.

    A variable whose first word is no setting is somebody else's (a cluster sets ``PARAVENT_PORT``), unless
    it is so near to one that it must be a slip.
    """
    problems = []
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        steps = variable.removeprefix(PREFIX).split("__")
        if steps[0] in _NOT_SETTINGS:
            continue
        if steps[0].lower() not in known:
            hint = did_you_mean(steps[0], known) if len(steps) > 1 or _is_slip(steps[0], known) else ""
            if hint:
                problems.append(Problem(dotted((steps[0].lower(),)), "is not a setting (environment)", hint))
            continue
        place, fault = _lay(tree, steps, environ[variable])
        if fault:
            problems.append(Problem(dotted(place), f"{fault} (environment)"))
    return tree, problems


def resolve(tree: Any, folder: Path, environ: Mapping[str, str], at: Place = ()) -> tuple[Any, list[Problem]]:
    """Replace every ``env:NAME`` and ``file:PATH`` by what it stands for; paths begin at `folder`."""
    if isinstance(tree, dict):
        pairs = {key: resolve(value, folder, environ, (*at, key)) for key, value in tree.items()}
        return {key: found for key, (found, _) in pairs.items()}, [
            p for _, some in pairs.values() for p in some
        ]
    if isinstance(tree, list):
        items = [resolve(value, folder, environ, (*at, place)) for place, value in enumerate(tree)]
        return [found for found, _ in items], [p for _, some in items for p in some]
    if isinstance(tree, str) and tree.startswith(("env:", "file:")):
        found, fault = _fetch(tree, folder, environ)
        return found, [Problem(dotted(at), fault)] if fault else []
    return tree, []


def _is_slip(word: str, known: Collection[str]) -> bool:
    return any(abs(len(word) - len(name)) <= 1 and set(word.lower()) == set(name) for name in known)


def _lay(tree: dict[str, Any], steps: list[str], value: str) -> tuple[Place, str]:
    """Put one value in its place; answers where, and what is wrong with it."""
    place: list[str | int] = []
    inner: dict[str, Any] = tree
    for depth, step in enumerate(steps):
        key = _key(inner, step, place)
        place.append(key)
        if depth == len(steps) - 1:
            try:
                inner[key] = tomllib.loads(f"v = {value}")["v"] if value[:1] in {"[", "{"} else value
            except (tomllib.TOMLDecodeError, RecursionError):
                return tuple(place), "is not a TOML list or table"
        elif not isinstance(inner.setdefault(key, {}), dict):
            return tuple(place), "is no table"
        else:
            inner = inner[key]
    return tuple(place), ""


def _key(inner: Mapping[str, Any], step: str, place: list[str | int]) -> str:
    """Variables are in capitals; countries and currencies are too, names are not."""
    for key in inner:
        if key.upper() == step.upper():
            return key
    capitals = place[-1:] in (["prices"], ["rates"]) and step != "CREDIT"
    return step if capitals else step.lower()


def _named(variable: str) -> str:
    return f": {variable}" if _VARIABLE.fullmatch(variable) else ""


def _fetch(reference: str, folder: Path, environ: Mapping[str, str]) -> tuple[str | None, str]:
    kind, _, name = reference.partition(":")
    if kind == "env":
        found = environ.get(name, "")
        lacks = "is empty" if name in environ else "is not set"
        return found or None, "" if found else f"names an environment variable that {lacks}{_named(name)}"
    try:
        with (folder / name).open(encoding="utf-8") as file:
            found = file.read(_LONGEST_SECRET + 1).strip()
    except (OSError, ValueError):
        return None, "names a file that cannot be read"
    if not found or len(found) > _LONGEST_SECRET:
        return None, "names a file that is empty or too long"
    return found, ""

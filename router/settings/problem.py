"""What is wrong with the settings: where, what, and perhaps what was meant. Never what was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError

Place: TypeAlias = tuple[str | int, ...]
"""Where in the settings: keys and list positions from the top."""

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,47}")
_SHORTEST_VALUE = 3


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong.

    Args:
        path: Dotted, such as ``accounts.twilio.prices.FR``; empty for the file itself.
        message: What is wrong, to be read after the path.
        hint: What may help, empty if nothing is known to.
    """

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        said = f"{self.path}: {self.message}" if self.path else self.message
        return f"{said} ({self.hint})" if self.hint else said


class SettingsError(Exception):
    """The settings cannot be used; `problems` are all that is wrong with them, by path."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def dotted(place: Place) -> str:
    """Write a place as people read it. A key that is no plain name may be a number or a secret: ``?``."""
    said = ""
    for step in place:
        if isinstance(step, int):
            said += f"[{step}]"
        else:
            said += "." * bool(said) + (step if is_plain(step) else "?")
    return said


def is_plain(key: str) -> bool:
    """Whether a key is a name that may be shown: no phone number, nothing long, nothing odd."""
    return bool(_PLAIN_KEY.fullmatch(key)) and not re.search(r"\d{6}", key)


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """Name the known word that is nearest to what was written, empty if none is near."""
    near = get_close_matches(written.lower(), list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def read_errors(
    error: ValidationError, model: type[Any], at: Place, *, foreign: bool = False
) -> list[Problem]:
    """Turn pydantic's errors into problems, without a single value in them.

    Args:
        error: As raised.
        model: What was being read, for the names that may have been meant.
        at: Where it stands in the settings.
        foreign: The model is a plugin's, whose validators may repeat what they read.
    """
    return [_read(dict(details), model, at, foreign) for details in error.errors(include_url=False)]


def no_numbers(annotation: Any, written: Any, at: Place) -> Iterable[Problem]:
    """Name every ``true`` and ``false`` where a number is wanted: pydantic takes them for 1 and 0."""
    kinds = set(_kinds(annotation))
    model = model_within(annotation)
    if isinstance(written, bool):
        if kinds & {int, float} and bool not in kinds:
            yield Problem(dotted(at), "must be a number")
    elif isinstance(written, Mapping) and model is not None:
        for name, value in written.items():
            if name in fields_of(model):
                yield from no_numbers(fields_of(model)[name], value, (*at, name))


def _kinds(annotation: Any) -> Iterable[Any]:
    """The plain types in an annotation."""
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def _read(details: Mapping[str, Any], model: type[Any], at: Place, foreign: bool) -> Problem:
    loc: Place = tuple(details["loc"])
    in_key = loc[-1:] == ("[key]",)
    place = (*at, *(loc[:-1] if in_key else loc))
    match details["type"]:
        case "missing":
            return Problem(dotted(place), "is missing")
        case "extra_forbidden" | "unexpected_keyword_argument":
            return Problem(
                dotted(place), "is not a setting", did_you_mean(str(loc[-1]), _names(model, loc[:-1]))
            )
        case "model_type" | "model_attributes_type" | "dataclass_type" | "dict_type" | "mapping_type":
            return Problem(dotted(place), "must be a table")
    if in_key:
        return Problem(dotted(place), "is not a name that can stand here")
    if foreign and any(leaf in details["msg"] for leaf in _leaves(details["input"])):
        return Problem(
            dotted(place), "is not acceptable", "the reason may repeat what was written: not shown"
        )
    return Problem(dotted(place), _plainly(details, model, loc))


_PLAIN = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "frozen_set_type": "must be a list",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be text in quotes",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "tuple_type": "must be a list",
}


def _plainly(details: Mapping[str, Any], model: type[Any], loc: Place) -> str:
    """What pydantic found, in words for somebody who knows no pydantic."""
    if details["type"] == "string_pattern_mismatch":
        wanted = _wanted(model, loc)
        return f"must be {wanted}" if wanted else "is not written as it must be"
    plain = _PLAIN.get(details["type"])
    if plain is not None:
        said = plain.format(**details.get("ctx", {}))
        return said.replace("at least 1 entries", "at least one entry").replace(
            " 1 characters", " one character"
        )
    said = str(details["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return said[:1].lower() + said[1:]


def _wanted(model: type[Any], loc: Place) -> str:
    """What the field at a place is described as, to be read after "must be"; empty if it is not."""
    found: type[Any] | None = model
    said = ""
    for step in loc:
        if found is None or not issubclass(found, BaseModel) or step not in found.model_fields:
            continue
        field = found.model_fields[str(step)]
        said, found = field.description or "", model_within(field.annotation)
    said = said.rstrip(".")
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]


def _leaves(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and len(str(value)) >= _SHORTEST_VALUE:
        yield str(value)


def _names(model: type[Any], loc: Place) -> list[str]:
    """Names of the fields that may stand at a place within a model."""
    for step in loc:
        if isinstance(step, str) and step in fields_of(model):
            found = model_within(fields_of(model)[step])
            if found is None:
                return []
            model = found
    return list(fields_of(model))


def fields_of(model: type[Any]) -> dict[str, Any]:
    """Field names and annotations of a pydantic model or a dataclass."""
    if issubclass(model, BaseModel):
        return {name: field.annotation for name, field in model.model_fields.items()}
    return {field.name: field.type for field in fields(model)} if is_dataclass(model) else {}


def model_within(annotation: Any) -> type[Any] | None:
    """The model that an annotation such as ``Mapping[str, Account]`` holds, None if it holds none."""
    if isinstance(annotation, type) and (issubclass(annotation, BaseModel) or is_dataclass(annotation)):
        return annotation
    return next(filter(None, map(model_within, get_args(annotation))), None)

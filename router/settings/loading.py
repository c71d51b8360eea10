"""From sources to `Settings`: every part is read by itself, so that one mistake hides no other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from providers import Ability, Provider
from router.plugins import Loaded
from router.plugins import load as load_plugins
from router.postgres.embedded import data_folder
from router.rules.budget import TOTAL
from router.rules.caps import Cap
from router.settings.crosscheck import Draft, crosscheck
from router.settings.problem import (
    Place,
    Problem,
    SettingsError,
    did_you_mean,
    dotted,
    model_within,
    no_numbers,
    read_errors,
)
from router.settings.sections import Account, Number, Settings
from router.settings.sources import overlay, read_file, resolve
from router.settings.spelling import NAME

_NAME = re.compile(NAME)
_NAMES = f"small letters, digits and single underscores, beginning with a letter; not {TOTAL!r}"


def load(path: Path | None, environ: Mapping[str, str], *, plugins: Loaded | None = None) -> Settings:
    """Read the settings, whole or not at all.

    Args:
        path: The TOML file; None for the environment alone.
        environ: Usually `os.environ`.
        plugins: Providers that may run; None loads the installed ones.

    Raises:
        SettingsError: With everything that is wrong.
    """
    tree, problems = ({}, []) if path is None else read_file(path)
    if problems:
        raise SettingsError(problems)
    tree, slips = overlay(tree, environ, Settings.model_fields)
    tree, unresolved = resolve(tree, Path() if path is None else path.parent, environ)
    tree.setdefault("data", str(data_folder(environ)))
    problems = [*slips, *unresolved]
    if plugins is None:
        plugins = load_plugins(_strings(tree.get("plugins")))
    carriers = _carriers(tree, plugins, problems)
    draft = _draft(tree, problems)
    draft.signs_nothing |= {
        name for name, carrier in carriers.items() if Ability.SIGNED_WEBHOOKS not in carrier.abilities
    }
    problems += crosscheck(draft, plugins)
    problems = [p for p in problems if p in unresolved or not _follows(p, unresolved)]
    if problems:
        raise SettingsError(problems)
    settings = Settings.model_validate(tree)
    settings._providers.update(carriers)  # noqa: SLF001 -- built with the settings, not written in them
    return settings


def _follows(problem: Problem, causes: list[Problem]) -> bool:
    """Whether a problem stands where a secret is missing, or round it: one mistake is said once."""
    return any(
        cause.path == problem.path or cause.path.startswith((f"{problem.path}.", f"{problem.path}["))
        for cause in causes
    )


def _strings(written: Any) -> list[str]:
    return [item for item in written if isinstance(item, str)] if isinstance(written, list) else []


def _carriers(tree: dict[str, Any], plugins: Loaded, problems: list[Problem]) -> dict[str, Provider]:
    """Make each account's provider from its own settings; the tree then holds these, checked."""
    carriers = {}
    accounts = tree.get("accounts")
    for name, account in accounts.items() if isinstance(accounts, dict) else ():
        kind = account.get("provider") if isinstance(account, dict) else None
        if not isinstance(kind, str):
            continue
        place: Place = ("accounts", name)
        found = plugins.providers.get(kind)
        if found is None:
            hint = plugins.refused.get(kind) or did_you_mean(kind, plugins.providers)
            problems.append(Problem(dotted((*place, "provider")), "is no provider that may run", hint))
            continue
        carrier = _carrier(found, account, (*place, "settings"), problems)
        if carrier is not None:
            carriers[name] = carrier
    return carriers


def _carrier(
    found: type[Provider], account: dict[str, Any], place: Place, problems: list[Problem]
) -> Provider | None:
    written = account.get("settings", {})
    problems += no_numbers(found.Settings, written, place)
    try:
        account["settings"] = found.Settings.model_validate(written)
        return found(account["settings"])
    except ValidationError as error:
        foreign = not found.__module__.startswith("providers.")
        problems += read_errors(error, found.Settings, place, foreign=foreign)
    except Exception as error:  # noqa: BLE001 -- a plugin may raise anything; its words may hold a secret
        problems.append(Problem(dotted(place), f"the provider raised {type(error).__name__}"))
    return None


def _draft(tree: Mapping[str, Any], problems: list[Problem]) -> Draft:
    """Read every setting by itself; what is wrong is left out of the draft and becomes a problem."""
    found = _fields(Settings, tree)
    for name, field in Settings.model_fields.items():
        if name not in tree:
            problems += [Problem(name, "is missing")] if field.is_required() else []
        elif name in _ENTRIES:
            found[name] = _entries(name, tree[name], problems)
        else:
            problems += _faults(field.rebuild_annotation(), tree[name], (name,))
            section = model_within(field.annotation)
            if name not in found and section is not None:
                found[name] = _fields(section, tree[name])
    known = Settings.model_fields
    slips = [name for name in tree if name not in known]
    problems += [Problem(dotted((name,)), "is not a setting", did_you_mean(name, known)) for name in slips]
    return Draft(tree=tree, found=found)


_ENTRIES: Mapping[str, type[BaseModel]] = {"accounts": Account, "numbers": Number, "caps": Cap}


def _entries(section: str, written: Any, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """Read each account, number or cap by itself."""
    if not isinstance(written, dict) or (not written and section != "caps"):
        problems.append(Problem(section, "must be a table with at least one entry"))
        return {}
    found = {}
    for name, entry in written.items():
        if not _NAME.fullmatch(name) or name == TOTAL:
            problems.append(Problem(dotted((section, name)), "is no name", _NAMES))
        problems += _faults(_ENTRIES[section], entry, (section, name))
        found[name] = _fields(_ENTRIES[section], entry)
    return found


def _faults(annotation: Any, written: Any, place: Place) -> list[Problem]:
    problems = list(no_numbers(annotation, written, place))
    try:
        TypeAdapter(annotation).validate_python(written)
    except ValidationError as error:
        said = {problem.path for problem in problems}
        found = read_errors(error, model_within(annotation) or Settings, place)
        problems += [problem for problem in found if problem.path not in said]
    return problems


def _fields(model: type[BaseModel], written: Any) -> dict[str, Any]:
    """The fields of a model that are right by themselves, defaults included."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if not isinstance(written, dict) or name not in written:
            if not field.is_required():
                found[name] = field.get_default(call_default_factory=True)
            continue
        with suppress(ValidationError):
            found[name] = TypeAdapter(field.rebuild_annotation()).validate_python(written[name])
    return found

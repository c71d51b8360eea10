"""Which providers are installed, and which of them may run: entry points of `paravent.providers`.

An installed plugin does not run for being installed. Those that come with Paravent always may; any other
must be named in the settings, and is not even imported before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

from pydantic import BaseModel

from providers import CONTRACT, Provider

GROUP = "paravent.providers"
"""The entry-point group of providers."""

_OURS = "paravent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One installed entry point.

    Args:
        name: What settings call it.
        target: ``module:class``.
        distribution: What installed it.
        version: Of that distribution.
        ours: It comes with Paravent.
    """

    name: str
    target: str
    distribution: str
    version: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """What may run, by name, and what was refused and why, by name."""

    providers: Mapping[str, type[Provider]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def installed() -> tuple[Plugin, ...]:
    """Every installed provider, those of Paravent first. Nothing is imported."""
    found = [plugin for plugin, _ in _entries()]
    return tuple(sorted(found, key=lambda plugin: (not plugin.ours, plugin.name, plugin.distribution)))


def load(allowed: Collection[str] = ()) -> Loaded:
    """Import the providers of Paravent and those that are allowed by name.

    Args:
        allowed: Names from the settings.
    """
    providers: dict[str, type[Provider]] = {}
    refused: dict[str, str] = {}
    entries = _entries()
    ours = {plugin.name for plugin, _ in entries if plugin.ours}
    for plugin, entry in entries:
        if not plugin.ours and entry.name not in allowed:
            continue
        taken = entry.name in (ours if not plugin.ours else ()) or entry.name in providers
        found = "two distributions install a provider of this name" if taken else _import(entry)
        if isinstance(found, str):
            refused[entry.name] = found
        else:
            providers[entry.name] = found
    missing = set(allowed) - providers.keys() - refused.keys()
    return Loaded(providers, refused | dict.fromkeys(missing, "no installed plugin is called so"))


def _entries() -> list[tuple[Plugin, EntryPoint]]:
    """Each once: a checkout that is also installed shows its entry points twice."""
    found: dict[tuple[str, str, str], tuple[Plugin, EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        plugin = _plugin(entry)
        found[plugin.distribution, plugin.name, plugin.target] = (plugin, entry)
    return [found[key] for key in sorted(found)]


def _plugin(entry: EntryPoint) -> Plugin:
    name = "" if entry.dist is None else entry.dist.name
    return Plugin(
        name=entry.name,
        target=entry.value,
        distribution=name,
        version="" if entry.dist is None else entry.dist.version,
        ours=name == _OURS,
    )


def _import(entry: EntryPoint) -> type[Provider] | str:
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- it may raise anything; say its kind, never its words
        return f"cannot be imported: {type(error).__name__}"
    return _fault(found, entry.name) or found


def _fault(found: object, name: str) -> str:
    """Why a class is no provider for us, empty if it is one."""
    if not isinstance(found, type):
        return "is not a class"
    contract = getattr(found, "contract", None)
    if contract != CONTRACT:
        return f"is written for another contract; this is version {CONTRACT}"
    if getattr(found, "name", None) != name:
        return "its `name` differs from its entry point"
    settings = getattr(found, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        return "has no `Settings` model"
    missing = [part for part in ("send", "inbound", "receipt") if not callable(getattr(found, part, None))]
    return f"lacks {', '.join(missing)}" if missing else ""

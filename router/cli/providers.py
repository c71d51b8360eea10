"""`paravent providers`: what is installed, what may run, what is refused and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import config_option, json_option
from router.cli.showing import show_json, show_table

if TYPE_CHECKING:
    from router.plugins import Loaded, Plugin


@click.command
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """List the installed providers and their abilities.

    A plugin runs only if `plugins` in the settings names it; before that it is not
    even imported. Exit code 1 if one that is named cannot be loaded.
    """
    from router import plugins

    loaded = plugins.load(_allowed(config))
    found = [_described(plugin, loaded) for plugin in plugins.installed()]
    known = {each["name"] for each in found}
    found += [
        {"name": name, "state": "refused", "why": why, "contract": None, "abilities": None}
        for name, why in loaded.refused.items()
        if name not in known
    ]
    if as_json:
        show_json({"providers": found})
    else:
        show_table(
            ("NAME", "INSTALLED BY", "CONTRACT", "STATE", "ABILITIES"),
            [
                (
                    each["name"],
                    f"{each.get('distribution', 'nobody')} {each.get('version', '')}".strip(),
                    str(each.get("contract") or "not read"),
                    each["state"],
                    each["why"] or _spelled(each["abilities"]),
                )
                for each in found
            ],
        )
    raise SystemExit(1 if loaded.refused else 0)


def _spelled(abilities: list[str] | None) -> str:
    if abilities is None:
        return "as its settings allow"
    return ", ".join(abilities).replace("_", " ")


def _described(plugin: Plugin, loaded: Loaded) -> dict[str, Any]:
    refused = loaded.refused.get(plugin.name, "")
    provider = loaded.providers.get(plugin.name) if plugin.ours or not refused else None
    abilities = getattr(provider, "abilities", None)
    why = refused or "`plugins` in the settings does not name it"
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "target": plugin.target,
        "state": "may run" if provider else "refused" if refused else "not named",
        "why": "" if provider else why,
        "contract": provider.contract if provider else None,
        "abilities": sorted(abilities) if abilities is not None else None,
    }


def _allowed(config: Path | None) -> list[str]:
    """What the settings name; read without judging the rest of them, which may need a provider first."""
    from router.cli.finding import WrongSettings, place
    from router.settings.sources import overlay, read_file

    try:
        path, environment = place(config)
    except WrongSettings:
        return []
    tree, problems = ({}, []) if path is None else read_file(path)
    if problems:
        raise WrongSettings([str(problem) for problem in problems])
    tree, _ = overlay(tree, environment, {"plugins"})
    written = tree.get("plugins")
    return [each for each in written if isinstance(each, str)] if isinstance(written, list) else []

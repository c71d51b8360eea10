"""`paravent replay`: the stored texts of your own nights under other settings, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.asked import moment_asked
from router.cli.finding import (
    Failed,
    WrongSettings,
    config_option,
    database,
    json_option,
    place,
    policy_of,
    run,
    settings_of,
)
from router.cli.showing import show_json, show_wrapped
from router.rules.plural import counted

if TYPE_CHECKING:
    from datetime import datetime

    from router.settings import Settings
    from router.stage.replay import Replayed

_LABEL = 28


@click.command
@click.option(
    "--from",
    "since",
    metavar="MOMENT",
    callback=moment_asked,
    help="Texts from then on; left out: the first.",
)
@click.option(
    "--to", "until", metavar="MOMENT", callback=moment_asked, help="Texts before then; left out: the last."
)
@click.option(
    "--policy", "policies", multiple=True, required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings to lay over your own, as TOML; may be repeated.",
)  # fmt: skip
@config_option
@json_option
def command(
    since: datetime | None,
    until: datetime | None,
    policies: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Ask what other settings would have made of texts that you had.

    The rules play them again, with your own settings and with each policy laid
    over them. Nothing is sent and nothing is written. Carriers are taken to be
    well, and prices to be those of the list; limits set by hand, raids declared
    or ended by hand and what was learnt before --from are not known. Texts that
    were erased are left out, and counted. Times are of the settings' zone.
    """
    settings = {"yours": settings_of(config)}
    for policy in policies:
        settings[policy.stem] = _with(config, policy)
    replayed = run(_replay(settings, since, until))
    if not replayed.as_it_was.texts and not as_json:
        raise Failed("No text came in then.")
    if as_json:
        show_json(replayed.as_json())
    else:
        _print(replayed)


async def _replay(settings: dict[str, Settings], since: datetime | None, until: datetime | None) -> Replayed:
    from router.postgres.replay import read
    from router.stage.replay import replay
    from router.vault import Vault

    yours = settings["yours"]
    async with database(yours) as pool:
        nights = await read(pool, since, until)
    return replay(nights, Vault.in_folder(yours.data), settings)


def _with(config: Path | None, policy: Path) -> Settings:
    from router.settings import SettingsError, load
    from router.stage.policy import as_environment

    laid_over = as_environment(policy_of(policy))
    path, environment = place(config)
    try:
        return load(path, {**environment, **laid_over})
    except SettingsError as error:
        raise WrongSettings([f"{policy.name}: {problem}" for problem in error.problems]) from None


def _print(replayed: Replayed) -> None:
    from router.stage.columns import side_by_side
    from router.stage.replay import blind, table

    for line in side_by_side(["as it was", *replayed.outcomes], table(replayed), _LABEL):
        click.echo(line)
    for name in blind(replayed):
        show_wrapped(
            "",
            f"{name}: only a raid of most texts can be seen in so few; the first {replayed.learning[name]:,}"
            " teach what is usual (raids.warm_up).",
        )
    left_out = ((replayed.erased, "erased"), (replayed.unknown, "to a number you no longer have"))
    for texts, why in left_out:
        if texts:
            show_wrapped("", f"{counted(texts, 'text')} {why}: left out of all columns but the first.")

"""`paravent evidence`: what came in, as a folder for others; whether it was changed; holds and erasure."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.evidence.exporting import export, verify
from router.cli.evidence.keeping import erase, hold, key, release
from router.cli.finding import config_option, database, json_option, run, settings_of
from router.cli.showing import moment, show_clock, show_json, show_table
from router.rules.plural import counted

if TYPE_CHECKING:
    from router.postgres.evidence import Standing
    from router.postgres.keeping import Hold


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Export what came in, verify it, hold it, erase it.

    Alone: how far everything is sealed and told elsewhere, and what is held.
    """
    context.obj = config
    if context.invoked_subcommand is None:
        standing, holds = run(_standing(config))
        if as_json:
            show_json({**asdict(standing), "holds": [hold._asdict() for hold in holds]})
        else:
            _print(standing, holds)


for _each in (export, verify, key, hold, release, erase):
    command.add_command(_each)


async def _standing(config: Path | None) -> tuple[Standing, list[Hold]]:
    from router.postgres.evidence import standing
    from router.postgres.keeping import Keeping

    async with database(settings_of(config)) as pool:
        async with pool.connection() as connection:
            found = await standing(connection)
        return found, await Keeping(pool).holds()


def _print(standing: Standing, holds: list[Hold]) -> None:
    waiting = counted(standing.unsealed, "text waits", "texts wait")
    click.echo(f"{counted(standing.newest, 'root')}; {waiting} to be sealed.")
    if standing.unsent:
        left = counted(standing.unsent, "root has", "roots have")
        click.echo(f"{left} not left this machine: see evidence.roots_to.")
    if holds:
        rows = [
            (hold.name, moment(hold.from_at), moment(hold.to_at), moment(hold.lifted_at)) for hold in holds
        ]
        show_table(("HELD", "FROM", "TO", "RELEASED"), rows)
        show_clock()

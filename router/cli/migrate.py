"""`paravent migrate`: bring the database's schema up to this version."""

from __future__ import annotations

from pathlib import Path

import click

from router.cli.finding import config_option, json_option, run, server, settings_of
from router.cli.showing import show_doing, show_json


@click.command
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Only say what would be applied.")
def command(config: Path | None, as_json: bool, dry_run: bool) -> None:
    """Apply what is missing of the database's schema. It may be run at any time.

    `paravent serve` does it by itself.
    """
    names = run(_migrate(config, dry_run))
    if as_json:
        show_json({"pending" if dry_run else "applied": names})
    else:
        click.echo("\n".join(names) or "Nothing to do: the schema is up to date.")


async def _migrate(config: Path | None, dry_run: bool) -> list[str]:
    from router.postgres.migrate import migrate, pending

    async with server(settings_of(config)) as dsn:
        return await (pending(dsn) if dry_run else migrate(dsn, tell=show_doing))

"""`paravent evidence key`, `hold`, `release`, `erase`: who opens it, and for how long it is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.evidence.asking import from_option, known_key, to_option, who, why_option
from router.cli.finding import Failed, config_option, database, json_option, run, settings_of
from router.cli.showing import show_aside, show_json
from router.rules.plural import counted

if TYPE_CHECKING:
    from datetime import datetime

    from router.postgres.keeping import Erased, Keeping
    from router.settings import Settings
    from router.vault import Vault


@click.command
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--try", "tried", is_flag=True, help="Say whether FILE opens what is sealed now.")
@config_option
@json_option
@click.pass_obj
def key(above: Path | None, file: Path, tried: bool, config: Path | None, as_json: bool) -> None:
    """Make a pair of keys; the private one goes to FILE.

    Take FILE away from this machine, to two places, and delete it here. The public
    key, which is printed, belongs into the settings: evidence.public_key. Try FILE
    every quarter: `paravent check` reminds of it. A later pair's private key is a
    line more in FILE: it then opens what either of them sealed.
    """
    import os

    from router.offline import make

    if tried:
        _try(file, settings_of(config or above), as_json=as_json)
        return
    private, public = make()
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as lines:
            lines.write(private + "\n")
    except OSError as error:
        raise Failed(f"{file} cannot be made: {error.strerror}.") from None
    if as_json:
        show_json({"public_key": public, "file": file})
        return
    click.echo(f'public_key = "{public}"')
    show_aside(f"Take {file} away from this machine: without it nobody opens what is sealed from now on.")


def _try(file: Path, settings: Settings, *, as_json: bool) -> None:
    found = known_key(file, settings)
    opens = found is not None and settings.evidence.public_key in found.publics
    if as_json:
        show_json({"opens": opens})
    elif opens:
        click.echo("It opens what is sealed now.")
    raise SystemExit(not opens)


@click.command
@from_option
@to_option
@why_option
@click.option("--name", help="What to call it; left out: its first day.")
@config_option
@click.pass_obj
def hold(
    above: Path | None, from_at: datetime, to_at: datetime, why: str, name: str | None, config: Path | None
) -> None:
    """Keep all that came in then, until it is released.

    Nothing of it is erased, neither by age nor because somebody asks.
    """
    if to_at <= from_at:
        raise click.UsageError("--to must be later than --from.")
    called = name or f"{from_at:%Y-%m-%d}"

    async def work(keeping: Keeping, _vault: Vault) -> bool:
        return await keeping.hold(called, from_at, to_at, by=who(), why=why)

    if not run(_keeping(config or above, work)):
        raise Failed(
            f"A hold was called {called} before. What is written down of it keeps the name, released or not:"
            " choose another with --name."
        )
    click.echo(f"Held, as {called}.")


@click.command
@click.argument("name")
@why_option
@config_option
@click.pass_obj
def release(above: Path | None, name: str, why: str, config: Path | None) -> None:
    """End the hold NAME: what is overdue is erased within minutes."""

    async def work(keeping: Keeping, _vault: Vault) -> bool:
        return await keeping.lift(name, by=who(), why=why)

    if not run(_keeping(config or above, work)):
        raise Failed(f"No hold called {name} is on: `paravent evidence` lists them.")
    click.echo(f"{name} is released.")


@click.command
@click.argument("number")
@why_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
@click.pass_obj
def erase(above: Path | None, number: str, why: str, yes: bool, config: Path | None, as_json: bool) -> None:
    """Erase what NUMBER wrote: its words, its number, its requests.

    What proves that something came stays, and gives nothing away. What is held or
    still to be answered stays too, and is counted.
    """
    from router.rules.senders import as_written

    sender = as_written(number, settings_of(config or above).answer_countries)
    if sender is None:
        raise click.UsageError("That is no number: write it with its country's code, such as +33612345678.")
    if not yes:
        click.confirm(f"Erase all that {sender} wrote, for good?", abort=True)

    async def work(keeping: Keeping, vault: Vault) -> Erased:
        return await keeping.erase_texter(vault.pseudonym(sender), by=who(), why=why)

    done = run(_keeping(config or above, work))
    if not any(done):
        raise Failed("Nothing is stored that this number wrote.")
    if as_json:
        show_json(done._asdict())
        return
    click.echo(f"{counted(done.texts, 'text was', 'texts were')} erased.")
    if done.held:
        click.echo(f"Kept under a legal hold: {done.held}.")
    if done.waiting:
        click.echo(f"Not answered or not sealed yet: {done.waiting}. Try again later.")


async def _keeping(config: Path | None, work: Callable[[Keeping, Vault], Any]) -> Any:
    from router.postgres.keeping import Keeping
    from router.vault import Vault

    settings = settings_of(config)
    async with database(settings) as pool:
        return await work(Keeping(pool), Vault.in_folder(settings.data))

"""`paravent raid`: whether a raid is on and why, who is held, and your word on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import Failed, config_option, database, json_option, run, settings_of
from router.cli.raiding import clusters, told
from router.cli.showing import NO_ROUTER, harmless, show_json, show_words
from router.rules.plural import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from router.postgres.held import HeldBooks
    from router.web.raiding import Raid

BY = "command line"
_NONE = "No text of that wording is held: `paravent raid held` lists them."
_UNTIL_READ = 0.7


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Whether a raid is on, and who is held; declare, end, calm.

    In a raid suspicious texts wait, unpaid, and all others are answered.
    """
    context.obj = config
    if context.invoked_subcommand is None:
        _print_now(config, as_json=as_json)


@command.command
@config_option
@json_option
@click.pass_obj
def show(above: Path | None, config: Path | None, as_json: bool) -> None:
    """The same as `paravent raid` alone."""
    _print_now(config or above, as_json=as_json)


@command.command
@config_option
@json_option
@click.pass_obj
def declare(above: Path | None, config: Path | None, as_json: bool) -> None:
    """Say that a raid is on. Only `paravent raid end` ends it.

    Those wait that stand out from what is ordinary here, which 200 texts of calm show;
    before these came, or where many of them were a raid's, all that the detector flags
    wait. (To see a raid without your word takes more: the first raids.warm_up texts.)
    """
    found, done = run(_order(config or above, "declare"))
    if not done and not as_json:
        click.echo("It was declared already.")
    told(found, as_json=as_json)


@command.command
@config_option
@json_option
@click.pass_obj
def end(above: Path | None, config: Path | None, as_json: bool) -> None:
    """Say that it is over.

    What is held is let go, oldest first; the gravest wait for your word, or expire. The next raid may be seen
    at once if this one is not over after all. It ends a calm that you ordered, too.
    """
    found, done = run(_order(config or above, "end"))
    if not done and not as_json:
        click.echo("No raid was on: nothing is changed.")
    told(found, as_json=as_json)


@command.command
@click.option("--for", "span", default="2h", show_default=True, help="How long, 24h at most.")
@config_option
@json_option
@click.pass_obj
def calm(above: Path | None, config: Path | None, span: str, as_json: bool) -> None:
    """Say that it is no raid, and that none is to be seen for a while.

    One that is on ends; what is held is let go, the gravest wait for your word. What comes
    meanwhile is learnt as usual. Purses bind as ever. It ends by itself, by `paravent raid end`, or as
    you declare a raid.
    """
    from datetime import timedelta

    from router.rules.span import read_span
    from router.web.raiding import LONGEST

    try:
        long = read_span(span)
    except ValueError:
        long = timedelta(0)
    if not timedelta(minutes=1) <= long <= timedelta(seconds=LONGEST):
        raise click.UsageError('--for takes a span from "1m" to "24h", such as "30m" or "2h".')
    found, _ = run(_order(config or above, "calm", long))
    told(found, as_json=as_json)


@command.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def held(context: click.Context, config: Path | None, as_json: bool) -> None:
    """List what is held, by wording; open, release, drop."""
    context.obj = config or context.obj
    if context.invoked_subcommand is None:
        found, _ = run(_show(context.obj))
        if as_json:
            show_json(found.model_dump(include={"held", "clusters"}))
        else:
            clusters(found)


@held.command("open")
@click.argument("cluster")
@config_option
@click.pass_obj
def open_(above: Path | None, config: Path | None, cluster: str) -> None:
    """Show the words of one text of CLUSTER; it is written down."""
    show_words(run(_open(config or above, cluster)))


@held.command
@click.argument("cluster", required=False)
@click.option("--all", "everything", is_flag=True, help="All that is held.")
@config_option
@json_option
@click.pass_obj
def release(
    above: Path | None, config: Path | None, cluster: str | None, everything: bool, as_json: bool
) -> None:
    """Let texts go, of CLUSTER or --all.

    They are answered last, and not held again.
    """
    moved = run(_move(config or above, cluster, lambda books: books.release, everything=everything))
    _moved(moved, cluster, "let go", as_json=as_json)


@held.command
@click.argument("cluster", required=False)
@click.option("--all", "everything", is_flag=True, help="All that is held.")
@config_option
@json_option
@click.pass_obj
def drop(
    above: Path | None, config: Path | None, cluster: str | None, everything: bool, as_json: bool
) -> None:
    """Drop texts, of CLUSTER or --all: they are never answered."""
    moved = run(_move(config or above, cluster, lambda books: books.drop, everything=everything))
    _moved(moved, cluster, "dropped", as_json=as_json)


async def _show(config: Path | None) -> tuple[Raid, bool]:
    """How things stand, and whether a router is connected to the database."""
    from router.postgres.standing import Standing
    from router.vault import Vault
    from router.web.raid import show as shown

    settings = settings_of(config)
    async with database(settings) as pool:
        served = await Standing(pool).served()
        return await shown(pool, settings.raids, Vault.in_folder(settings.data)), served


async def _order(config: Path | None, order: str, span: timedelta | None = None) -> tuple[Raid, bool]:
    """How things stand after it, and whether it changed anything."""
    import asyncio
    from datetime import UTC, datetime

    from router.lookout import Lookout
    from router.postgres.raid import RaidBooks
    from router.vault import Vault
    from router.web.raid import show as shown

    settings = settings_of(config)
    async with database(settings) as pool:
        vault = Vault.in_folder(settings.data)
        lookout = Lookout(vault, RaidBooks(pool), settings.raids)
        now = datetime.now(UTC)
        if span is not None:
            await lookout.calm(now, now + span, BY)
        done = order == "calm" or await (lookout.declare if order == "declare" else lookout.end)(now, BY)
        # Every process reads how things stand twice a second; the order is not done before they know it.
        await asyncio.sleep(_UNTIL_READ)
        return await shown(pool, settings.raids, vault), done


async def _move(
    config: Path | None,
    cluster: str | None,
    move: Callable[[HeldBooks], Callable[[Any, str | None, str], Awaitable[int]]],
    *,
    everything: bool,
) -> int:
    from datetime import UTC, datetime

    from router.postgres.held import HeldBooks

    if (cluster is None) is not everything:
        raise click.UsageError("Name one CLUSTER, or say --all. `paravent raid held` lists them.")
    settings = settings_of(config)
    async with database(settings) as pool:
        return await move(HeldBooks(pool))(datetime.now(UTC), cluster, BY)


async def _open(config: Path | None, cluster: str) -> str:
    from router.postgres.held import HeldBooks
    from router.postgres.review import Reviews, UnknownTextError
    from router.vault import Vault

    settings = settings_of(config)
    async with database(settings) as pool:
        found = await HeldBooks(pool).clusters(1, cluster)
        try:
            if not found:
                raise UnknownTextError
            text = await Reviews(pool).open(found[0].sample, by=BY)
        except UnknownTextError:
            raise Failed(_NONE) from None
        return harmless(Vault.in_folder(settings.data).read(text.letters)[1])


def _moved(texts: int, cluster: str | None, done: str, *, as_json: bool) -> None:
    if cluster is not None and not texts:
        raise Failed(_NONE)
    if as_json:
        show_json({"texts": texts})
    else:
        click.echo(
            f"{counted(texts, 'held text was', 'held texts were')} {done}." if texts else "Nothing is held."
        )


def _print_now(config: Path | None, *, as_json: bool) -> None:
    found, served = run(_show(config))
    if as_json:
        show_json(found.model_dump() | {"router_runs": served})
        return
    told(found, as_json=False)
    if not served:
        click.echo(NO_ROUTER)

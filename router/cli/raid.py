"""`paravent raid`: whether a raid is on and why, who is held, and your word on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import Failed, config_option, database, json_option, run, settings_of
from router.cli.showing import (
    NO_ROUTER,
    harmless,
    moment,
    show_clock,
    show_json,
    show_table,
    show_words,
    show_wrapped,
)
from router.rules.plural import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from router.postgres.held import HeldBooks
    from router.web.raiding import Change, Raid

BY = "command line"
_NONE = "No text of that wording is held: `paravent raid held` lists them."
_UNTIL_READ = 0.7
_SHAPE = 24


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Whether a raid is on, and who is held; declare, end.

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
    _print(found, as_json=as_json)


@command.command
@config_option
@json_option
@click.pass_obj
def end(above: Path | None, config: Path | None, as_json: bool) -> None:
    """Say that it is over.

    What is held is let go, oldest first; the gravest wait for your word, or expire. The next raid may be seen
    at once if this one is not over after all.
    """
    found, done = run(_order(config or above, "end"))
    if not done and not as_json:
        click.echo("No raid was on: nothing is changed.")
    _print(found, as_json=as_json)


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
            _clusters(found)


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


async def _order(config: Path | None, order: str) -> tuple[Raid, bool]:
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
        said = lookout.declare if order == "declare" else lookout.end
        done = await said(datetime.now(UTC), BY)
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
    _print(found, as_json=False)
    if not served:
        click.echo(NO_ROUTER)


def _print(found: Raid, *, as_json: bool) -> None:
    if as_json:
        show_json(found.model_dump())
        return
    from router.rules.memory import ENOUGH, RAIDED

    raid = found.mode == "raid"
    by = " You declared it: only you end it." if found.by_hand else ""
    click.echo(f"A raid is on since {moment(found.since)}.{by}" if raid else "It is calm.")
    signs = "that it ends" if raid else "of a raid"
    show_wrapped(
        "",
        f"Signs {signs}: {found.statistic:.1f} of {found.limit:g}. Usually"
        f" {found.baseline:.1%} of texts are suspicious, by the last {found.learnt}.",
    )
    if raid and (found.learnt < ENOUGH or found.baseline > RAIDED) and found.line is not None:
        show_wrapped(
            "", "Nothing shows what is usual: those that the detector flags are held, and no others."
        )
    if found.judged:
        show_wrapped(
            "",
            f"Of {counted(found.judged, 'text')} judged in this raid, {found.judged_held} were held"
            f" ({found.judged_held / found.judged:.0%}). Of ordinary texts,"
            f" up to about {found.share_wanted:.0%} may be held by mistake (raids.held).",
        )
    if found.held:
        _clusters(found)
    for each in found.changes:
        show_wrapped(f"{moment(each.at)}  ", _told(each))
    if raid or found.held or found.changes:
        show_clock()


def _clusters(found: Raid) -> None:
    yours = f"; only you can let {found.grave} of them go" if found.grave else ""
    show_wrapped(
        "", f"{counted(found.held, 'text')} from {counted(found.phones, 'phone')} held, unanswered{yours}."
    )
    if found.clusters:
        rows = [
            (
                each.id or "(no words)",
                str(each.texts),
                str(each.senders),
                moment(each.first),
                moment(each.last),
                each.blurred.split("\n")[0][:_SHAPE],
            )
            for each in found.clusters
        ]
        show_table(("CLUSTER", "TEXTS", "SENDERS", "FIRST", "LAST", "WORDS"), rows)
    if more := found.held - sum(each.texts for each in found.clusters):
        show_wrapped(
            "", f"{counted(more, 'text of another wording is', 'texts of other wordings are')} held, too."
        )


def _told(change: Change) -> str:
    texts, began, until = counted(change.texts, "text"), moment(change.began), moment(change.at)
    why = (
        f"by {change.by}"
        if change.cause == "operator"
        else f"{change.flagged} of {texts} from {began} to {until} suspicious, usually {change.baseline:.1%}"
    )
    return f"{change.mode}: {why}"

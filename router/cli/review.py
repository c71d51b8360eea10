"""`paravent review`: look at a few random texts of the day, so that the abuse rate can be trusted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from router.cli.finding import Failed, config_option, database, interruptible, json_option, run, settings_of
from router.cli.showing import harmless, moment, show_json, show_words, show_wrapped
from router.rules.plural import counted

if TYPE_CHECKING:
    from router.postgres.review import Drawn, Reviews, Sample
    from router.vault import Vault

BY = "command line"
_KEYS = {"a": "abusive", "f": "fine", "u": "unsure"}


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Label random texts of the last day: abusive or fine.

    Each is shown blurred; `s` shows its words, and that it was opened is written
    down. A few dozen a day are enough for an honest abuse rate. What the detector
    thinks is not shown: your word is to be your own.
    """
    context.obj = config
    if context.invoked_subcommand is None:
        run(_status(config) if as_json else _go_through(config))


@command.command("open")
@click.argument("text", type=click.UUID)
@config_option
@click.pass_obj
def open_(above: Path | None, config: Path | None, text: UUID) -> None:
    """Show the words of one TEXT, by its id; it is written down."""
    show_words(run(_open(config or above, text)))


@command.command
@click.argument("text", type=click.UUID)
@click.argument("word", type=click.Choice(list(_KEYS.values())))
@config_option
@click.pass_obj
def label(above: Path | None, config: Path | None, text: UUID, word: str) -> None:
    """Label one TEXT, by its id: abusive, fine or unsure.

    Only a text that was drawn: one that you chose says nothing of the others.
    """
    run(_label(config or above, text, word))


async def _status(config: Path | None) -> None:
    from router.service import wall_clock
    from router.web.review import review

    async with _desk(config) as (reviews, vault, per_day):
        show_json((await review(reviews, vault, wall_clock(), per_day)).model_dump(mode="json"))


async def _go_through(config: Path | None) -> None:
    from router.rules.estimate import Label
    from router.service import wall_clock

    async with _desk(config) as (reviews, vault, per_day):
        drawn = await reviews.drawn(wall_clock(), per_day)
        waiting = [text for text in drawn if text.label is None]
        for place, text in enumerate(waiting, start=1):
            key = await _ask(reviews, vault, text, f"{place} of {len(waiting)}")
            if key == "q":
                break
            await reviews.label(text.id, Label(_KEYS[key]), wall_clock(), per_day, by=BY)
        sample = await reviews.sample(wall_clock())
        click.echo("" if waiting else "\nNothing waits to be looked at.")
        for line in _told(sample).split("\n"):
            show_wrapped("", line)


def _told(sample: Sample) -> str:
    from router.rules.campaign import Mode

    share, calm, raid = sample.share, sample.count(Mode.CALM), sample.count(Mode.RAID)
    if share is None:
        return (
            f"The share of abusive texts is not known yet.\nLabels so far: {calm} of calm, {raid} of raids."
            f"\nFor the {counted(sample.texts, 'text')} of this time only labels of"
            f" {'calm' if sample.mode is Mode.CALM else 'raids'} count: a few dozen are enough,"
            " or fewer where they agree."
        )
    return (
        f"Of the last {counted(sample.texts, 'text')} ({sample.mode}) {share.value:.0%} are abusive,"
        f" between {share.low:.0%} and {share.high:.0%}."
    )


async def _ask(reviews: Reviews, vault: Vault, text: Drawn, place: str) -> str:
    from router.rules.estimate import blurred

    click.echo(f"\n{place}, to {text.number}, {moment(text.received_at)}")
    show_words(blurred(vault.read(text.letters)[1]))
    while True:
        try:
            with interruptible():
                key: str = click.prompt(
                    "[s]how  [a]busive  [f]ine  [u]nsure  [q]uit",
                    type=click.Choice([*_KEYS, "s", "q"]),
                    show_choices=False,
                )
        except click.Abort:
            return "q"
        if key != "s":
            return key
        await reviews.open(text.id, by=BY)
        show_words(harmless(vault.read(text.letters)[1]))


async def _open(config: Path | None, text: UUID) -> str:
    from router.postgres.review import UnknownTextError

    async with _desk(config) as (reviews, vault, _):
        try:
            return harmless(vault.read((await reviews.open(text, by=BY)).letters)[1])
        except UnknownTextError as error:
            raise Failed(f"{str(error).capitalize()}: `paravent review --json` lists some.") from None


async def _label(config: Path | None, text: UUID, word: str) -> None:
    from router.postgres.review import NotDrawnError, UnknownTextError
    from router.rules.estimate import Label
    from router.service import wall_clock

    async with _desk(config) as (reviews, _, per_day):
        try:
            await reviews.label(text, Label(word), wall_clock(), per_day, by=BY)
        except (UnknownTextError, NotDrawnError) as error:
            raise Failed(f"{str(error).capitalize()}: `paravent review --json` lists some.") from None


@asynccontextmanager
async def _desk(config: Path | None) -> AsyncIterator[tuple[Reviews, Vault, int]]:
    from router.postgres.review import Reviews
    from router.vault import Vault

    settings = settings_of(config)
    async with database(settings) as pool:
        yield Reviews(pool), Vault.in_folder(settings.data), settings.review.per_day

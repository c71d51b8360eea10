"""`paravent budget`: what may be spent, what is, and how to change it without a restart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import Failed, config_option, database, json_option, run, settings_of
from router.cli.showing import (
    NO_ROUTER,
    amounts,
    moment,
    money,
    show_clock,
    show_json,
    show_table,
    show_wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from router.postgres.capped import CapNow
    from router.postgres.purses import PurseNow, Purses
    from router.settings import Settings

BY = "command line"


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Show what may be spent, and what is; set, unset, top-up."""
    context.obj = config
    if context.invoked_subcommand is None:
        _print_now(config, as_json=as_json)


@command.command
@config_option
@json_option
@click.pass_obj
def show(above: Path | None, config: Path | None, as_json: bool) -> None:
    """The same as `paravent budget` alone."""
    _print_now(config or above, as_json=as_json)


@command.command("set")
@click.argument("purse")
@click.argument("amount")
@config_option
@json_option
@click.pass_obj
def set_(above: Path | None, config: Path | None, purse: str, amount: str, as_json: bool) -> None:
    """Set the limit of a purse, from now on.

    AMOUNT is written as 20.00, or unlimited. It outranks the settings file until that
    line of the file changes, or `paravent budget unset`. A limit below what is spent
    stops sending at once.
    """
    _print(*run(_set(config or above, purse, amount)), as_json=as_json)


@command.command
@click.argument("purse")
@config_option
@json_option
@click.pass_obj
def unset(above: Path | None, config: Path | None, purse: str, as_json: bool) -> None:
    """Give a purse the limit of the settings file again.

    A top-up of its present window goes with what you set.
    """
    _print(*run(_set(config or above, purse, None)), as_json=as_json)


@command.command("top-up")
@click.argument("purse")
@click.argument("amount")
@config_option
@json_option
@click.pass_obj
def top_up(above: Path | None, config: Path | None, purse: str, amount: str, as_json: bool) -> None:
    """Add AMOUNT to what PURSE may spend in its present window.

    The next window has its usual limit again.
    """
    _print(*run(_top_up(config or above, purse, amount)), as_json=as_json)


async def _show(config: Path | None) -> tuple[Settings, list[PurseNow], Mapping[str, CapNow], bool]:
    """The purses and caps, and whether a router is connected to the database."""
    from datetime import UTC, datetime

    from router.postgres.capped import caps_now
    from router.postgres.standing import Standing

    settings = settings_of(config)
    windows = _windows(settings)
    async with database(settings) as pool:
        purses = await _purses(settings, pool, windows)
        caps = await caps_now(pool, settings.answering.caps.slots(datetime.now(UTC)))
        return settings, await purses.show(windows), caps, await Standing(pool).served()


async def _set(config: Path | None, purse: str, amount: str | None) -> tuple[Settings, list[PurseNow]]:
    """Set a limit; no amount is that of the settings."""
    settings = settings_of(config)
    windows = _windows(settings, purse)
    cap = None if amount is None else _micros(amount)
    async with database(settings) as pool:
        purses = await _purses(settings, pool, windows)
        if amount is None:
            await purses.unset(purse, settings.purses[purse].micros, windows[purse], by=BY)
        else:
            await purses.set(purse, cap, windows[purse], by=BY)
        return settings, await purses.show({purse: windows[purse]})


async def _top_up(config: Path | None, purse: str, amount: str) -> tuple[Settings, list[PurseNow]]:
    from datetime import UTC, datetime

    settings = settings_of(config)
    windows = _windows(settings, purse)
    micros = _micros(amount)
    if not micros:
        raise click.UsageError("There is nothing to add.")
    async with database(settings) as pool:
        purses = await _purses(settings, pool, windows)
        now = datetime.now(UTC)
        cap = await purses.top_up(purse, micros, windows[purse], settings.currency, now, by=BY)
        if cap is None:
            raise Failed(f"Purse {purse} is unlimited: there is nothing to top up.")
        return settings, await purses.show({purse: windows[purse]})


def _windows(settings: Settings, purse: str = "total") -> dict[str, datetime]:
    """Start of the present window of every purse; `purse` must be one of them."""
    from datetime import UTC, datetime

    from router.rules.budget import window

    if purse not in settings.purses:
        raise click.UsageError(f"No purse is called so. There are: {', '.join(settings.purses)}.")
    now = datetime.now(UTC)
    return {name: window(each.period, now, settings.zone).start for name, each in settings.purses.items()}


async def _purses(settings: Settings, pool: Any, windows: dict[str, datetime]) -> Purses:
    """The purses, made from the settings if no router has done so yet; a changed file waits for its start."""
    from router.postgres.purses import Purses

    purses = Purses(pool)
    known = {each.name for each in await purses.show(windows)}
    await purses.sync({n: p for n, p in settings.purses.items() if n not in known}, windows)
    return purses


def _micros(amount: str) -> int | None:
    from router.rules.budget import micros

    try:
        return micros(amount)
    except ValueError:
        raise click.UsageError(
            "The amount is not one: write it with at most six decimals, such as 20.00."
        ) from None


def _print_now(config: Path | None, *, as_json: bool) -> None:
    settings, purses, caps, served = run(_show(config))
    if as_json:
        more = {"caps": _caps(settings, caps), "router_runs": served}
        show_json(_told(settings, purses) | more)
        return
    _print(settings, purses, caps, as_json=False)
    if not served:
        click.echo(NO_ROUTER)


def _told(settings: Settings, purses: list[PurseNow]) -> dict[str, Any]:
    return {"currency": settings.currency, "purses": [_plain(each) for each in purses]}


def _print(
    settings: Settings,
    purses: list[PurseNow],
    caps: Mapping[str, CapNow] | None = None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        show_json(_told(settings, purses))
        return
    columns = (
        [each.name for each in purses],
        [each.period for each in purses],
        amounts([each.limit for each in purses]),
        amounts([each.spent for each in purses]),
        amounts([each.reserved for each in purses]),
        amounts([each.left for each in purses], without="-"),
        [_origin(each, settings) for each in purses],
    )
    heads = ("PURSE", "PER", "LIMIT", "SPENT", "RESERVED", "LEFT", "LIMIT SET BY")
    show_table(heads, zip(*columns, strict=True))
    click.echo(f"\nIn {settings.currency}. SPENT has what receiving costs, too, not the answers alone.")
    show_clock()
    for each in purses:
        if each.overrun:
            show_wrapped("", f"{each.name}: {money(each.overrun)} came as higher prices after the fact.")
    if caps:
        rows = [
            (each["cap"], each["of"], each["period"], *(f"{each[n]}" for n in ("answers", "used", "left")))
            for each in _caps(settings, caps)
        ]
        click.echo()
        show_table(("CAP", "OF", "PER", "ANSWERS", "USED", "LEFT"), rows)


def _caps(settings: Settings, caps: Mapping[str, CapNow]) -> list[dict[str, Any]]:
    return [
        {
            "cap": name,
            "of": settings.caps[name].of,
            "period": settings.caps[name].period.value,
            "answers": each.answers,
            "used": each.used,
            "left": max(0, each.answers - each.used),
        }
        for name, each in caps.items()
    ]


def _origin(each: PurseNow, settings: Settings) -> str:
    said = "the settings" if each.origin == "file" else f"you, {moment(each.changed_at)}"
    if each.origin != "file" and each.renews_to == settings.purses[each.name].micros:
        said += ", as in the settings"
    if each.limit is not None and each.renews_to is not None and each.limit > each.renews_to:
        said += f", topped up by {money(each.limit - each.renews_to)}"
    return said


def _plain(each: PurseNow) -> dict[str, Any]:
    return {
        "purse": each.name,
        "period": each.period,
        "window_starts": each.starts_at,
        "limit": money(each.limit),
        "next_limit": money(each.renews_to),
        "spent": money(each.spent),
        "reserved": money(each.reserved),
        "overrun": money(each.overrun),
        "left": "unlimited" if each.left is None else money(each.left),
        "origin": each.origin,
        "set_at": each.changed_at,
    }

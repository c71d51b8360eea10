"""`paravent accounts`: what each account does and why; cut, restore, pin."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import config_option, database, json_option, run, settings_of
from router.cli.showing import NO_ROUTER, moment, show_clock, show_json, show_table

if TYPE_CHECKING:
    from router.postgres.accounts import Accounts
    from router.postgres.figures import Held
    from router.postgres.pool import Pool
    from router.rules.health import State
    from router.settings import Settings

BY = "command line"
_UNTIL_READ = 0.7
_EVERY = 1.0
_AWAY = """\
The database is away ({error}).
What was shown may be out of date; it is drawn anew as soon as the database is back."""


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool, watch: bool) -> None:
    """Show every account, and why; cut, restore, pin.

    What you order outranks what the flow makes of it: a cut account stays closed,
    a pinned one open, until `restore`.
    """
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    if watch:
        with suppress(KeyboardInterrupt):
            run(_watch(config, as_json))
        return
    found, runs = run(_once(config))
    if as_json:
        show_json({"accounts": found, "router_runs": runs})
        return
    _show(found)
    if not runs:
        click.echo(NO_ROUTER)


def _ordering(verb: str, says: str) -> click.Command:
    @click.command(verb, help=says)
    @click.argument("name")
    @click.option("--sender", default="", help="One of its senders instead of the whole account.")
    @config_option
    @json_option
    @click.pass_obj
    def ordered(above: Path | None, config: Path | None, name: str, sender: str, as_json: bool) -> None:
        found = run(_order(config or above, verb, name, sender))
        if as_json:
            show_json(found)
        else:
            click.echo(f"{name}{' ' + sender if sender else ''} is {_word(found)}.")

    return ordered


command.add_command(_ordering("cut", "Close an account: no text leaves through it until `restore`."))
command.add_command(_ordering("restore", "Open an account, and lift a cut or a pin."))
command.add_command(_ordering("pin", "Keep an account open whatever happens, until `restore`."))


async def _once(config: Path | None) -> tuple[list[dict[str, Any]], bool]:
    """Every account, and whether a router is connected to the database."""
    from router.postgres.accounts import Accounts
    from router.postgres.standing import Standing

    settings = settings_of(config)
    async with database(settings) as pool:
        return await _accounts(settings, pool, Accounts(pool)), await Standing(pool).served()


async def _watch(config: Path | None, as_json: bool) -> None:
    """On a terminal one page that is drawn anew; elsewhere a page each time something changed.

    A database that goes away meanwhile is told once, and looked for until it is back.
    """
    import asyncio

    from router.postgres.accounts import Accounts
    from router.postgres.pool import DatabaseAwayError

    settings = settings_of(config)
    before: list[dict[str, Any]] | None = None
    away = False
    async with database(settings) as pool:
        books = Accounts(pool)  # once: it keeps a connection of its own
        while True:
            try:
                found = await _accounts(settings, pool, books)
            except DatabaseAwayError as error:
                if not away:
                    click.echo(_AWAY.format(error=error), err=True)
                away, before = True, None
            else:
                away = False
                if found != before:
                    before = found
                    _draw(found, as_json=as_json)
            await asyncio.sleep(_EVERY)


def _draw(found: list[dict[str, Any]], *, as_json: bool) -> None:
    click.clear()
    if as_json:
        show_json({"accounts": found})
    else:
        _show(found)


async def _accounts(settings: Settings, pool: Pool, books: Accounts) -> list[dict[str, Any]]:
    from router.postgres.standing import Standing
    from router.rules.health import State, rested
    from router.settings.means import spent

    facts = await books.facts()
    held = await Standing(pool).balances()
    unpaid = await spent(settings, pool)
    keys = [(name, "") for name in settings.accounts]
    keys += sorted(key for key in facts.health if key[1] and key[0] in settings.accounts)
    states = [
        rested(facts.health.get(key, State(account=key[0], sender=key[1])), facts.read_at)
        for key in sorted(keys)
    ]
    return [
        {
            **_said(state),
            "provider": settings.accounts[state.account].provider,
            "in_flight": None if state.sender else facts.in_flight.get(state.account, 0),
            "in_doubt": None if state.sender else facts.doubtful.get(state.account, 0),
            "unpaid": None if state.sender or state.account not in unpaid else unpaid[state.account].said,
            "balance": None if state.sender else _balance(held.get(state.account)),
        }
        for state in states
    ]


async def _order(config: Path | None, verb: str, name: str, sender: str) -> dict[str, Any]:
    import asyncio

    from router.postgres.orders import order

    settings = settings_of(config)
    if name not in settings.accounts:
        raise click.UsageError(f"No account is called so. There are: {', '.join(settings.accounts)}.")
    senders = {r.sender for n in settings.numbers.values() for r in n.plan if r.account == name}
    if sender and sender not in senders:
        raise click.UsageError(f"{name} has no such sender. It has: {', '.join(sorted(senders)) or 'none'}.")
    async with database(settings) as pool:
        state = await order(pool, verb, name, sender, by=BY)
        # Every process reads states twice a second; the order is not done before they know it.
        await asyncio.sleep(_UNTIL_READ)
    return _said(state)


def _said(state: State) -> dict[str, Any]:
    return {
        "account": state.account,
        "sender": state.sender,
        "state": state.word,
        "operator": state.operator.value,
        "reason": state.reason.value,
        "code": state.code,
        "since": state.changed_at,
        "next_probe": state.not_before if state.word in {"cut_off", "slow"} else None,
        "usable_from": state.not_before if state.word == "throttled" else None,
    }


def _balance(held: Held | None) -> dict[str, Any] | None:
    return None if held is None else {"amount": held.amount, "unit": held.unit, "at": held.at}


def _show(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            f"{each['account']} {each['sender']}".strip(),
            _word(each),
            moment(each["since"]),
            moment(each["next_probe"] or each["usable_from"]),
            f"{each['balance']['amount']:g} {each['balance']['unit']}" if each["balance"] else "-",
            _why(each),
        )
        for each in found
    ]
    colours = ["red" if each["unpaid"] else _COLOURS.get(_word(each), "yellow") for each in found]
    show_table(("ACCOUNT", "STATE", "SINCE", "TRIED AT", "BALANCE", "WHY"), rows, colours)
    show_clock()


def _why(each: dict[str, Any]) -> str:
    own = " ".join(filter(None, (each["reason"].replace("_", " "), each["code"])))
    return "; ".join(filter(None, (own, each["unpaid"]))) or "-"


_COLOURS = {"open": "green", "open (pinned)": "green", "cut off": "red", "cut by you": "red"}


def _word(each: dict[str, Any]) -> str:
    if each["operator"] == "pin":
        return "open (pinned)"
    return "cut by you" if each["operator"] == "cut" else str(each["state"]).replace("_", " ")

"""The command `paravent`: one file per command, imported only when it is asked for."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

COMMANDS = (
    "demo", "text", "serve", "check", "doctor", "accounts", "budget", "raid", "providers", "migrate",
    "review", "evidence", "drill", "replay", "simulate", "token",
)  # fmt: skip
"""Each is a module of this room whose `command` is the command; the order is that of the help."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"router.cli.{cmd_name}").command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if sys.stderr.isatty():
                from router.cli.showing import fitted

                said = fitted(error.format_message(), "Error: ")
                # Each kind of error makes its words itself: whichever it is, they are wrapped.
                error.format_message = lambda: said  # type: ignore[method-assign]
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"paravent {version('paravent')}")
        context.exit()


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Exit codes: 0 done; 1 not done, standard error says why; 2 wrong use or wrong settings.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show it."
)
@click.pass_context
def main(context: click.Context) -> None:
    """Paravent keeps a published number answering: any provider, within a budget.

    Begin with `paravent demo`: it needs no account and no server.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False

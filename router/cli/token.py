"""`paravent token`: a secret nobody can guess."""

from __future__ import annotations

import secrets

import click


@click.command
def command() -> None:
    """Make a secret, for `operator.token` or an account's `hook_token`.

    It is printed and kept nowhere.
    """
    click.echo(secrets.token_urlsafe(32))

"""`paravent token`: a secret nobody can guess."""

from __future__ import annotations

import click


@click.command
def command() -> None:
    """Make a secret for `operator.token` or a `hook_token`.

    It is printed and kept nowhere.
    """
    import secrets

    click.echo(secrets.token_urlsafe(32))

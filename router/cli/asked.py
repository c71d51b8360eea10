"""Moments that are asked for on a command line: of the settings' time zone, unless they name another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from router.cli.finding import WrongSettings, settings_of

if TYPE_CHECKING:
    from datetime import datetime


_FIRST, _LAST = 1970, 9998
"""Years that databases and clocks know."""


def moment_asked(context: click.Context, _option: click.Parameter, written: str | None) -> datetime | None:
    """A date or a time, aware; `--config` has been read before. Raises `click.BadParameter`."""
    from datetime import datetime, timedelta, timezone

    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
        if not _FIRST <= found.year <= _LAST:
            raise ValueError
    except ValueError:
        raise click.BadParameter(f"{written!r} is no date or time such as 2017-11-27T16:00.") from None
    try:
        zone = settings_of(context.params.get("config") or context.obj).zone
    except WrongSettings:  # the command itself says so
        return found.astimezone()
    found = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(zone)
    # Two times of one zone are compared by its clock on the wall, which shows an hour twice a year again.
    return found.replace(tzinfo=timezone(found.utcoffset() or timedelta(0)))

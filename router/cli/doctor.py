"""`paravent doctor`: look at everything that settings alone cannot show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.finding import config_option, json_option, run, settings_of
from router.cli.showing import show_json, show_table

if TYPE_CHECKING:
    from router.examination import Finding


@click.command
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """Look at the database, the accounts and the way in, live.

    Sends no text and costs nothing. The way in is tried through `public_url`, as
    providers come: the router must be running. Exit code 1 if anything is wrong.
    """
    found = run(_examine(config))
    if as_json:
        show_json({"findings": [{"what": f.what, "ok": f.ok, "said": f.said, "do": f.do} for f in found]})
    else:
        rows = [
            (
                f.what,
                {True: "ok", False: "WRONG", None: "-"}[f.ok],
                f"{f.said}. {f.do}" if f.do else f.said,
            )
            for f in found
        ]
        show_table(("WHAT", "", "FOUND"), rows)
    raise SystemExit(any(f.ok is False for f in found))


async def _examine(config: Path | None) -> list[Finding]:
    from router.examination import examine

    return await examine(settings_of(config))

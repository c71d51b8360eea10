"""`paravent doctor`: look at everything that settings alone cannot show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.finding import config_option, json_option, place, run, settings_of
from router.cli.showing import show_json, show_table

if TYPE_CHECKING:
    from router.examination import Finding
    from router.settings import Settings

_OWN_FORGERIES = """\
To see that forgeries are turned away, doctor posted one to each webhook now:
so many lines "a webhook was not taken: forged" of the router are doctor's own."""


@click.command
@config_option
@json_option
@click.option("--urls", is_flag=True, help="Only print the webhooks' URLs, secrets included.")
def command(config: Path | None, as_json: bool, urls: bool) -> None:
    """Look at the database, the accounts and the way in, live.

    Sends no text and costs nothing. The way in is tried through `public_url`, as
    providers come: the router must be running. Exit code 1 if anything is wrong.
    Ends with the URLs to give to each carrier; a secret in one shows with --urls.
    """
    from router.stage import signpost

    settings = settings_of(config)
    webhooks = _webhooks(settings, exactly=urls)
    if urls:
        show_json({"webhooks": webhooks}) if as_json else _show_webhooks(settings, webhooks)
        return
    found = run(_examine(settings, simulated=place(config)[0] == signpost.SETTINGS))
    if as_json:
        findings = [{"what": f.what, "ok": f.ok, "said": f.said, "do": f.do} for f in found]
        show_json({"findings": findings, "webhooks": webhooks})
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
        if any(f.ok and f.what.startswith("webhook ") for f in found):
            click.echo(f"\n{_OWN_FORGERIES}")
        click.echo()
        _show_webhooks(settings, webhooks)
    raise SystemExit(any(f.ok is False for f in found))


async def _examine(settings: Settings, *, simulated: bool) -> list[Finding]:
    from router.examination import examine

    return await examine(settings, simulated=simulated)


def _webhooks(settings: Settings, *, exactly: bool) -> dict[str, dict[str, str]]:
    """Where each account's carrier posts texts and receipts, by account."""
    from router.service import hook_url

    found = {}
    for name, account in settings.accounts.items():
        url = hook_url(settings, name)
        if account.hook_token is not None and not exactly:
            url = url.replace(account.hook_token.get_secret_value(), "HOOK_TOKEN")
        found[name] = {"texts": f"{url}/inbound", "receipts": f"{url}/receipt"}
    return found


def _show_webhooks(settings: Settings, webhooks: dict[str, dict[str, str]]) -> None:
    """One URL a line, so that it can be copied whole."""
    for name, urls in webhooks.items():
        for what, url in urls.items():
            named = what == "receipts" and settings.providers[name].names_receipts
            click.echo(f"{name}, {what}{' (nothing to paste: each text names it)' * named}:\n  {url}")

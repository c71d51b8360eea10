"""`paravent check`: what is wrong with the settings, and what the replies cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import WrongSettings, config_option, json_option, settings_of
from router.cli.showing import fitted, show_json, show_table, show_words, show_wrapped

if TYPE_CHECKING:
    from router.rules.wording import Lint
    from router.settings import Settings


@click.command
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """Check the settings and measure the replies.

    Names everything that is wrong at once, by its place, and prints no value. Exit
    code 2 if anything is. Measures every reply: characters, parts, money per 1,000.
    """
    from router.settings import advise

    try:
        settings = settings_of(config)
    except WrongSettings as error:
        if as_json:
            show_json({"problems": error.problems})
        else:
            click.echo(fitted(f"Error: {error.format_message()}"), err=True)
        raise SystemExit(error.exit_code) from None
    advice = [str(each) for each in advise(settings)]
    if as_json:
        show_json({"problems": [], "advice": advice, "replies": _replies(settings)})
        return
    click.echo("The settings can be used.\n")
    for each in advice:
        show_wrapped("Consider  ", each)
    if advice:
        click.echo()
    _show(settings)


def _replies(settings: Settings) -> list[dict[str, Any]]:
    return [
        {
            "purpose": purpose.value,
            "language": language,
            "encoding": lint.size.encoding,
            "characters": _characters(settings, purpose.value, language),
            "units": lint.size.units,
            "parts": lint.size.parts,
            "outside_gsm": lint.foreign,
            "offered": lint.offered,
            "offered_parts": lint.offered_parts,
            "per_thousand": {
                f"{account} {country}": str(amount)
                for (account, country), amount in lint.per_thousand.items()
            },
        }
        for (purpose, language), lint in settings.lints().items()
    ]


def _show(settings: Settings) -> None:
    lints = settings.lints()
    rows = [
        (
            purpose.value.replace("_", " "),
            language,
            str(_characters(settings, purpose.value, language)),
            lint.size.encoding,
            str(lint.size.parts),
            _prices(lint, settings.currency),
        )
        for (purpose, language), lint in lints.items()
    ]
    show_table(("REPLY", "IN", "CHARACTERS", "AS", "PARTS", "COST OF 1,000"), rows)
    received = {name: account.receive_price for name, account in settings.accounts.items()}
    if told := ", ".join(
        f"{name} {price.amount * 1_000:.2f} {price.unit}" for name, price in received.items() if price
    ):
        show_wrapped("", f"Receiving 1,000 texts costs, too: {told}.")
    for (purpose, language), lint in lints.items():
        if lint.foreign:
            click.echo()
            show_wrapped(
                "", f"{purpose.value} {language}: outside the GSM alphabet: {' '.join(lint.foreign)}"
            )
        if lint.offered is not None:
            click.echo(f"  in look-alikes it takes {lint.offered_parts} instead of {lint.size.parts} parts:")
            show_words(f"  {lint.offered}")


def _prices(lint: Lint, currency: str) -> str:
    several = len({country for _, country in lint.per_thousand}) > 1
    return ", ".join(
        f"{account}{f' {country}' if several else ''} {amount:.2f} {currency}"
        for (account, country), amount in lint.per_thousand.items()
    )


def _characters(settings: Settings, purpose: str, language: str) -> int:
    replies = settings.replies
    texts = replies.texts if purpose == "answer" else replies.stop_confirmation
    return len(texts[language])

"""`paravent text`: text a number of the running demo, and see what comes back."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from router.cli.finding import Failed, json_option, run
from router.cli.showing import fitted, show_json, show_wrapped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from router.postgres.fate import Fate
    from router.postgres.pool import Pool
    from router.stage.handset import Got, Handset

_REASONS = {
    "cooldown": "this number was answered already; once per `replies.period` is the rule",
    "lifetime": "this number had all the answers it ever gets (`replies.lifetime`)",
    "opted_out": "this number asked for silence with STOP; START resumes",
    "stop_confirmed_by_provider": "the provider confirms a STOP itself",
    "expired": "nobody could carry an answer before it was worthless (`replies.expiry`)",
    "own_number": "it is one of our own numbers",
    "no_text": "no reply text fits (`replies.texts`)",
    "budget": "the budget is empty",
    "cap": "a cap is reached: it waits for the next window (`[caps]`)",
    "capped": "a cap kept it waiting until an answer was worthless (`[caps]`)",
    "operator": "the operator said so",
    "raid": "a raid is on and it looks like part of it: it waits, unpaid (`paravent raid`)",
    "unanswerable_short": "short codes are never answered",
    "unanswerable_alphanumeric": "a sender that is a name cannot be answered",
    "unanswerable_premium": "premium numbers are never answered",
    "unanswerable_country": "its country is not in `answer_countries`",
    "unanswerable_impossible": "it cannot be a phone number",
}
_WAITS = {"queued", "delayed"}
_ENDED = {"suppressed", "failed", "abandoned"}
_NO_ANSWER = {
    "failed": "the provider refused it",
    "abandoned": "the outcome was never known; it is not sent again",
    "in_doubt": "it is not known whether the provider sent it; it is looked up, never sent twice",
    "queued": "it waits, for no account can carry it now (see `paravent accounts` and `paravent budget`)",
    "delayed": "it waits, for no account can carry it now, or its time has not come",
    "held": "it is held back",
    "claimed": "it is being answered",
    "sending": "it is being sent",
    "accepted": "the provider took the answer, and has not delivered it yet",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one text; `answer` is None for silence, and then `why` says why."""

    answered: bool
    to: str
    sender: str
    answer: str | None
    account: str | None
    seconds: float
    state: str | None
    reason: str
    why: str
    passed_over: str
    by_the_carrier: bool


@click.command
@click.argument("number")
@click.argument("words", metavar="TEXT")
@click.option("--from", "sender", help="Who texts; left out: a fresh fictional 06 39 98 number.")
@click.option(
    "--timeout", default=15.0, show_default=True, type=click.FloatRange(min=0), help="Seconds to wait."
)
@json_option
def command(number: str, words: str, sender: str | None, timeout: float, as_json: bool) -> None:
    """Text a number of the running demo; wait for the answer.

    Exit code 1 means silence; what is printed says why.
    """
    result = run(_text(number.replace(" ", ""), words, sender, timeout))
    if as_json:
        show_json(asdict(result))
    else:
        _show(result)
    raise SystemExit(0 if result.answered else 1)


async def _text(number: str, words: str, sender: str | None, timeout: float) -> Result:  # noqa: ASYNC109 -- the option's name
    from datetime import UTC, datetime, timedelta

    from router.postgres.embedded import embedded
    from router.postgres.fate import fate
    from router.postgres.pool import Pool
    from router.stage import signpost
    from router.stage.handset import Handset, NotTexted

    home = signpost.folder()
    where = signpost.running(home)
    async with embedded(home) as server, Pool(server.dsn, application="paravent text") as pool:
        texter = sender or await _stranger(home, pool)
        handset = Handset(where.control_url, texter)
        had = len(await handset.got())
        began, since = time.monotonic(), datetime.now(UTC) - timedelta(minutes=1)
        try:
            sent = await handset.text(number, words)
        except NotTexted as error:
            raise Failed(f"{error} There are: {', '.join(where.numbers.values())}") from None

        async def look() -> Fate | None:
            return await fate(pool, sent.carrier, sent.provider_id, since)

        got, found = await _wait(handset, had, look, timeout)
        broke = got is None and await _broke(home, pool, number)
    return Result(
        answered=got is not None,
        to=number,
        sender=texter,
        answer=None if got is None else got.text,
        account=got.carrier if got else (found.account if found else None),
        seconds=round(time.monotonic() - began, 2),
        state=found.state if found else None,
        reason=found.reason if found else "",
        why="" if got else _why(found, sent.webhook_status, broke=broke),
        passed_over=found.passed_over if found else "",
        by_the_carrier=got is not None and got.notice,
    )


async def _stranger(home: Path, pool: Pool) -> str:
    """A fictional number that the demo has not answered yet, as long as it is easily found."""
    from router.postgres.fate import known
    from router.settings import load
    from router.stage import signpost
    from router.stage.handset import fictional_numbers
    from router.vault import Vault

    vault = Vault.in_folder(load(signpost.SETTINGS, signpost.environment(home) or {}).data)
    found = {vault.pseudonym(number): number for number in fictional_numbers(20)}
    taken = await known(pool, list(found))
    return ([number for name, number in found.items() if name not in taken] or [*found.values()])[0]


async def _wait(
    handset: Handset, had: int, look: Callable[[], Awaitable[Fate | None]], seconds: float
) -> tuple[Got | None, Fate | None]:
    """Wait for a new text at the handset, or until it is sure that there will be none."""
    import asyncio

    deadline = time.monotonic() + seconds
    while True:
        new = (await handset.got())[had:]
        found = await look()
        over = time.monotonic() >= deadline
        if new or over or (found is not None and found.state in _ENDED):
            return (new[0] if new else None), found
        await asyncio.sleep(0.05)


async def _broke(home: Path, pool: Pool, number: str) -> bool:
    """Whether none of the accounts that may answer for this number has money."""
    from router.settings import load
    from router.settings.means import spent
    from router.stage import signpost

    settings = load(signpost.SETTINGS, signpost.environment(home) or {})
    unpaid = await spent(settings, pool)
    plans = [each.plan for each in settings.numbers.values() if each.number == number]
    return any(all(route.account in unpaid for route in plan) for plan in plans)


def _why(found: Fate | None, status: int | None, *, broke: bool = False) -> str:
    if found is None and (status is None or not 200 <= status < 300):  # noqa: PLR2004 -- what HTTP calls success
        return f"the router's door answered the webhook {status or 'not at all'}"
    if found is None:
        return "the router did not store it as a text to answer"
    if broke and found.state in _WAITS and not found.reason:
        return "it waits, for the money is spent (see `paravent budget`)"
    return _REASONS.get(found.reason) or _NO_ANSWER.get(found.state, found.state)


def _show(result: Result) -> None:
    from router.rules.failover import Why

    if result.answer is not None:
        whose = "by the carrier itself," if result.by_the_carrier else "through"
        click.echo(fitted(result.answer))
        show_wrapped("  ", f"{whose} {result.account}, after {result.seconds:.1f} s")
    else:
        show_wrapped("", f"Silence: {result.why}{f' ({result.reason})' if result.reason else ''}.")
    for account, _, why in (each.partition(":") for each in result.passed_over.split()):
        show_wrapped("  ", f"{account} was passed over: {Why(why).said}")

"""A live look at what a router needs: its database, its keys, its accounts, and the way in from outside."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never, get_args
from uuid import UUID

from providers import (
    Ability,
    CutOff,
    CutReason,
    Failure,
    Forged,
    InDoubt,
    Provider,
    Refused,
    Request,
    Response,
    Throttled,
    Unreachable,
    Wire,
)
from router.cell import cell_of
from router.postgres.embedded import embedded
from router.postgres.migrate import MigrationError, pending
from router.postgres.pool import DatabaseAwayError, Pool
from router.postgres.programs import EmbeddedError
from router.postgres.reach import newest_letter, reach
from router.rules.budget import TOTAL
from router.rules.failover import Why
from router.rules.plural import counted
from router.send import carry
from router.service import hook_url
from router.settings import Settings
from router.settings.means import spent
from router.vault import misfit
from router.wire import AioWire

_FAILURES = get_args(Failure)
_MOST_SKEW = 5.0
_SEE = "See its address, and whether this machine reaches the internet."
_CUT = {
    CutReason.UNPAID: "Pay or top up at the carrier: it comes back by itself.",
    CutReason.SUSPENDED: "See the carrier's console, and write to its support: it says why, and lifts it.",
    CutReason.REVOKED: "Mend its credentials in the settings: make new ones in the carrier's console.",
    CutReason.SENDER_LOST: "See in the carrier's console whether the sender is still yours, and correct"
    " reply_from and fallback if not.",
}
_PUT_BACK = "Stop the router and put the copy of the key file back."
# A provider may want to hear 503 of a webhook that came unsigned, and then sends it again.
_TURNED_AWAY = (Forged.status, 503)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Args:
        what: What was looked at.
        ok: Whether it is well; None where nothing can be said.
        said: What was found. No number, no secret.
        do: What to do about it, empty where nothing is to be done.
    """

    what: str
    ok: bool | None
    said: str
    do: str = ""


async def examine(settings: Settings, *, simulated: bool = False) -> list[Finding]:
    """Look at everything. Sends no text.

    Args:
        settings: What to look at.
        simulated: The carriers are the demo's, and are there while it runs.
    """
    wire = AioWire(deadline=settings.workers.call_deadline.total_seconds())
    try:
        see = "The demo simulates it: is `paravent demo` running?" if simulated else _SEE
        looks = [_account(name, provider, wire, see) for name, provider in settings.providers.items()]
        looks.append(_door(settings, wire))
        looks += [_hook(settings, name, wire) for name in settings.accounts]
        return [*await _database(settings), *await asyncio.gather(*looks)]
    finally:
        await wire.close()


async def _stored(settings: Settings, dsn: str) -> list[Finding]:
    """What the database holds: whether the keys here opened it, and the purses that are empty."""
    async with Pool(dsn, application="paravent doctor") as pool:
        found, letter = await spent(settings, pool), await newest_letter(pool)
    purses = [
        Finding(f"purse {name}", ok=False, said=why.said, do="`paravent budget top-up` adds to it.")
        for name, why in {TOTAL if w is Why.TOTAL_BUDGET else n: w for n, w in found.items()}.items()
    ]
    return [_keys(settings, letter), *purses]


async def _database(settings: Settings) -> list[Finding]:
    try:
        async with AsyncExitStack() as stack:
            dsn = settings.database.get_secret_value()
            if settings.embedded:
                dsn = (
                    await stack.enter_async_context(
                        embedded(settings.data, binaries=settings.postgres_programs)
                    )
                ).dsn
            found = await reach(dsn)
            missing = await pending(dsn)
            stored = [_keys(settings)] if missing else await _stored(settings, dsn)
    except (EmbeddedError, DatabaseAwayError, MigrationError) as error:
        return [Finding("database", ok=False, said=str(error).rstrip(".")), _keys(settings)]
    skew = abs((datetime.now(UTC) - found.now).total_seconds())
    return [
        Finding(
            "database",
            ok=found.durable,
            said=f"PostgreSQL {found.version}{'' if found.durable else ', forgets in a crash'}",
            do="" if found.durable else "Set fsync and synchronous_commit to on.",
        ),
        Finding(
            "schema",
            ok=None if missing else True,
            said=counted(len(missing), "migration waits", "migrations wait") if missing else "up to date",
            do="`paravent serve` or `paravent migrate` applies them." if missing else "",
        ),
        Finding(
            "clocks",
            ok=skew < _MOST_SKEW,
            said=f"{skew:.1f} s between this machine and the database",
            do="" if skew < _MOST_SKEW else "Set both by NTP.",
        ),
        *stored,
    ]


def _keys(settings: Settings, letter: tuple[UUID, bytes, bytes] | None = None) -> Finding:
    """Whether these keys are there, and are the ones that sealed what is stored."""
    if letter is None and not (settings.data / "keys").exists():
        return Finding("keys", ok=None, said="none yet", do="The first start makes them: then keep a copy.")
    if why := misfit(settings.data, letter):
        return Finding("keys", ok=False, said=why, do=_PUT_BACK)
    return Finding("keys", ok=True, said="can be read" if letter is None else "open what is stored")


async def _account(name: str, provider: Provider, wire: Wire, see: str) -> Finding:
    """Ask with the account's own credentials, for whatever it answers without a text.

    `see` is what to do where it cannot be reached.
    """
    what, now = f"account {name}", datetime.now(UTC)
    said = []
    if Ability.STATUS in provider.abilities:
        status = await carry(provider.status(now), wire, cell=cell_of(provider))
        if status is not None:
            return _failed(what, status, see)
        said.append("is open")
    if Ability.BALANCE in provider.abilities:
        balance = await carry(provider.balance(now), wire, cell=cell_of(provider))
        if isinstance(balance, _FAILURES):
            return _failed(what, balance, see)
        said.append(f"has {balance.amount:g} {balance.unit}")  # type: ignore[union-attr]  # no failure: a balance
    if not said:
        return Finding(what, ok=None, said="its provider offers no free look")
    return Finding(what, ok=True, said=" and ".join(said))


def _failed(what: str, failure: Failure, see: str) -> Finding:
    reason = getattr(failure, "reason", None)
    word = reason.value if reason else type(failure).__name__.lower()
    return Finding(
        what, ok=False, said=f"{word.replace('_', ' ')} ({failure.code})", do=_advice(failure, see)
    )


def _advice(failure: Failure, see: str) -> str:
    """What mends a failure; `see` is what to do where nobody is reached."""
    match failure:
        case Unreachable():
            return see
        case Throttled():
            return f"Wait {failure.pause:.0f} s: the carrier was asked too often, and comes back by itself."
        case CutOff():
            return _CUT[failure.reason]
        case Refused():
            return (
                "Compare the account's settings with the carrier's console: it refuses the question itself."
            )
        case InDoubt():
            return "Wait, and look again: the carrier is unwell. If it lasts, see its status page."
        case _:
            assert_never(failure)


async def _door(settings: Settings, wire: Wire) -> Finding:
    answer = await wire(Request("GET", f"{settings.base_url}/readyz"))
    if not isinstance(answer, Response):
        return Finding(
            "way in",
            ok=False,
            said=f"nobody answers at public_url ({answer.code})",
            do="Is `paravent serve` (or `paravent demo`) running, and does the name lead here?",
        )
    return Finding(
        "way in",
        ok=answer.ok,
        said="the door answers and can store" if answer.ok else f"the door answers {answer.status}",
        do=""
        if answer.ok
        else "Something between the provider and the router answers, or the database is away.",
    )


async def _hook(settings: Settings, name: str, wire: Wire) -> Finding:
    """A forged webhook must be turned away by the router itself: then a real one would arrive."""
    what, url = f"webhook {name}", hook_url(settings, name)
    signs = Ability.SIGNED_WEBHOOKS in settings.providers[name].abilities
    if not signs:
        url = f"{url.rsplit('/', 1)[0]}/{secrets.token_urlsafe(24)}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await wire(Request("POST", f"{url}/inbound", form, b"Body=doctor"))
    if not isinstance(answer, Response):
        return Finding(what, ok=False, said=f"nobody answers ({answer.code})")
    ours = answer.headers.get("cache-control") == "no-store"
    if not ours or answer.status not in _TURNED_AWAY:
        return Finding(
            what,
            ok=False,
            said=f"a forgery was answered {answer.status}, and not as the router does",
            do="Does the path /hooks/ lead to the router unchanged?",
        )
    return Finding(what, ok=True, said="reaches the router, which turns forgeries away")

"""Protections, switched off: what each function here takes away is what a control shows to be needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from providers import InDoubt, Unreachable
from router.postgres.ledger import Intent, Proof
from router.postgres.pool import Connection, Line
from router.sweep.doubts import LookUps
from tests.faults.points import MovedError, find

SwitchOff = Callable[[], None]
_OFF: dict[str, SwitchOff] = {}


def names() -> list[str]:
    """What can be switched off."""
    return list(_OFF)


def switch_off(name: str) -> None:
    """Switch it off in this process and its children."""
    _OFF[name]()


def _named(name: str) -> Callable[[SwitchOff], SwitchOff]:
    def keep(function: SwitchOff) -> SwitchOff:
        _OFF[name] = function
        return function

    return keep


def _replace(place: str, make: Callable[[Any], Any]) -> None:
    holder, name = find(place)
    setattr(holder, name, make(getattr(holder, name)))


def _unread_logs() -> None:
    async def nothing(_self: Any) -> bool:
        return False

    _replace("router.sweep.log:InboundLogs.__call__", lambda _call: nothing)


@_named("doubt")
def retry_on_doubt() -> None:
    """Take a doubt for certainly unsent, as most queues and gateways do."""

    def believing(carry: Any) -> Any:
        async def carried(*given: Any, **named: Any) -> Any:
            found = await carry(*given, **named)
            return Unreachable(found.code) if isinstance(found, InDoubt) else found

        return carried

    _replace("router.send:carry", believing)


@_named("absence")
def absence_is_proof() -> None:
    """Take a look-up that finds nothing for proof that nothing was sent."""

    def believing(end: Any) -> Any:
        async def ended(self: LookUps, asked: Any) -> bool:
            more: bool = await end(self, asked)
            await self.office.desk.settle(
                Proof(reference=asked.reference, outcome="refused", source="look_up", then="queued")
            )
            return more

        return ended

    _replace("router.sweep.doubts:LookUps._end", believing)


@_named("commit")
def acknowledge_before_commit() -> None:
    """Store a text some time after it was acknowledged. The carriers' logs would tell it once more."""
    _unread_logs()

    def hasty(keep: Any) -> Any:
        async def kept(*given: Any) -> None:
            under_way.add(task := asyncio.ensure_future(keep(*given)))
            task.add_done_callback(under_way.discard)

        under_way: set[asyncio.Future[Any]] = set()
        return kept

    _replace("router.web.hooks:InboundDoor._keep", hasty)


@_named("dedupe")
def every_text_is_new() -> None:
    """Know no text again."""
    for place in ("router.arrivals:text_id", "router.sweep.log:text_id"):
        _replace(place, lambda _known: lambda _account, _provider_id: uuid4())


@_named("guard")
def no_lease_guard() -> None:
    """Send, however late it is."""

    async def unguarded(_session: object, context: Any, _params: object) -> None:
        context.trace_request_ctx.left = True

    _replace("router.wire:_before_the_first_byte", lambda _guard: unguarded)


@_named("clock")
def the_wall_clock_measures_leases() -> None:
    """Believe a clock that may be set, as `time.time` is."""
    for module in ("wire", "relay", "send"):
        _replace(f"router.{module}:boottime", lambda _boottime: time.time)


class _ForgottenError(Exception):
    """Undoes the transaction it is raised in."""


@_named("intent")
def nothing_is_written_down() -> None:
    """Ask whether a send may be armed, and write nothing down."""

    def forgetful(arm: Any) -> Any:
        async def armed(self: Any, line: Line, intents: Sequence[Intent], now: Any) -> Any:
            async with line.connection() as connection:
                verdicts: list[str] = []
                try:
                    async with connection.transaction():
                        verdicts = await arm(self, _Lent(connection), intents, now)
                        raise _ForgottenError
                except _ForgottenError:
                    return verdicts

        return armed

    _replace("router.postgres.ledger:Ledger.arm", forgetful)


class _Lent:
    """A line that hands out a connection that somebody holds already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection(self) -> _Lent:
        return self

    async def __aenter__(self) -> Connection:
        return self._connection

    async def __aexit__(self, *_ignored: object) -> None:
        """It stays the other's."""


@_named("spool")
def no_spool() -> None:
    """Acknowledge what the database does not take, and keep it nowhere. Logs would tell it once more."""
    _unread_logs()
    _replace("router.spool.spool:Spool._append", lambda _append: lambda _self, items: [None] * len(items))


@_named("reservation")
def a_dead_workers_sends_are_free() -> None:
    """After a lease, queue what was being sent once more and give its money back."""
    _swap("router.postgres.upkeep:_REAP", "WHEN 'sending' THEN 'in_doubt'", "WHEN 'sending' THEN 'queued'")
    _swap("router.postgres.upkeep:_REAP", "SET state = 'unknown',", "SET state = 'refused', live = false,")
    _swap("router.postgres.upkeep:_REAP", "owner = NULL,", "owner = NULL, reserved = 0,")


@_named("patience")
def no_patience() -> None:
    """Stop at once, whatever is under way."""

    def hasty(stop: Any) -> Any:
        async def stopped(self: Any, _patience: float) -> None:
            await stop(self, 0.0)

        return stopped

    _replace("router.worker:Worker.stop", hasty)


@_named("seal")
def nothing_is_sealed() -> None:
    """Put away as it came what is to be sealed."""
    _replace("router.vault:Vault.seal", lambda _seal: lambda _self, plain, _about: plain)


def _swap(place: str, old: str, new: str) -> None:
    def swapped(text: str) -> str:
        if old not in text:
            raise MovedError(f"{place} no longer says {old!r}")
        return text.replace(old, new)

    _replace(place, swapped)

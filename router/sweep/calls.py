"""Calls that carry no text: within the account's allowance, and whatever a provider does is an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeGuard, TypeVar, get_args

from providers import Exchange, Failure, InDoubt, Provider, Request, Response, Unreachable, Wire
from router.cell import HungError, cell_of
from router.office import Office
from router.postgres.allowance import Allowance
from router.postgres.pool import DatabaseAwayError
from router.send import carry

T = TypeVar("T")
NO_ALLOWANCE = "allowance"
FOR_ANSWERS = 0.8
"""The share of what answers wait for: what only asks after answers uses it not up, nor stands in its way."""

_SHARE = 0.5
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Metered:
    """A wire that takes each request from the account's allowance."""

    wire: Wire
    allowance: Allowance
    account: str
    share: float

    async def __call__(
        self, request: Request, *, not_after: float | None = None
    ) -> Response | Unreachable | InDoubt:
        try:
            allowed = await self.allowance.take(self.account, self.share)
        except DatabaseAwayError:  # no fault of the provider's: it was not asked
            allowed = False
        if not allowed:
            return Unreachable(NO_ALLOWANCE)
        return await self.wire(request, not_after=not_after)


@dataclass(frozen=True, slots=True)
class Calls:
    """Asks providers things."""

    office: Office
    allowance: Allowance
    _turns: dict[tuple[str, float], asyncio.Semaphore] = field(default_factory=dict)

    async def ask(
        self,
        account: str,
        exchange: Callable[[Provider], Exchange[T]],
        share: float = _SHARE,
        patience: float | None = None,
    ) -> T | Failure:
        """Run an exchange that carries no text; a failure where it could not be asked.

        Args:
            account: Its name.
            exchange: What is asked.
            share: How much of the minute's calls may be used once it has taken its own.
            patience: Seconds for the provider to answer; waiting for a turn is not the provider's fault.
        """
        provider = self.office.accounts[account].provider
        cell = cell_of(provider)
        try:
            begun = await cell.run(lambda: exchange(provider))
        except HungError:
            return Unreachable("plugin-hung")
        except Exception:  # noqa: BLE001 -- a plugin may raise anything
            return Unreachable("provider-raised")
        async with self._turns.setdefault((account, share), asyncio.Semaphore(_AT_ONCE)):
            metered = _Metered(self.office.wire, self.allowance, account, share)
            try:
                async with asyncio.timeout(patience):
                    return await carry(begun, metered, cell=cell)
            except TimeoutError:
                return Unreachable("timeout")


def failed(found: object) -> TypeGuard[Failure]:
    """Whether the call itself failed."""
    return isinstance(found, get_args(Failure))


def without_allowance(found: object) -> bool:
    """Whether it was not even made."""
    return isinstance(found, Unreachable) and found.code == NO_ALLOWANCE

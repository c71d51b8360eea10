"""The door: webhooks of providers, verified, stored, and only then acknowledged."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from aiohttp import web

from providers import Ability, Forged, Hook, Inbound, Malformed, WebhookError
from router.arrivals import UnknownNumberError, arrival
from router.cell import cell_of
from router.metrics import NOBODY, Metrics
from router.notices import notice
from router.office import Account, Office
from router.postgres.inbox import POISON, Arrival, Claimed
from router.postgres.pool import DatabaseAwayError
from router.postgres.receipts import Notice
from router.rules.answer import History
from router.spool import Spool, SpoolError
from router.web.body import Unread, read
from router.web.ready import Ready
from router.web.record import Recorder
from router.web.terms import Terms
from router.worker import Worker

_METHODS = ("GET", "POST")
_SAID_AGAIN = 60.0
_MOST = 1_000
Each = TypeVar("Each")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Doors:
    """What every door shares.

    Args:
        spool: Takes what the database does not take in time.
        receipts_waiting: Told after receipts were stored: somebody applies them later.
    """

    office: Office
    worker: Worker
    metrics: Metrics
    spool: Spool
    receipts_waiting: Callable[[], None]
    _facts: object = None
    _open: frozenset[str] = frozenset()
    _said: dict[tuple[str, str], float] = field(default_factory=dict)

    def is_open(self, lane: str) -> bool:
        """Whether a text of that lane can be carried at once, by the latest facts."""
        if self._facts is not self.office.facts:
            self._facts = self.office.facts
            self._open = frozenset(self.worker.open_lanes())
        return lane in self._open

    def reject(self, account: str, reason: str, detail: str = "") -> None:
        """Count it; say it once a minute, so that a flood of forgeries is no flood of lines."""
        self.metrics.rejected(account, reason)
        now = time.monotonic()
        if now - self._said.get((account, reason), -_SAID_AGAIN) >= _SAID_AGAIN:
            self._said[account, reason] = now
            _log.warning("account %s: a webhook was not taken: %s %s", account, reason, detail)


class Door(ABC):
    """One account's webhooks of one kind: what both kinds have in common.

    Args:
        doors: See there.
        account: Whose webhooks.
        terms: See there.
    """

    def __init__(self, doors: Doors, account: Account, terms: Terms) -> None:
        self._doors = doors
        self._account = account
        self._cell = cell_of(account.provider, door=True)
        self._base_url = terms.base_url
        token = terms.hook_tokens.get(account.name)
        self._token = None if token is None else token.encode()
        self._signs = Ability.SIGNED_WEBHOOKS in account.provider.abilities
        self._recorder = Recorder(doors.office.vault, token)
        self._answer = account.provider.answer
        self._ready = Ready(self._answer.status, self._answer.content_type, self._answer.body)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Answer one webhook. 2xx only once everything in it is stored."""
        began = time.perf_counter()
        refusal = await self._refusal(request)
        self._doors.metrics.acknowledged(time.perf_counter() - began)
        if refusal is None:
            return self._ready if Ready.suits(request) else self._made()
        response = web.Response(status=refusal)
        if not request.content.is_eof():
            response.force_close()
        return response

    def _made(self) -> web.Response:
        said = self._answer
        return web.Response(status=said.status, body=said.body, headers={"Content-Type": said.content_type})

    async def locked(self, request: web.Request) -> web.StreamResponse:
        """The door of a provider that signs nothing: the path knows a secret, or nothing is read."""
        given = request.match_info["token"].encode(errors="replace")
        if self._token is None or not hmac.compare_digest(given, self._token):
            self._doors.reject(self._account.name, "forged", "token")
            response = web.Response(status=Forged.status)
            response.force_close()
            return response
        return await self.open(request)

    async def _refusal(self, request: web.Request) -> int | None:
        """The status of a refusal, None for a webhook that was taken."""
        name = self._account.name
        try:
            hook = Hook(
                method=request.method,
                url=self._base_url + request.raw_path,
                headers={key.lower(): value for key, value in request.headers.items()},
                body=await read(request),
                received_at=datetime.now(UTC),
            )
            await self._take(hook)
        except Unread as error:
            self._doors.reject(name, error.reason)
            return error.status
        except WebhookError as error:
            kind = "forged" if isinstance(error, Forged) else "malformed"
            self._doors.reject(name, kind, error.reason if error.reason.isidentifier() else "")
            return error.status
        except POISON:
            self._doors.reject(name, "unstorable")
            return web.HTTPBadRequest.status_code
        except SpoolError:
            self._doors.reject(name, "spool_full")
            return web.HTTPServiceUnavailable.status_code
        except Exception as error:  # noqa: BLE001 -- a plugin may raise anything; no traceback: it may hold the text
            self._doors.reject(name, "plugin_raised", type(error).__name__)
            return web.HTTPInternalServerError.status_code
        return None

    async def _said(self, read: Callable[[Hook], Iterable[Each]], hook: Hook) -> tuple[Each, ...]:
        """What a provider's page reads in a webhook, where its code may run."""
        found = await self._cell.run(lambda: tuple(islice(read(hook), _MOST + 1)))
        if len(found) > _MOST:
            raise Malformed("too_many")
        return found

    @abstractmethod
    async def _take(self, hook: Hook) -> None:
        """Verify it, store what is in it."""


class InboundDoor(Door):
    """Texts."""

    async def _take(self, hook: Hook) -> None:
        texts = await self._said(self._account.provider.inbound, hook)
        raw = self._recorder.record(hook) if texts else b""
        found = []
        for text in texts:
            try:
                found.append(self._arrival(text, raw))
            except UnknownNumberError:
                # Acknowledged all the same: sending it again would not make the number ours.
                self._doors.reject(self._account.name, "unknown_number")
        await _all(self._keep, found)

    def _arrival(self, text: Inbound, raw: bytes) -> Arrival:
        doors = self._doors
        found = arrival(
            doors.office,
            self._account.name,
            text,
            raw=raw,
            now=doors.office.now(),
            source="webhook",
            verified=self._signs,
            claim=doors.worker.room(),
        )
        found.claim = found.claim and doors.is_open(found.lane)
        return found

    async def _keep(self, text: Arrival) -> None:
        doors = self._doors
        try:
            stored = await doors.office.desk.store(text)
        except DatabaseAwayError:
            await doors.spool.keep(text)
            return
        doors.metrics.received(text.account, text.number, text.tier, fresh=stored.fresh)
        if stored.claimed:
            doors.worker.hand(_claimed(text, stored.history))


class ReceiptDoor(Door):
    """Receipts: stored here, applied later, so that applying can never keep one out."""

    async def _take(self, hook: Hook) -> None:
        receipts = await self._said(self._account.provider.receipt, hook)
        if not receipts:
            return
        office, name = self._doors.office, self._account.name
        raw, now = self._recorder.record(hook), office.now()
        found = [notice(office.vault, name, receipt, raw=raw, now=now) for receipt in receipts]
        await _all(self._keep, [each for each in found if each is not None])
        self._doors.receipts_waiting()

    async def _keep(self, receipt: Notice) -> None:
        try:
            fresh = await self._doors.office.desk.receive(receipt)
        except DatabaseAwayError:
            await self._doors.spool.keep(receipt)
            return
        if fresh:
            self._doors.metrics.receipt(receipt.account, receipt.status)


def routes(doors: Doors, terms: Terms) -> list[web.RouteDef]:
    """The doors of every account; a path that is nobody's is counted too, for somebody is set up wrongly."""
    found = []
    for name, account in doors.office.accounts.items():
        for kind, door in (("inbound", InboundDoor), ("receipt", ReceiptDoor)):
            if Ability.SIGNED_WEBHOOKS in account.provider.abilities:
                path, handler = f"/hooks/{name}/{kind}", door(doors, account, terms).open
            else:
                path, handler = f"/hooks/{name}/{{token}}/{kind}", door(doors, account, terms).locked
            found += [web.route(method, path, handler) for method in _METHODS]

    async def nobody(_request: web.Request) -> web.Response:
        doors.reject(NOBODY, "unknown_account")
        return web.Response(status=404)

    return [*found, *(web.route(method, "/hooks/{rest:.*}", nobody) for method in _METHODS)]


def _claimed(text: Arrival, history: History) -> Claimed:
    return Claimed(
        id=text.id,
        account=text.account,
        number=text.number,
        texter=text.texter,
        lane=text.lane,
        fence=1,
        letters=((text.id, text.letter),),
        received_at=text.received_at,
        expires_at=text.expires_at,
        history=history,
        priority=text.priority,
    )


async def _all(keep: Callable[[Each], Awaitable[None]], items: Sequence[Each]) -> None:
    """Nearly always there is one, and a task for it would cost more than storing it."""
    if len(items) == 1:
        await keep(items[0])
    else:
        await asyncio.gather(*map(keep, items))

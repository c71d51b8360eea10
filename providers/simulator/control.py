"""The control API: a handset's hand, a look at the truth, and a lever for every fault, as plain JSON.

``GET /``                     carriers: where they are, their numbers, balance and spending
``POST /texts``               ``{"to", "from", "text"}``: a handset texts a published number
``GET /handsets/{number}``    the conversation of a handset
``GET /journal?since=0``      entries after that number, oldest first; ``limit`` 1000 unless given
``GET /faults``               what is wrong now, and what can be made to go wrong
``POST /faults``              ``{"carrier", "fault", "times"?, ...}``; arguments as `GET /faults` lists them
``DELETE /faults``            ends all; ``?carrier=`` and ``?fault=`` narrow it
``POST /balance``             ``{"carrier", "balance"}``, a number or a decimal string
``POST /webhooks``            ``{"carrier", "inbound_url"?, "receipt_url"?}``

A mistake is answered 400, something not here 404, both with ``{"error": ...}``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from providers.simulator.faults import FAULTS, UnknownFault
from providers.simulator.journal import Entry, Kind
from providers.simulator.line import Site, heard_out
from providers.simulator.network import Network, NotHere

_LIMIT = 1000
_SEEN_BY_HANDSET = {Kind.DELIVERED, Kind.NOTICE, Kind.INBOUND}


class _Mistake(ValueError):
    """What was asked cannot be understood; the message says why."""


class Control:
    """The control API of a network, on a loopback port of its own."""

    def __init__(self, network: Network, port: int = 0) -> None:
        self._network = network
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """Where it is found, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Open it."""
        app = web.Application(middlewares=[heard_out, _explained])
        app.router.add_get("/", self._carriers)
        app.router.add_post("/texts", self._text)
        app.router.add_get("/handsets/{number}", self._handset)
        app.router.add_get("/journal", self._journal)
        app.router.add_get("/faults", self._faults)
        app.router.add_post("/faults", self._set_fault)
        app.router.add_delete("/faults", self._clear_faults)
        app.router.add_post("/balance", self._balance)
        app.router.add_post("/webhooks", self._webhooks)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await Site(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close it."""
        if self._runner:
            await self._runner.cleanup()

    async def _carriers(self, request: web.Request) -> web.Response:
        del request
        shown = {
            name: {
                "base_url": self._network.base_url(name),
                "numbers": carrier.account.numbers,
                "balance": str(carrier.account.balance),
                "spent": str(self._network.journal.spent(name)),
                "unit": carrier.account.unit,
                "calls": dict(carrier.calls),
            }
            for name, carrier in self._network.carriers.items()
        }
        return web.json_response(shown)

    async def _text(self, request: web.Request) -> web.Response:
        asked = await _object(request)
        text, status = await self._network.text(
            to=_word(asked, "to"), sender=_word(asked, "from"), text=_word(asked, "text", empty=True)
        )
        return web.json_response(
            {
                "carrier": self._network.owner(text.to).name,
                "provider_id": text.provider_id,
                "webhook_status": status,
            }
        )

    async def _handset(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        seen = [
            _bubble(entry, number)
            for entry in self._network.journal.about(number)
            if entry.kind in _SEEN_BY_HANDSET
        ]
        return web.json_response({"number": number, "conversation": seen})

    async def _journal(self, request: web.Request) -> web.Response:
        since, limit = _whole(request.query, "since", 0), _whole(request.query, "limit", _LIMIT)
        entries = self._network.journal.since(since, limit)
        return web.json_response({"entries": [entry.as_json() for entry in entries]})

    async def _faults(self, request: web.Request) -> web.Response:
        del request
        known = {
            name: {"does": each.does, "arguments": dict(each.arguments)} for name, each in FAULTS.items()
        }
        now = [
            {"carrier": name, **fault.as_json()}
            for name, carrier in self._network.carriers.items()
            for fault in carrier.faults.now()
        ]
        return web.json_response({"now": now, "known": known})

    async def _set_fault(self, request: web.Request) -> web.Response:
        asked = await _object(request)
        carrier, name, times = _word(asked, "carrier"), _word(asked, "fault"), asked.get("times")
        if times is not None and type(times) is not int:
            raise _Mistake("times is a whole number from 1, or left out: until cleared")
        arguments = {key: asked[key] for key in asked if key not in {"carrier", "fault", "times"}}
        fault = await self._network.fault(carrier, name, times=times, **arguments)
        return web.json_response({"carrier": carrier, **fault.as_json()}, status=201)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        await self._network.clear(request.query.get("carrier"), request.query.get("fault"))
        return web.Response(status=204)

    async def _balance(self, request: web.Request) -> web.Response:
        asked = await _object(request)
        account = self._network.carrier(_word(asked, "carrier")).account
        try:
            left = Decimal(str(asked.get("balance")))
        except InvalidOperation:
            raise _Mistake("balance is a number, or a decimal string") from None
        if not left.is_finite():
            raise _Mistake("balance is finite")
        account.balance = left
        return web.json_response({"balance": str(left), "unit": account.unit})

    async def _webhooks(self, request: web.Request) -> web.Response:
        asked = await _object(request)
        urls = {key: _word(asked, key) for key in ("inbound_url", "receipt_url") if key in asked}
        self._network.connect(_word(asked, "carrier"), **urls)
        return web.Response(status=204)


@web.middleware
async def _explained(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except NotHere as error:
        return web.json_response({"error": str(error)}, status=404)
    except (_Mistake, UnknownFault) as error:
        return web.json_response({"error": str(error)}, status=400)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        raise _Mistake("the body is a JSON object") from None
    if not isinstance(asked, dict):
        raise _Mistake("the body is a JSON object")
    return asked


def _word(asked: Mapping[str, Any], key: str, *, empty: bool = False) -> str:
    value = asked.get(key)
    if not isinstance(value, str) or not (value or empty):
        raise _Mistake(f"{key} is a text{'' if empty else ' and not empty'}")
    return value


def _whole(query: Mapping[str, str], key: str, default: int) -> int:
    value = query.get(key, str(default))
    if not (value.isascii() and value.isdecimal()):
        raise _Mistake(f"{key} is a whole number from 0")
    return int(value)


def _bubble(entry: Entry, number: str) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "carrier": entry.carrier,
        "direction": "sent" if entry.sender == number else "received",
        "with": entry.to if entry.sender == number else entry.sender,
        "text": entry.text,
        "notice": entry.kind is Kind.NOTICE,
    }

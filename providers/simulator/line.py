"""The wire into a carrier: its loopback server, and all that can go wrong before and after it answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from providers.simulator.answer import Refusal, Refuse, Route
from providers.simulator.carrier import Carrier
from providers.simulator.faults import Fault

_REFUSED_FROM = 400
_RESET = struct.pack("ii", 1, 0)


# Turns of asyncio's loop from the accepted socket to the protocol that answers for it.
_HANDING_OVER = 3


class Site(web.TCPSite):
    """aiohttp's, but that who was let in as it closes is closed with the runner, and not forgotten."""

    async def stop(self) -> None:
        """Listen no more."""
        if isinstance(self._server, asyncio.Server):
            for listening in self._server.sockets:
                asyncio.get_running_loop().remove_reader(listening)
        for _ in range(_HANDING_OVER):
            await asyncio.sleep(0)
        await super().stop()


class Line:
    """One carrier's HTTP server on 127.0.0.1, on a port of its own."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._port = carrier.account.port
        self._runner: web.AppRunner | None = None
        self._site: Site | None = None
        self._place: socket.socket | None = None
        self._turn = asyncio.Lock()

    @property
    def base_url(self) -> str:
        """Where the carrier is found, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Open the line."""
        app = web.Application(middlewares=[heard_out])
        for route in self._carrier.routes():
            app.router.add_route(route.method, route.path, self._guarded(route))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        # Bound and never listening: while nothing listens, no stranger is given the port.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", self._port))
        self._port = self._place.getsockname()[1]
        await self._open(self._runner)

    async def stop(self) -> None:
        """Close the line; calls that hang are dropped."""
        self._carrier.faults.clear()
        if self._runner:
            await self._runner.cleanup()
        if self._place:
            self._place.close()

    async def obey(self) -> None:
        """Take or refuse connections, as the fault `unreachable` has it now."""
        async with self._turn:
            await self._obey()

    async def _obey(self) -> None:
        if not self._runner:
            return
        cut = "unreachable" in self._carrier.faults
        if cut and self._site:
            await self._site.stop()
            self._site = None
            for connection in self._runner.server.connections if self._runner.server else ():
                connection.force_close()
                if connection.transport:
                    connection.transport.abort()
        elif not cut and not self._site:
            await self._open(self._runner)

    async def _open(self, runner: web.AppRunner) -> None:
        self._site = Site(runner, "127.0.0.1", self._port)
        await self._site.start()

    def _guarded(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        carrier = self._carrier

        async def answer(request: web.Request) -> web.StreamResponse:
            carrier.calls[route.path] += 1
            if not carrier.faults:
                return await self._handled(route, request)
            on = "sends" if route.sends else "all"
            if await self._broken_before(request, on):
                return web.Response()
            trouble = self._trouble(on)
            if trouble:
                if route.sends:
                    carrier.turn_down(Refuse(trouble))
                return carrier.say(trouble, request)
            response = await self._handled(route, request)
            if response.status >= _REFUSED_FROM:
                return response
            return await self._broken_after(request, response, on)

        return answer

    async def _handled(self, route: Route, request: web.Request) -> web.StreamResponse:
        try:
            return await route.handler(request)
        except Refuse as refused:
            if route.sends:
                self._carrier.turn_down(refused)
            return self._carrier.say(refused.refusal, request)

    def _take(self, name: str, on: str) -> Fault | None:
        return self._carrier.faults.take(name, on=on)

    async def _broken_before(self, request: web.Request, on: str) -> bool:
        if fault := self._take("slow_answers", on):
            await _released(fault)
        if self._take("reset_before", on):
            _reset(request)
            return True
        if fault := self._take("hang_before", on):
            await _released(fault)
            _reset(request)
            return True
        return False

    def _trouble(self, on: str) -> Refusal | None:
        troubles = self._carrier.troubles
        for name in ("revoke", "suspend", "unpaid"):
            if self._take(name, on):
                return troubles[name]
        if fault := self._take("throttle", on):
            said = troubles["throttle"]
            wait = fault["retry_after"]
            return Refusal(said.status, said.code, said.says, {"Retry-After": f"{wait:g}"} if wait else {})
        if fault := self._take("error_before", on):
            return Refusal(int(fault["status"]), troubles["error"].code, troubles["error"].says)
        return None

    async def _broken_after(
        self, request: web.Request, response: web.StreamResponse, on: str
    ) -> web.StreamResponse:
        error = self._carrier.troubles["error"]
        if fault := self._take("error_after", on):
            return self._carrier.say(Refusal(int(fault["status"]), error.code, error.says), request)
        if self._take("reset_after", on):
            _reset(request)
        elif fault := self._take("hang_after", on):
            await _released(fault)
            _reset(request)
        elif fault := self._take("drip", on):
            return await _dripped(request, cast("web.Response", response), fault)
        return response


@web.middleware
async def heard_out(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Whoever dies in the middle of a request is answered by nobody, and is no fault to be told of."""
    try:
        return await handler(request)
    except (ConnectionError, web.RequestPayloadError):
        if request.transport is not None:
            raise
        return web.Response(status=400)


async def _released(fault: Fault) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(fault["seconds"]):
            await fault.cleared.wait()


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    # without lingering the kernel says RST instead of a polite FIN
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


async def _dripped(request: web.Request, whole: web.Response, fault: Fault) -> web.StreamResponse:
    body = whole.body if isinstance(whole.body, bytes) else b""
    slow = web.StreamResponse(status=whole.status, headers={"Content-Type": whole.headers["Content-Type"]})
    slow.content_length = len(body)
    with contextlib.suppress(ConnectionError):
        await slow.prepare(request)
        for place in range(len(body)):
            await slow.write(body[place : place + 1])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(fault["every"]):
                    await fault.cleared.wait()
        await slow.write_eof()
    return slow

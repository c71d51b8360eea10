"""Who may ask the operator's questions and give the operator's orders."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from aiohttp import web

from router.web.shapes import Trouble

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PASS_LASTS = 3_600.0
"""Seconds for which a pass opens what it was made for."""

_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


class Guard:
    """Lets in who knows the token. Where none is set, only this machine, asked for by its own name.

    A page elsewhere can make a browser here send requests: so an order must be JSON from the same
    origin, and the Host must be ours (a foreign name may resolve to 127.0.0.1). No cookie counts.

    Args:
        token: The operator's, None where nobody but this machine can reach the door.
    """

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()

    def question(self, handler: Handler) -> Handler:
        """Guard what only reads."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            return self._stranger(request) or await handler(request)

        return guarded

    def passing(self, path: str) -> str:
        """A link to a path, with a pass where a token guards it: what a link opens is asked without one."""
        if self._token is None:
            return quote(path)
        until = str(int(time.time() + PASS_LASTS))
        return f"{quote(path)}?until={until}&pass={self._pass(path, until)}"

    def passed(self, handler: Handler) -> Handler:
        """Guard what only reads and is opened by a link: a pass for it counts as much as the token."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if self._has_pass(request):
                return await handler(request)
            return self._stranger(request) or await handler(request)

        return guarded

    def order(self, handler: Handler) -> Handler:
        """Guard what changes something."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            return self._stranger(request) or _lured(request) or await handler(request)

        return guarded

    def _pass(self, path: str, until: str) -> str:
        return hmac.digest(self._token or b"", f"{until} {path}".encode(), "sha256").hex()

    def _has_pass(self, request: web.Request) -> bool:
        if self._token is None:
            return False
        until, given = request.query.get("until", ""), request.query.get("pass", "")
        rightly = hmac.compare_digest(
            given.encode(errors="replace"), self._pass(request.path, until).encode()
        )
        return rightly and time.time() < int(until)

    def _stranger(self, request: web.Request) -> web.Response | None:
        if self._token is None:
            if _is_here(request.headers.get("Host", "")) and not any(
                name in request.headers for name in _FORWARDED
            ):
                return None
            return trouble(
                403, "this is for this machine only", "set operator.token, and send it as a bearer"
            )
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode(errors="replace"), self._token
        ):
            return None
        response = trouble(
            401, "the operator's token is missing or wrong", "send Authorization: Bearer TOKEN"
        )
        response.headers["WWW-Authenticate"] = "Bearer"
        return response


def trouble(status: int, error: str, remedy: str) -> web.Response:
    """An error as JSON, with what to do."""
    body = Trouble(error=error, do=remedy).model_dump_json()
    return web.Response(status=status, text=body, content_type="application/json")


def _lured(request: web.Request) -> web.Response | None:
    """Refuse what a foreign page may have made a browser send."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
        return trouble(403, "this came from another page", "send it from the console, or without a browser")
    if request.content_type != "application/json":
        return trouble(415, "an order is JSON", "send Content-Type: application/json, and a body such as {}")
    return None


def _is_here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

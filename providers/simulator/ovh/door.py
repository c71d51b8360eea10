"""How the simulated OVH lets calls in: its clock, `$1$` signatures, service accounts, and a pace."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque
from datetime import datetime
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from providers.simulator.ovh.account import OvhAccount

_TOLERANCE_SECONDS = 180
_MINUTE_SECONDS = 60.0


class Door:
    """Who may come in, and how often."""

    def __init__(self, account: OvhAccount) -> None:
        self._account = account
        self._tokens: set[str] = set()
        self._calls: deque[float] = deque()

    def server_time(self, now: datetime) -> int:
        """Unix time by OVH's clock."""
        return int(now.timestamp() + self._account.ahead_seconds)

    def too_fast(self, now: datetime) -> bool:
        """Count a call; whether it is one too many in this minute."""
        limit = self._account.calls_a_minute
        while self._calls and self._calls[0] <= now.timestamp() - _MINUTE_SECONDS:
            self._calls.popleft()
        if not limit or len(self._calls) < limit:
            self._calls.append(now.timestamp())
            return False
        return True

    async def objection(self, request: web.Request, now: datetime) -> str:
        """The error code of what is wrong with a call's proof, empty if it is good."""
        account, given = self._account, request.headers
        bearer = given.get("Authorization", "")
        if bearer:
            return "" if bearer.removeprefix("Bearer ") in self._tokens else "OAUTH2"
        if given.get("X-Ovh-Application") != account.application_key:
            return "INVALID_KEY"
        if given.get("X-Ovh-Consumer") != account.consumer_key:
            return "INVALID_CREDENTIAL"
        stamp = given.get("X-Ovh-Timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - self.server_time(now)) > _TOLERANCE_SECONDS:
            return "QUERY_TIME_OUT"
        parts = (
            account.application_secret.encode(),
            account.consumer_key.encode(),
            request.method.encode(),
            f"http://{request.host}{request.raw_path}".encode(),
            await request.read(),
            stamp.encode(),
        )
        wanted = "$1$" + hashlib.sha1(b"+".join(parts)).hexdigest()  # noqa: S324 - OVH's own algorithm
        good = hmac.compare_digest(wanted.encode(), given.get("X-Ovh-Signature", "").encode())
        return "" if good else "INVALID_SIGNATURE"

    async def token(self, request: web.Request, fresh: str) -> web.Response:
        """Hand out a token for client credentials, in the header or in the form."""
        form = dict(parse_qsl((await request.read()).decode("latin-1")))
        try:
            basic = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic "))
        except ValueError:
            basic = b""
        known, _, secret = basic.decode("latin-1").partition(":")
        pairs = {(unquote(known), unquote(secret)), (form.get("client_id"), form.get("client_secret"))}
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if (self._account.client_id, self._account.client_secret) not in pairs:
            return web.json_response({"error": "invalid_client"}, status=401)
        self._tokens.add(fresh)
        return web.json_response(
            {"access_token": fresh, "token_type": "Bearer", "expires_in": 3599, "scope": "all"}
        )

    def forget_tokens(self) -> None:
        """Let every token expire."""
        self._tokens.clear()

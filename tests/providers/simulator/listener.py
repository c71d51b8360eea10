"""A small server that stands for the router: it hears webhooks and answers as it is told."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import web

from providers.simulator.line import Site


@dataclass(frozen=True)
class Heard:
    """One webhook, as it came."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Listener:
    """Hears webhooks at any path. `answers` are given one after the other, then 200."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: deque[int] = deque()
        self.base_url = ""
        self._more = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await Site(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def until(self, count: int) -> list[Heard]:
        """Wait until `count` webhooks were heard, at most five seconds."""
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self._more.clear()
                await self._more.wait()
        return self.heard

    async def _hear(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        url = self.base_url + request.raw_path
        self.heard.append(Heard(request.method, url, headers, await request.read()))
        self._more.set()
        return web.Response(status=self.answers.popleft() if self.answers else 200)

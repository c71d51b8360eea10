"""The console: one page and its files, served as they lie here."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from aiohttp import web

from router.web.guard import Handler

FILES = (
    "attack.js",
    "console.css",
    "console.js",
    "charts.js",
    "dialogue.js",
    "drills.js",
    "evidence.js",
    "listen.js",
    "opening.js",
    "phone.js",
    "pieces.js",
    "raid.js",
    "router.js",
    "public.css",
    "review.js",
    "rooms.js",
    "sentence.js",
    "words.js",
    "words.en.json",
    "words.fr.json",
    "uplot/uPlot.iife.min.js",
    "uplot/uPlot.min.css",
    "uplot/LICENSE",
)
"""What the page needs, under `/console/`."""

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "json": "application/json"}
HEADERS = {
    # A text is hostile: nothing of this page runs, loads or goes anywhere but what lies beside it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def read(name: str) -> bytes:
    """One file that lies here."""
    return files(__name__).joinpath(name).read_bytes()


def routes() -> list[web.RouteDef]:
    """`/` and what it needs. The page is open; what it shows is asked of the guarded API."""
    return [
        web.get("/", _server("index.html")),
        *(web.get(f"/console/{name}", _server(name)) for name in FILES),
    ]


def _server(name: str) -> Handler:
    body = read(name)
    tag = hashlib.sha256(body).hexdigest()[:16]
    content_type = f"{_TYPES.get(name.rpartition('.')[2], 'text/plain')}; charset=utf-8"
    headers = {**HEADERS, "Content-Type": content_type, "ETag": f'"{tag}"'}

    async def served(request: web.Request) -> web.Response:
        known = request.if_none_match or ()
        if any(each.value == tag for each in known):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    return served

"""The console: one page and its two files, served as they lie here."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from router.web.guard import Handler

_FILES = {"/": "index.html", "/console.css": "console.css", "/console.js": "console.js"}
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    # A text is hostile: nothing of this page runs, loads or goes anywhere but what lies beside it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def routes() -> list[web.RouteDef]:
    """`/` and what it needs. The page is open; what it shows is asked of the guarded API."""
    return [web.get(path, _server(name)) for path, name in _FILES.items()]


def _server(name: str) -> Handler:
    body = files(__name__).joinpath(name).read_bytes()
    content_type = f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8"

    async def served(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers={**_HEADERS, "Content-Type": content_type})

    return served

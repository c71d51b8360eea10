"""The console: one page and its files, served as they lie here."""

from __future__ import annotations

import gzip
import hashlib
import re
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
_FOR_GOOD = "public, max-age=31536000, immutable"
_PACKED = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


def read(name: str) -> bytes:
    """One file that lies here."""
    return files(__name__).joinpath(name).read_bytes()


VERSION = hashlib.sha256(b"\0".join(hashlib.sha256(read(name)).digest() for name in FILES)).hexdigest()[:12]
PLACE = f"/console/{VERSION}/"
"""Where the files are for good: what lies there never changes, for the name changes with it."""


def routes() -> list[web.RouteDef]:
    """`/` and what it needs. The page is open; what it shows is asked of the guarded API.

    A page that another process served, of another version, finds its files all the same: ours, not for good.
    """
    server = {name: _server(name, read(name)) for name in FILES}
    return [
        web.get("/", _server("index.html", _page())),
        *(web.get(f"/console/{name}", each) for name, each in server.items()),
        *(web.get(f"/console/{{version:[0-9a-f]{{12}}}}/{name}", each) for name, each in server.items()),
    ]


def _page() -> bytes:
    """The page, its files where they are for good, and its modules fetched at once, not one for another."""
    modules = [name for name in FILES if name.endswith(".js") and "/" not in name]
    early = "".join(f'\n  <link rel="modulepreload" href="/console/{name}">' for name in modules)
    page = read("index.html").replace(b"</title>", b"</title>" + early.encode())
    return page.replace(b'"/console/', f'"{PLACE}'.encode())


def _server(name: str, body: bytes) -> Handler:
    tag = hashlib.sha256(body).hexdigest()[:16]
    packed = gzip.compress(body, 9, mtime=0)
    content_type = f"{_TYPES.get(name.rpartition('.')[2], 'text/plain')}; charset=utf-8"
    always = {**HEADERS, "Content-Type": content_type, "Vary": "Accept-Encoding"}

    async def served(request: web.Request) -> web.Response:
        small = bool(_PACKED.search(request.headers.get("Accept-Encoding", "")))
        headers = always | {"ETag": f'"{tag}-gzip"' if small else f'"{tag}"'}
        if request.match_info.get("version") == VERSION:
            headers["Cache-Control"] = _FOR_GOOD
        if any(each.value.removesuffix("-gzip") == tag for each in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if small:
            return web.Response(body=packed, headers=headers | {"Content-Encoding": "gzip"})
        return web.Response(body=body, headers=headers)

    return served

"""The demo's shelf of drills: what was played beside it, and the page of each."""

from __future__ import annotations

from aiohttp import web

from router.web import shapes
from router.web.guard import Guard, trouble
from router.web.terms import Phone

_ON_PAPER = {
    # A page of a drill needs nothing but its own style.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}


def routes(phone: Phone, guard: Guard) -> list[web.RouteDef]:
    """A list, and a page for each."""

    async def drills(_request: web.Request) -> web.Response:
        said = shapes.Drills(drills=list(phone.drills()))
        return web.Response(text=said.model_dump_json(), content_type="application/json")

    async def drill(request: web.Request) -> web.Response:
        page = phone.page(request.match_info["name"])
        if page is None:
            return trouble(404, "no drill of that name was kept", "GET /api/v1/drills lists them")
        return web.Response(text=page, content_type="text/html", charset="utf-8", headers=_ON_PAPER)

    return [
        web.get("/api/v1/drills", guard.question(drills)),
        web.get("/api/v1/drills/{name}/page", guard.question(drill)),
    ]

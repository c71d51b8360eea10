"""The drills whose pages are kept on this machine: a list, and the page of each."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from aiohttp import web

from router.web import shapes, shelf
from router.web.guard import Guard, trouble

_ON_PAPER = {
    # A page of a drill needs nothing but its own style.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}


def routes(folder: Path, guard: Guard) -> list[web.RouteDef]:
    """A list, and a page for each, which a browser opens by the link that the list has."""

    async def drills(_request: web.Request) -> web.Response:
        kept = await asyncio.to_thread(shelf.drills, folder)
        said = shapes.Drills(drills=[_drill(each, guard) for each in kept])
        return web.Response(text=said.model_dump_json(), content_type="application/json")

    async def drill(request: web.Request) -> web.Response:
        page = await asyncio.to_thread(shelf.page, folder, request.match_info["name"])
        if page is None:
            return trouble(404, "no drill of that name was kept", "GET /api/v1/drills lists them")
        # The link says the language: its one script is of no use, and browsers complain of what may not run.
        page = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
        return web.Response(text=page, content_type="text/html", charset="utf-8", headers=_ON_PAPER)

    return [
        web.get("/api/v1/drills", guard.question(drills)),
        web.get("/api/v1/drills/{name}/page", guard.passed(drill)),
    ]


def _drill(kept: shelf.Kept, guard: Guard) -> shapes.Drill:
    return shapes.Drill(
        name=kept.name,
        at=kept.at,
        headline=kept.headline.get("en", ""),
        headline_fr=kept.headline.get("fr", ""),
        page=guard.passing(f"/api/v1/drills/{kept.name}/page"),
    )

"""What machines ask: metrics, whether this process lives, whether this door can take anything in."""

from __future__ import annotations

import asyncio

from aiohttp import web

from router.metrics import CONTENT_TYPE, Metrics, page, spooled
from router.postgres.pool import DatabaseAwayError
from router.spool import Spool
from router.web.guard import Guard, trouble
from router.web.reading import Readings

_METRICS = {"Content-Type": CONTENT_TYPE}


def routes(readings: Readings, metrics: Metrics, spool: Spool, guard: Guard) -> list[web.RouteDef]:
    """`/metrics`, `/metrics/state`, `/healthz`, `/readyz`. Metrics tell what is left to spend: guarded."""

    async def events(_request: web.Request) -> web.Response:
        depth = await asyncio.to_thread(spool.depth)
        return web.Response(body=metrics.events() + page(spooled(*depth)), headers=_METRICS)

    async def facts(_request: web.Request) -> web.Response:
        try:
            reading = await readings.latest()
        except DatabaseAwayError:
            return trouble(503, "the database is away", "look at it first; texts are taken in meanwhile")
        body = metrics.facts(reading.figures, reading.worth, oldest=reading.oldest, stalled=reading.stalled)
        return web.Response(body=body, headers=_METRICS)

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_request: web.Request) -> web.Response:
        """Receiving never depends on answering: only where nothing can be stored is it not ready."""
        if not spool.room():
            try:
                await readings.ping()
            except (DatabaseAwayError, TimeoutError):
                return trouble(503, "nothing can be stored", "look at the database, then at the disk")
        return web.json_response({"status": "ok"})

    return [
        web.get("/metrics", guard.question(events)),
        web.get("/metrics/state", guard.question(facts)),
        web.get("/healthz", alive),
        web.get("/readyz", ready),
    ]

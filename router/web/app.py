"""The application: every path there is, and the server it is served by."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from router.evidence.leaves import Seals
from router.metrics import Metrics
from router.office import Office
from router.postgres.pool import Pool
from router.postgres.pulse import PulseDesk
from router.spool import Spool
from router.web import api, console, hooks, probes, public
from router.web.body import LARGEST
from router.web.connection import Site
from router.web.events import Events
from router.web.guard import Guard
from router.web.lately import Lately, share
from router.web.reading import Readings
from router.web.ready import HEADERS
from router.web.snapshot import Snapshots
from router.web.terms import Phone, Terms
from router.worker import Worker


def app(
    office: Office,
    worker: Worker,
    metrics: Metrics,
    pool: Pool,
    terms: Terms,
    spool: Spool,
    *,
    receipts_waiting: Callable[[], None] = lambda: None,
    lately: Lately | None = None,
    phone: Phone | None = None,
    seals: Seals | None = None,
) -> web.Application:
    """Put together all that is served.

    Args:
        office: What texts are relayed with.
        worker: Takes texts over as soon as they are stored.
        metrics: Counts, and is shown.
        pool: For what is read for people.
        terms: What the door goes by.
        spool: Takes what the database does not take in time.
        receipts_waiting: Told after receipts were stored.
        lately: The last decisions, as they are folded from stories.
        phone: The demo's telephone, None outside a demo.
        seals: What exports of evidence need to know; None: there are none.
    """
    application = web.Application(client_max_size=LARGEST)
    guard = Guard(terms.operator_token)
    readings = Readings(office, pool)
    application.add_routes(hooks.routes(hooks.Doors(office, worker, metrics, spool, receipts_waiting), terms))
    application.add_routes(probes.routes(readings, metrics, spool, guard))
    is_demo = phone is not None
    pulses, lately = PulseDesk(pool), lately or Lately()
    application.cleanup_ctx.append(_sharing(office, pulses, lately))
    events = Events(Snapshots(office, readings, pulses, spool, lately, is_demo))
    application.add_routes([web.get("/api/v1/events", guard.question(events.stream))])
    application.on_shutdown.append(events.end)
    application.add_routes(api.routes(office, pool, readings, guard, terms, phone, seals))
    application.add_routes(console.routes())
    if terms.public is not None:
        application.add_routes(public.routes(public.PublicPage(office, readings, pulses, terms.public)))
    application.on_response_prepare.append(_plain)
    return application


def _sharing(
    office: Office, pulses: PulseDesk, lately: Lately
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def sharing(_application: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(share(lately, pulses, office.owner))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return sharing


async def serve(
    application: web.Application,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    sock: socket.socket | None = None,
    reuse_port: bool = False,
) -> web.AppRunner:
    """Open the door. `cleanup()` of what is returned closes it, gracefully; `addresses` says where it is.

    Args:
        application: As made by `app`.
        host: Where to listen, unless `sock` is given.
        port: 0 for any that is free.
        sock: A socket that is bound already.
        reuse_port: Share the port with other processes of the fleet.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=10.0)
    await runner.setup()
    site = Site(runner, None if sock is not None else (host, port), sock, reuse_port=reuse_port)
    await site.start()
    return runner


async def _plain(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Say nothing of the software, and let nobody keep or guess what was answered."""
    response.headers.pop("Server", None)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)

"""The plain baseline, frozen: what a sound programmer writes in an afternoon. Never tune it.

aiohttp on both sides; each webhook is one INSERT and each receipt one UPDATE, in transactions of their own;
16 workers claim one text each with SKIP LOCKED, post the reply and settle it with one UPDATE; a pool of 16.
A text costs three commits and each of its receipts one. It has no ledger, no budget, no failover, no metrics.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import signal
import sys
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import asyncpg
from aiohttp import web

from tests.bench.terms import (
    ACCOUNT,
    INBOUND,
    MESSAGES,
    RECEIPT,
    REPLY,
    TOKEN,
    Place,
    System,
    loop_factory,
)

WORKERS: Final = 16
POOL: Final = 16

SCHEMA: Final = """
CREATE TABLE texts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sid text NOT NULL UNIQUE,
    sender text NOT NULL,
    recipient text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    reply_sid text,
    receipt text,
    received_at timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz,
    settled_at timestamptz
);
CREATE INDEX texts_queued ON texts (id) WHERE state = 'queued';
"""
INSERT: Final = """
INSERT INTO texts (sid, sender, recipient, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
CLAIM: Final = """
UPDATE texts SET state = 'sending', claimed_at = now()
WHERE id = (SELECT id FROM texts WHERE state = 'queued' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, sender, recipient
"""
SETTLE: Final = "UPDATE texts SET state = $2, reply_sid = $3, settled_at = now() WHERE id = $1"
RECEIVE: Final = "UPDATE texts SET receipt = $2 WHERE id = $1 AND receipt IS DISTINCT FROM 'delivered'"


class Store(Protocol):
    """Where texts are kept between the door and the workers."""

    async def insert(self, sid: str, sender: str, recipient: str, body: str) -> None: ...

    async def claim(self) -> tuple[int, str, str] | None: ...

    async def settle(self, text: int, state: str, reply_sid: str | None) -> None: ...

    async def receive(self, text: int, status: str) -> None: ...


class Durable:
    """The baseline's store."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def insert(self, sid: str, sender: str, recipient: str, body: str) -> None:
        await self._pool.execute(INSERT, sid, sender, recipient, body)

    async def claim(self) -> tuple[int, str, str] | None:
        row = await self._pool.fetchrow(CLAIM)
        return None if row is None else (row["id"], row["sender"], row["recipient"])

    async def settle(self, text: int, state: str, reply_sid: str | None) -> None:
        await self._pool.execute(SETTLE, text, state, reply_sid)

    async def receive(self, text: int, status: str) -> None:
        await self._pool.execute(RECEIVE, text, status)


class Forgetful:
    """The HTTP-only variant's store, a queue in memory: what remains is the price of HTTP."""

    def __init__(self) -> None:
        self._queue: deque[tuple[int, str, str]] = deque()

    async def insert(self, sid: str, sender: str, recipient: str, body: str) -> None:
        self._queue.append((int(f"0x{sid[2:]}", 0), sender, recipient))

    async def claim(self) -> tuple[int, str, str] | None:
        return self._queue.popleft() if self._queue else None

    async def settle(self, text: int, state: str, reply_sid: str | None) -> None:
        pass

    async def receive(self, text: int, status: str) -> None:
        pass


class Baseline:
    """Door and workers of one process."""

    def __init__(self, store: Store, session: aiohttp.ClientSession, place: Place) -> None:
        self._store = store
        self._session = session
        self._place = place
        self._signed = place.database is not None
        self._ready = asyncio.Semaphore(0)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post(INBOUND, self.inbound)
        app.router.add_post(RECEIPT, self.receipt)
        return app

    async def inbound(self, request: web.Request) -> web.Response:
        form = await self._form(request)
        await self._store.insert(form["MessageSid"], form["From"], form["To"], form["Body"])
        self._ready.release()
        return web.Response(text="<Response/>", content_type="text/xml")

    async def receipt(self, request: web.Request) -> web.Response:
        form = await self._form(request)
        await self._store.receive(int(request.query["text"]), form["MessageStatus"])
        return web.Response(status=204)

    async def _form(self, request: web.Request) -> dict[str, str]:
        form = {key: str(value) for key, value in (await request.post()).items()}
        if self._signed:
            url = f"{self._place.public}{request.raw_path}"
            signed = url + "".join(key + form[key] for key in sorted(form))
            wanted = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1"))
            if not hmac.compare_digest(wanted, request.headers.get("X-Twilio-Signature", "").encode()):
                raise web.HTTPForbidden
        return form

    async def work(self) -> None:
        """One worker: each text at the door wakes one, which answers the oldest."""
        while True:
            await self._ready.acquire()
            claimed = await self._store.claim()
            if claimed is not None:
                text, sender, recipient = claimed
                state, sid = await self._send(text, sender, recipient)
                await self._store.settle(text, state, sid)

    async def look_again(self) -> None:
        """Find what another process left."""
        while True:
            await asyncio.sleep(1)
            self._ready.release()

    async def _send(self, text: int, sender: str, recipient: str) -> tuple[str, str | None]:
        form = {
            "To": sender,
            "From": recipient,
            "Body": REPLY,
            "StatusCallback": f"{self._place.public}{RECEIPT}?text={text}",
        }
        try:
            async with self._session.post(f"{self._place.carrier}{MESSAGES}", data=form) as response:
                if response.status == 201:
                    return "accepted", (await response.json())["sid"]
                return "refused", None
        except (aiohttp.ClientError, TimeoutError):
            return "in_doubt", None


async def serve(place: Place) -> None:
    """Run one process until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    pool = place.database and await asyncpg.create_pool(place.database, min_size=POOL, max_size=POOL)
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
    async with aiohttp.ClientSession(headers=headers) as session:
        baseline = Baseline(Durable(pool) if pool else Forgetful(), session, place)
        tasks = [asyncio.create_task(baseline.work()) for _ in range(WORKERS)]
        tasks.append(asyncio.create_task(baseline.look_again()))
        runner = web.AppRunner(baseline.app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", place.port, reuse_port=True).start()
        await stop.wait()
        await runner.cleanup()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if pool:
        await pool.close()


async def make_schema(dsn: str) -> None:
    """Create the one table."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(SCHEMA)
    await connection.close()


def command(place: Place) -> tuple[list[str], dict[str, str]]:
    """How to start it: see `System.command`."""
    return [sys.executable, "-m", "tests.bench.baseline", json.dumps(asdict(place), default=str)], {}


SYSTEM: Final = System("baseline", command)


def main(told: str) -> None:
    """Make the schema, then be `processes` processes on one port."""
    fields = json.loads(told)
    place = Place(**fields | {"folder": Path(fields["folder"])})
    if place.database:
        asyncio.run(make_schema(place.database))
    children: list[int] = []
    for _ in range(place.processes - 1):
        child = os.fork()
        if not child:
            children.clear()
            break
        children.append(child)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(place))
    for child in children:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1])

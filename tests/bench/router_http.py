"""The router's HTTP and nothing else: its server and its wire; no signature, no database."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from base64 import b32encode
from pathlib import Path
from typing import Final

from aiohttp import web

from providers import Request
from router.web.app import serve as open_door
from router.web.body import read
from router.web.ready import Ready
from router.wire import AioWire
from tests.bench.terms import MESSAGES, RECEIPT, Place, basic, loop_factory

IN_FLIGHT: Final = 64
# As the Twilio page encodes it; only the receiver and the reference differ from text to text.
FORM: Final = (
    "To=%2B33639{digits}&From=%2B33199000001&Body=Bonjour.+Cette+personne+ne+souhaite+pas+continuer+cette+"
    "conversation.+Un+non+est+un+non.&StatusCallback={receipt}%3Freference%3D{reference}&ValidityPeriod=600"
)

TAKEN: Final = Ready(200, "text/xml", b"<Response/>")


class Bare:
    """A door that only reads, and senders that only send."""

    def __init__(self, place: Place) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._wire = AioWire()
        self._url = f"{place.carrier}{MESSAGES}"
        self._receipt = f"{place.public}{RECEIPT}".replace(":", "%3A").replace("/", "%2F")
        self._headers = {
            "Authorization": basic(),
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/hooks/{account}/inbound", self._inbound)
        app.router.add_post("/hooks/{account}/receipt", self._told)
        return app

    async def _inbound(self, request: web.Request) -> web.StreamResponse:
        body = await read(request)
        self._queue.put_nowait(body.partition(b"&From=%2B33639")[2][:6].decode())
        return TAKEN

    async def _told(self, request: web.Request) -> web.StreamResponse:
        await read(request)
        return TAKEN

    async def work(self) -> None:
        while True:
            digits = await self._queue.get()
            reference = b32encode(digits.encode() * 2).decode().lower()
            form = FORM.format(digits=digits, receipt=self._receipt, reference=reference)
            request = Request("POST", self._url, self._headers, form.encode(), carries_text=True)
            answer = await self._wire(request)
            if not hasattr(answer, "status"):
                raise RuntimeError("the carrier did not answer")

    async def close(self) -> None:
        await self._wire.close()


async def serve(place: Place) -> None:
    """Run one process until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    bare = Bare(place)
    senders = [asyncio.create_task(bare.work()) for _ in range(IN_FLIGHT)]
    runner = await open_door(bare.app(), port=place.port, reuse_port=True)
    await stop.wait()
    await runner.cleanup()
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    await bare.close()


def main(told: str) -> None:
    """Be `processes` processes on one port."""
    fields = json.loads(told)
    place = Place(**fields | {"folder": Path(fields["folder"])})
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

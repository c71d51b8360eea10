"""How fast the load generator and the carrier are when what they meet does nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final
from urllib.parse import urlencode

from tests.bench import cpu
from tests.bench.carrier import Tally
from tests.bench.load import Firing, Shots, Volley
from tests.bench.raw import Answering
from tests.bench.stagehand import Stagehand
from tests.bench.terms import MESSAGES, OUR_NUMBER, REPLY, basic, loop_factory, texter

TEXTS: Final = 10_000
NOTHING: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Ceiling:
    """The most that the bench's own processes can do: texts a second; their CPU seconds per 1,000 texts."""

    load: float
    load_cpu: float
    carrier: float
    carrier_cpu: float


async def measure(load: Stagehand, carrier: Stagehand, carrier_port: int) -> Ceiling:
    """Post to a door that does nothing, send through the carrier without a router; the best of three."""
    null = Stagehand(serve)
    try:
        port = await null.hear()
        posted = max([await _posted(load, port) for _ in range(3)])
        carried = max([await _carried(carrier, carrier_port, null) for _ in range(3)])
    finally:
        null.close()
    return Ceiling(*posted, *carried)


async def _posted(load: Stagehand, port: int) -> tuple[float, float]:
    await load.ask(("aim", Volley(port, 0, TEXTS)))
    before = cpu.seconds(load.pid)
    shots: Shots = await load.ask(("fire",))
    spent = cpu.seconds(load.pid) - before
    last = max(posted + ack for posted, ack in zip(shots.posted, shots.acks, strict=True))
    return TEXTS / (last - min(shots.posted)), spent / TEXTS * 1000


async def _carried(carrier: Stagehand, port: int, null: Stagehand) -> tuple[float, float]:
    await carrier.ask("reset")
    before = cpu.seconds(carrier.pid)
    shots: Shots = await null.ask((port, TEXTS))
    while sum((await carrier.ask("progress"))[1:]) < 2 * TEXTS:  # noqa: ASYNC110 -- another process
        await asyncio.sleep(0.02)
    spent = cpu.seconds(carrier.pid) - before
    tally: Tally = await carrier.ask("report")
    return TEXTS / (tally.last - min(shots.posted)), spent / TEXTS * 1000


def send(carrier_port: int, own_port: int, index: int) -> bytes:
    """One Messages.json as a router would post it."""
    body = urlencode(
        {
            "To": texter(index),
            "From": OUR_NUMBER,
            "Body": REPLY,
            "StatusCallback": f"http://127.0.0.1:{own_port}/null?text={index}",
        }
    ).encode()
    head = (
        f"POST {MESSAGES} HTTP/1.1\r\nHost: 127.0.0.1:{carrier_port}\r\nAuthorization: {basic()}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def serve(pipe: Connection) -> None:
    """Process entry: a door that answers 200 to anything; `(carrier's port, texts)` makes it a sender too."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(lambda _head, _body: NOTHING), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pipe.send(port)
    while True:
        try:
            carrier_port, texts = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        requests = [send(carrier_port, port, index) for index in range(texts)]
        pipe.send(await Firing(requests, carrier_port, None, 64).run())

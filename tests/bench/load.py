"""The load generator: signed Twilio webhooks, as fast as the door takes them or at a fixed rate."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import monotonic
from typing import Final
from urllib.parse import urlencode

from tests.bench.raw import Asking
from tests.bench.terms import ACCOUNT, INBOUND, OUR_NUMBER, loop_factory, sign, texter

TICK: Final = 0.001
QUIET: Final = 30.0
OPENINGS: Final = ("Salut c'est", "Coucou, moi c'est", "Bonsoir ! Ici", "Hello, tu te souviens de moi ?")
NAMES: Final = ("Kevin", "Lucas", "Théo", "Mehdi", "Antoine", "Jules", "Maxime")


@dataclass(frozen=True)
class Volley:
    """One burst of texts.

    Attributes:
        port: The door's port on 127.0.0.1.
        first: Index of the first texter.
        count: Texts to post, one per texter.
        rate: Texts a second, None for saturation.
        connections: Keep-alive connections.
    """

    port: int
    first: int
    count: int
    rate: float | None = None
    connections: int = 128


@dataclass(frozen=True)
class Shots:
    """What came of a volley.

    Attributes:
        posted: When each text was due, in seconds of CLOCK_MONOTONIC (one clock for the whole machine).
        acks: Seconds from then to the 2xx, -1 where none came.
    """

    posted: array[float]
    acks: array[float]


def webhook(port: int, index: int) -> bytes:
    """One inbound text as Twilio posts it: head and body, signed."""
    sid = f"SM{index:032x}"
    opening, name = OPENINGS[index % len(OPENINGS)], NAMES[index % len(NAMES)]
    form = {
        "ToCountry": "FR", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "",
        "SmsSid": sid, "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": f"{opening} {name}",
        "FromCountry": "FR", "To": OUR_NUMBER, "ToZip": "", "NumSegments": "1", "MessageSid": sid,
        "AccountSid": ACCOUNT, "From": texter(index), "ApiVersion": "2010-04-01",
    }  # fmt: skip
    body = urlencode(form).encode()
    head = (
        f"POST {INBOUND} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"X-Twilio-Signature: {sign(f'http://127.0.0.1:{port}{INBOUND}', form)}\r\n"
        f"I-Twilio-Idempotency-Token: {sid[2:]}\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Firing:
    """Prepared requests on their way to a port of 127.0.0.1."""

    def __init__(self, requests: list[bytes], port: int, rate: float | None, connections: int) -> None:
        self._requests = requests
        self._port = port
        self._rate = rate
        self._connections = connections
        self._due: deque[int] = deque()
        self._idle: deque[Asking[int]] = deque()
        self._left = len(requests)
        self._unposted = iter(range(len(requests)))
        self._finished = asyncio.Event()
        self._moved = monotonic()
        self.shots = Shots(array("d", bytes(8 * self._left)), array("d", [-1.0]) * self._left)

    async def run(self) -> Shots:
        """Post everything and wait for the answers.

        Raises:
            TimeoutError: Nothing was answered for 30 s.
        """
        loop = asyncio.get_running_loop()
        for _ in range(self._connections):
            _, connection = await loop.create_connection(
                lambda: Asking(self._answered), "127.0.0.1", self._port
            )
            self._idle.append(connection)
        opened = list(self._idle)
        await (self._saturate() if self._rate is None else self._pace(self._rate))
        while not self._finished.is_set():
            if monotonic() - self._moved > QUIET:
                raise TimeoutError(f"{self._left} texts unanswered and nothing moved for {QUIET:.0f} s")
            await asyncio.sleep(TICK * 5)
        for connection in opened:
            connection.transport.close()
        return self.shots

    async def _saturate(self) -> None:
        idle, self._idle = self._idle, deque()
        for connection in idle:
            self._next(connection)

    async def _pace(self, rate: float) -> None:
        start = monotonic()
        for index in self._unposted:
            due = start + index / rate
            while (ahead := due - monotonic()) > 0:  # noqa: ASYNC110 -- a clock, not an event
                await asyncio.sleep(min(ahead, TICK))
            self.shots.posted[index] = due
            if self._idle:  # in turns: the door hangs up on one that is left idle
                self._idle.popleft().ask(self._requests[index], index)
            else:
                self._due.append(index)

    def _next(self, connection: Asking[int]) -> None:
        if self._rate is None:
            index = next(self._unposted, None)
            if index is not None:
                self.shots.posted[index] = monotonic()
                connection.ask(self._requests[index], index)
        elif self._due:
            index = self._due.popleft()
            connection.ask(self._requests[index], index)
        else:
            self._idle.append(connection)

    def _answered(self, connection: Asking[int], status: int) -> None:
        index, self._moved = connection.subject, monotonic()
        if index is not None and status // 100 == 2:
            self.shots.acks[index] = self._moved - self.shots.posted[index]
        self._left -= 1
        if not self._left:
            self._finished.set()
        elif not connection.lost:
            self._next(connection)


def serve(pipe: Connection) -> None:
    """Process entry: `("aim", Volley)` signs the bodies, `("fire",)` posts them, until the pipe closes."""
    volley, requests = Volley(0, 0, 0), list[bytes]()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        while True:
            try:
                verb, *details = pipe.recv()
            except EOFError:
                return
            if verb == "aim":
                volley = details[0]
                requests = [webhook(volley.port, volley.first + index) for index in range(volley.count)]
                pipe.send(len(requests))
            else:
                pipe.send(runner.run(_fire(volley, requests)))


async def _fire(volley: Volley, requests: list[bytes]) -> Shots | Exception:
    try:
        return await Firing(requests, volley.port, volley.rate, volley.connections).run()
    except (OSError, TimeoutError) as failure:
        return failure

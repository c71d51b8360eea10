"""A fake Twilio carrier: takes Messages.json, answers 201, sends signed receipts back, keeps the truth."""

from __future__ import annotations

import asyncio
import json
from array import array
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from time import monotonic
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from tests.bench.raw import Answering, Asking
from tests.bench.terms import ACCOUNT, MESSAGES, PREFIX, TEXTERS, basic, loop_factory, sign

CONNECTIONS: Final = 32
TO: Final = f"To={PREFIX.replace('+', '%2B')}".encode()


@dataclass(frozen=True)
class Manners:
    """How the carrier behaves.

    Attributes:
        receipts: Whether each accepted text earns two status callbacks, sent and delivered.
        latency: Seconds before it answers a send.
    """

    receipts: bool = True
    latency: float = 0.0


@dataclass
class Tally:
    """The carrier's truth since it was last reset: `times` in seconds of CLOCK_MONOTONIC, 0 for never."""

    times: array[float]
    sends: bytearray
    replies: int = 0
    doubles: int = 0
    refused: int = 0
    looks: int = 0
    receipts: int = 0
    receipts_refused: int = 0
    last: float = 0.0


class Receipt(NamedTuple):
    """One status callback that has to be posted."""

    url: str
    sid: str
    to: str
    status: str


class Receipts:
    """Posts receipts to one door over keep-alive connections, 32 at most."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._idle: list[Asking[Receipt]] = []
        self._open = 0
        self._waiting: deque[Receipt] = deque()
        self._dialling: set[asyncio.Task[None]] = set()

    def push(self, receipt: Receipt) -> None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.lost:
                self._post(connection, receipt)
                return
            self._open -= 1
        self._waiting.append(receipt)
        if self._open < CONNECTIONS:
            self._open += 1
            task = asyncio.get_running_loop().create_task(self._dial(receipt.url.split("/", 3)[2]))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    def forget(self) -> None:
        """Hang up and start a fresh tally: the next system stands behind another door."""
        self.tally = fresh()
        for connection in self._idle:
            connection.transport.close()
        self._idle.clear()
        self._waiting.clear()
        self._open = 0

    async def _dial(self, door: str) -> None:
        host, _, port = door.partition(":")
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Asking[Receipt](self._answered), host, int(port)
            )
        except OSError:
            self._open -= 1
            self.tally.receipts_refused += 1
            return
        self._next(connection)

    def _post(self, connection: Asking[Receipt], receipt: Receipt) -> None:
        url, sid, to, status = receipt
        _, _, door, path = url.split("/", 3)
        form = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "MessageSid": sid, "MessageStatus": status,
            "SmsSid": sid, "SmsStatus": status, "To": to,
        }  # fmt: skip
        body = "&".join([f"{key}={value}" for key, value in form.items()]).replace("+", "%2B")
        connection.ask(
            (
                f"POST /{path} HTTP/1.1\r\nHost: {door}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
                f"X-Twilio-Signature: {sign(url, form)}\r\n"
                "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            receipt,
        )

    def _answered(self, connection: Asking[Receipt], status: int) -> None:
        receipt = connection.subject
        if receipt is None:
            return
        self.tally.last = monotonic()
        if status // 100 == 2:
            self.tally.receipts += 1
        else:
            self.tally.receipts_refused += 1
        if receipt.status == "sent":
            self._waiting.append(Receipt(receipt.url, receipt.sid, receipt.to, "delivered"))
        self._next(connection)

    def _next(self, connection: Asking[Receipt]) -> None:
        if connection.lost:
            self._open -= 1
        elif self._waiting:
            self._post(connection, self._waiting.popleft())
        else:
            self._idle.append(connection)


class Carrier:
    """The carrier's HTTP face."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._authorization = f"authorization: {basic()}".lower().encode()
        self._receipts = Receipts(fresh())
        self._serial = 0

    @property
    def tally(self) -> Tally:
        return self._receipts.tally

    def obey(self, verb: str) -> Tally | tuple[int, int, int] | None:
        """`reset` starts afresh, `progress` counts replies, receipts and refused ones, `report` tells all."""
        tally = self.tally
        if verb == "progress":
            return tally.replies, tally.receipts, tally.receipts_refused
        if verb == "report":
            return tally
        self._receipts.forget()
        return None

    def answer(self, head: bytes, body: bytes) -> bytes:
        """One request: a send is recorded and accepted, a look answered harmlessly, the rest refused."""
        if self._authorization not in head.lower():
            self.tally.refused += 1
            return response("401 Unauthorized", '{"code":20003,"message":"Authenticate","status":401}')
        if head.startswith(f"POST {MESSAGES} ".encode()):
            return self._accept(body)
        self.tally.looks += 1
        return response("200 OK", look(head.split(b" ", 2)[1].decode()))

    def _accept(self, body: bytes) -> bytes:
        at = body.find(TO)
        if at < 0:
            self.tally.refused += 1
            return response("400 Bad Request", '{"code":21211,"message":"Invalid To","status":400}')
        digits = body[at + len(TO) : at + len(TO) + 6].decode()
        index = int(digits)
        tally = self.tally
        if tally.sends[index]:
            tally.doubles += 1
        else:
            tally.times[index] = tally.last = monotonic()
            tally.replies += 1
        tally.sends[index] = min(255, tally.sends[index] + 1)
        self._serial += 1
        sid, to = f"SM{self._serial:032x}", PREFIX + digits
        if self._manners.receipts and (url := field(body, b"StatusCallback=")):
            self._receipts.push(Receipt(unquote_plus(url.decode()), sid, to, "sent"))
        return response("201 Created", accepted(sid, to, echoed(field(body, b"Body="))))


def fresh() -> Tally:
    """An empty tally."""
    return Tally(array("d", bytes(8 * TEXTERS)), bytearray(TEXTERS))


def field(body: bytes, name: bytes) -> bytes:
    """One field of a form as it came; empty where it is missing."""
    for pair in body.split(b"&"):
        if pair.startswith(name):
            return pair[len(name) :]
    return b""


@lru_cache(maxsize=64)
def echoed(field: bytes) -> str:
    """A form's value as JSON; the reply is the same for everybody, so this is done once."""
    return json.dumps(unquote_plus(field.decode()))


def accepted(sid: str, to: str, text: str) -> str:
    """Twilio's 201 body; `text` is JSON already."""
    return (
        f'{{"sid":"{sid}","account_sid":"{ACCOUNT}","api_version":"2010-04-01","status":"queued",'
        f'"direction":"outbound-api","from":null,"to":"{to}","body":{text},"num_segments":"1","num_media":"0",'
        '"messaging_service_sid":null,"price":null,"price_unit":null,"error_code":null,"error_message":null,'
        '"date_created":"Thu, 24 Aug 2023 05:01:45 +0000","date_updated":"Thu, 24 Aug 2023 05:01:45 +0000",'
        f'"date_sent":null,"uri":"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json","subresource_uris":{{}}}}'
    )


def look(path: str) -> str:
    """What a look at an account, a balance, a list or one message is answered."""
    if "/Balance.json" in path:
        return json.dumps({"account_sid": ACCOUNT, "balance": "100000.00", "currency": "EUR"})
    if path.startswith(MESSAGES):
        return json.dumps({"messages": [], "next_page_uri": None, "page": 0, "page_size": 50})
    if "/Messages/" in path:
        sid = path.rpartition("/")[2].partition(".")[0]
        return json.dumps({"sid": sid, "status": "delivered", "price": "-0.07000", "price_unit": "EUR"})
    return json.dumps({"sid": ACCOUNT, "status": "active", "type": "Full"})


def response(status: str, body: str) -> bytes:
    """A JSON response with its head."""
    content = body.encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json;charset=utf-8\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode() + content


def serve(pipe: Connection, manners: Manners) -> None:
    """Process entry: sends its port, then obeys `reset`, `progress` and `report` until the pipe closes."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(pipe, manners))


async def _serve(pipe: Connection, manners: Manners) -> None:
    carrier = Carrier(manners)
    server = await asyncio.get_running_loop().create_server(
        lambda: Answering(carrier.answer, manners.latency), "127.0.0.1", 0
    )
    pipe.send(server.sockets[0].getsockname()[1])
    while True:
        # In a thread: uvloop would make the pipe non-blocking.
        try:
            verb = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        pipe.send(carrier.obey(verb))

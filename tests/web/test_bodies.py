"""Bad bodies and bad sockets: the right answer within seconds, nothing stored, nothing lost for others."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlencode, urlsplit

import pytest

from router.web import body, connection
from tests.web.house import FRONT, TEXTER, House, signed

INBOUND = "/hooks/twilio/inbound"
FORM = {"MessageSid": "SM" + "1" * 32, "From": TEXTER, "To": FRONT, "Body": "Salut"}
LARGE = {**FORM, "Body": "a" * 140_000}
BOUND = 2.0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes a quarter of one."""
    monkeypatch.setattr(body, "PATIENCE", 0.25)
    monkeypatch.setattr(connection, "PATIENCE", 0.25)


@asynccontextmanager
async def dialled(house: House) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    where = urlsplit(house.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def until_closed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drip: bytes = b""
) -> bytes:
    """Drip a byte at a time until the other side hangs up, at most `BOUND` seconds; answer what it said."""
    said = bytearray()

    async def listen() -> None:
        # Who drips into a closed socket is told so by a reset.
        with suppress(ConnectionError):
            while heard := await reader.read(1_000):
                said.extend(heard)

    listening = asyncio.create_task(listen())
    until = time.monotonic() + BOUND
    while not listening.done() and time.monotonic() < until:
        if drip:
            writer.write(drip[:1])
            drip = drip[1:]
        await asyncio.wait([listening], timeout=0.02)
    hung_up = listening.done()
    listening.cancel()
    assert hung_up, "the socket is still open"
    return bytes(said)


def head(*more: str) -> bytes:
    proof = signed(INBOUND, FORM)["X-Twilio-Signature"]
    lines = (f"POST {INBOUND} HTTP/1.1", "Host: x", f"X-Twilio-Signature: {proof}", *more, "", "")
    return "\r\n".join(lines).encode()


async def _oversize_is_refused(house: House) -> None:
    assert await house.knock(INBOUND, LARGE) == 413
    assert await house.letters() == []


async def _oversize_in_chunks_is_refused(house: House) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        encoded = urlencode(LARGE).encode()
        for start in range(0, len(encoded), 9_000):
            yield encoded[start : start + 9_000]

    async with house.session.post(
        house.url + INBOUND, data=chunks(), headers=signed(INBOUND, LARGE)
    ) as answer:
        assert answer.status == 413
    assert await house.letters() == []


async def _compressed_is_refused(house: House) -> None:
    bomb = gzip.compress(b"a" * 5_000_000)
    headers = {"Content-Encoding": "gzip", **signed(INBOUND, FORM)}
    async with house.session.post(house.url + INBOUND, data=bomb, headers=headers) as answer:
        assert answer.status == 415
    assert await house.letters() == []


async def _dripping_body_is_cut_short(house: House) -> None:
    async with dialled(house) as (reader, writer):
        writer.write(head("Content-Length: 5000"))
        assert b" 408 " in (await until_closed(reader, writer, b"a" * 5_000)).splitlines()[0]


async def _dripping_head_is_cut_short(house: House) -> None:
    async with dialled(house) as (reader, writer):
        assert await until_closed(reader, writer, head("X-Long: " + "a" * 4_000)) == b""


async def test_an_oversize_text_is_refused_by_its_length(house: House) -> None:
    await _oversize_is_refused(house)
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="oversize") == 1


async def test_an_oversize_text_is_refused_as_it_grows(house: House) -> None:
    await _oversize_in_chunks_is_refused(house)
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="oversize") == 1


@pytest.mark.parametrize("claim", [_oversize_is_refused, _oversize_in_chunks_is_refused])
async def test_without_the_limit_an_oversize_text_is_taken(
    house: House, monkeypatch: pytest.MonkeyPatch, claim: object
) -> None:
    monkeypatch.setattr(body, "LARGEST", 1 << 30)
    with pytest.raises(AssertionError):
        await claim(house)  # type: ignore[operator]


async def test_a_compressed_body_is_refused_unread(house: House) -> None:
    await _compressed_is_refused(house)
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="encoded") == 1


async def test_without_the_check_a_compressed_body_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "PLAIN", frozenset({"gzip"}))
    with pytest.raises(AssertionError):
        await _compressed_is_refused(house)


@pytest.mark.usefixtures("impatient")
async def test_a_dripping_body_is_cut_short(house: House) -> None:
    await _dripping_body_is_cut_short(house)
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="slow") == 1
    assert await house.letters() == []


@pytest.mark.usefixtures("impatient")
async def test_a_promised_body_that_never_comes_is_cut_short(house: House) -> None:
    async with dialled(house) as (reader, writer):
        writer.write(head("Content-Length: 10"))
        assert b" 408 " in (await until_closed(reader, writer)).splitlines()[0]


@pytest.mark.usefixtures("impatient")
async def test_a_dripping_head_is_cut_short(house: House) -> None:
    await _dripping_head_is_cut_short(house)


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_drips_after_a_good_request_is_cut_short(house: House) -> None:
    async with dialled(house) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in await reader.readline()
        assert b'{"status": "ok"}' in await until_closed(reader, writer, head("X-Long: " + "a" * 4_000))


@pytest.mark.usefixtures("impatient")
async def test_a_silent_socket_is_hung_up(house: House) -> None:
    async with dialled(house) as (reader, writer):
        assert await until_closed(reader, writer) == b""


@pytest.mark.parametrize("claim", [_dripping_body_is_cut_short, _dripping_head_is_cut_short])
async def test_with_endless_patience_dripping_sockets_stay(
    house: House, monkeypatch: pytest.MonkeyPatch, claim: object
) -> None:
    monkeypatch.setattr(body, "PATIENCE", 60.0)
    monkeypatch.setattr(connection, "PATIENCE", 60.0)
    with pytest.raises(AssertionError):
        await claim(house)  # type: ignore[operator]


@pytest.mark.usefixtures("impatient")
async def test_good_texts_get_through_a_crowd_of_bad_sockets(house: House) -> None:
    where = urlsplit(house.url)
    crowd = [await asyncio.open_connection(where.hostname, where.port) for _ in range(200)]
    for place, (_, writer) in enumerate(crowd):
        writer.write(head("Content-Length: 5000")[: None if place % 2 else 40])
    assert await house.text("Salut") == 200
    for reader, writer in crowd:
        await until_closed(reader, writer)
        writer.close()
    assert len(await house.letters()) == 1


async def test_a_kept_connection_outlives_the_patience_for_heads(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.1)
    async with dialled(house) as (reader, writer):
        for _ in range(2):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n"), BOUND)
            await asyncio.wait_for(reader.readuntil(b"}"), BOUND)
            await asyncio.sleep(0.2)


async def test_a_torn_body_stores_nothing(house: House) -> None:
    async with dialled(house) as (_, writer):
        writer.write(head("Content-Length: 5000") + b"MessageSid=SM" + b"1" * 32)
        await writer.drain()
    assert await house.text("Salut", sid="SM" + "2" * 32) == 200
    assert len(await house.letters()) == 1


async def test_junk_instead_of_http_is_not_repeated_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with dialled(house) as (reader, writer):
        writer.write(b"PO\x01ST /Salut-c-est-Kevin +33639980001 HTTP/9.9\r\n\r\n")
        assert b" 400 " in (await until_closed(reader, writer)).splitlines()[0]
    said = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "Kevin" not in said
    assert "3363998" not in said

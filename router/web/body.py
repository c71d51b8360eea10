"""A body as bytes: bounded in size and time, never decompressed, never parsed."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web

LARGEST = 131_072
"""Bytes: ten thousand emoji, percent-encoded, and what else a carrier says."""

PLAIN = frozenset({"", "identity"})
"""Content codings that are none: a few compressed bytes may be gigabytes."""

PATIENCE = 5.0
"""Seconds for a whole body, and as many for a whole head: together a dripping socket lasts 10 s."""


class Unread(Exception):
    """A body that is not taken: the status to answer, and the reason as metrics know it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def read(request: web.BaseRequest) -> bytes:
    """The whole body.

    Raises:
        Unread: Too large, too slow, compressed, or torn off.
    """
    if request.headers.get("Content-Encoding", "").lower() not in PLAIN:
        raise Unread(415, "encoded")
    content = request.content
    if not content.is_eof():
        if (request.content_length or 0) > LARGEST:
            raise Unread(413, "oversize")
        return await _gather(content)
    body = content.read_nowait()
    if len(body) > LARGEST:
        raise Unread(413, "oversize")
    return body


async def _gather(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in content.iter_any():
                body += chunk
                if len(body) > LARGEST:
                    raise Unread(413, "oversize")
    except TimeoutError:
        raise Unread(408, "slow") from None
    except (web.RequestPayloadError, ConnectionError):
        raise Unread(400, "torn") from None
    return bytes(body)

"""The one place where a socket to a provider is opened: deadlines, and what a network fault means."""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache
from types import SimpleNamespace

import aiohttp
import yarl

from providers import InDoubt, Request, Response, Unreachable

_LARGEST_ANSWER = 1 << 20


def boottime() -> float:
    """Seconds that also pass while the machine sleeps: what leases are measured with."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class _TooLate(Exception):
    """The lease guard: the process was held up, and the text may be somebody else's by now."""


class _Call:
    """What the trace hooks know of one request."""

    __slots__ = ("left", "not_after")

    def __init__(self, not_after: float | None) -> None:
        self.not_after = not_after
        self.left = False


async def _before_the_first_byte(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    """The client's last await before bytes are written, whatever its name says (checked by a test)."""
    call: _Call = context.trace_request_ctx
    if call.not_after is not None and boottime() >= call.not_after:
        raise _TooLate
    call.left = True


class AioWire:
    """Carries requests with one aiohttp session. It never re-sends, never follows a redirect.

    Args:
        deadline: Seconds for a whole call, connect to last byte.
        connections: Most connections to one host.
    """

    def __init__(self, *, deadline: float = 10.0, connections: int = 512) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_before_the_first_byte)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=connections, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=deadline, sock_connect=min(deadline, 5.0)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "paravent"},
            max_line_size=16_384,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def __call__(
        self, request: Request, *, not_after: float | None = None
    ) -> Response | Unreachable | InDoubt:
        """Send once. See `providers.Wire`."""
        call = _Call(not_after)
        try:
            async with self._session.request(
                request.method,
                _address(request.url),
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                trace_request_ctx=call,
            ) as answer:
                body = await _whole(answer.content)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, headers, body)
        except _TooLate:
            return Unreachable("lease-over")
        except TimeoutError:
            code = "timeout"
        except aiohttp.ClientConnectorCertificateError:
            code = "certificate"
        except aiohttp.ClientConnectorSSLError:
            code = "tls"
        except aiohttp.ClientConnectorDNSError:
            code = "dns"
        except aiohttp.ClientConnectorError:
            code = "connect"
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError, ValueError):
            code = "reset" if call.left else "request"
        # Bytes of a request without a text may leave as often as they like.
        return InDoubt(code) if call.left and request.carries_text else Unreachable(code)


@lru_cache(maxsize=64)
def _address(url: str) -> yarl.URL:
    """Nearly every request goes to the same few."""
    return yarl.URL(url, encoded=True)


async def _whole(content: aiohttp.StreamReader) -> bytes:
    body = b""
    while not content.at_eof():
        body += await content.readany()
        if len(body) > _LARGEST_ANSWER:
            raise ValueError("the answer is too large")
    return body

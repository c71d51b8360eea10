"""A request without a socket. A provider yields requests and is handed responses; it never does I/O.

An exchange is a generator: it yields a `Request`, is sent the `Response`, and returns its result::

    def balance(self, now):
        answer = yield Request("GET", f"{self.base}/Balance.json", self.headers)
        return Balance(amount=float(answer.json()["balance"]), unit="EUR")

Network faults never reach the generator: whoever drives it closes it and answers with
`Unreachable`, or with `InDoubt` if a request that `carries_text` may have left.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import unquote_plus, unquote_to_bytes

from providers.contract.failure import InDoubt, Unreachable

T = TypeVar("T")

_MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. Sent exactly as given: URL already encoded, body already bytes.

    Args:
        method: Upper case. A request that carries a text must be POST: clients re-send others.
        url: Absolute, percent-encoded.
        headers: As they go out.
        body: Bytes, empty for none.
        carries_text: Once it may have left, the text may have been sent.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    carries_text: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status says success: 200 to 299."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> Any:
        """The body as JSON, None where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def fields(self) -> dict[str, Any]:
        """The body as a JSON object, empty where it is anything else."""
        found = self.json()
        return found if isinstance(found, dict) else {}


Exchange: TypeAlias = Generator[Request, Response, T]


class Wire(Protocol):
    """Carries one request over the network."""

    async def __call__(
        self, request: Request, *, not_after: float | None = None
    ) -> Response | Unreachable | InDoubt:
        """Send it within the deadline; a fault before bytes left is `Unreachable`, after `InDoubt`.

        `not_after`: CLOCK_BOOTTIME seconds past which no byte may leave any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as received.

    Args:
        method: GET or POST.
        url: The configured public base URL plus path and query exactly as they came in, still encoded.
        headers: Lower-case names.
        body: The exact bytes.
        received_at: Our time, aware UTC.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    received_at: datetime = field(kw_only=True)

    def query(self) -> list[tuple[str, str]]:
        """Decoded query pairs, in order, blanks kept. Bytes that are not UTF-8 survive as surrogates."""
        return _pairs(self.url.partition("#")[0].partition("?")[2])

    def form(self) -> list[tuple[str, str]]:
        """Decoded body pairs of a form, in order, blanks kept. `Malformed` if there are over 500."""
        return _pairs(self.body.decode(errors="surrogateescape"))


def _pairs(encoded: str) -> list[tuple[str, str]]:
    items = encoded.split("&")
    if len(items) > _MOST_FIELDS:
        raise Malformed("form")
    # As urllib.parse.parse_qsl does, but most names and values hold nothing to decode.
    pairs = []
    for item in items:
        name, _, value = item.partition("=")
        if "%" in item or "+" in item:
            name, value = _plain(name), _plain(value)
        if item:
            pairs.append((name, value))
    return pairs


def _plain(quoted: str) -> str:
    if "%" not in quoted and "+" not in quoted:
        return quoted
    if quoted.isascii():
        return unquote_to_bytes(quoted.replace("+", " ")).decode(errors="surrogateescape")
    return unquote_plus(quoted, errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook is answered once its texts are stored."""

    status: int = 200
    content_type: str = "text/plain"
    body: bytes = b""


class WebhookError(Exception):
    """A webhook that is not taken. `reason` is a short word for metrics, never what was sent.

    `status` is what the door answers. Another than the usual one is for a carrier that documents
    what it makes of it, such as sending the webhook again, signed this time.
    """

    status = 400

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status or self.status


class Forged(WebhookError):
    """Its signature does not prove that the provider sent it: 403, nothing stored."""

    status = 403


class Malformed(WebhookError):
    """It cannot be read: 400, nothing stored."""

"""Holds requests and answers against an OpenAPI file that stands beside the checkout, in ../shared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from yarl import URL

from providers import Exchange, Request, Response

T = TypeVar("T")
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "specs"


def read(name: str) -> dict[str, Any]:
    """The OpenAPI file of that name."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
    return found


class Specification:
    """One OpenAPI file, served at `base_url`. Each check raises what openapi-core finds wrong.

    `mend` puts right what keeps a file from being used at all, and is argued where it is given.
    """

    def __init__(self, name: str, base_url: str, mend: Callable[[Any], Any] = lambda file: file) -> None:
        self._base_url = base_url
        served = mend(read(name)) | {"servers": [{"url": base_url}]}
        for path in served["paths"].values():
            path.pop("servers", None)
        # Twilio writes days where its own file says date-time, its own examples too
        config = Config(extra_format_validators={"date-time": lambda _: True})
        self._spec = OpenAPI.from_dict(served, config=config)
        self.checked = 0

    def check(self, request: Request, response: Response) -> None:
        """Check a call and its answer: operation, parameters, security, body; status, headers, body."""
        asked = self._asked(request)
        self._spec.validate_request(asked)
        content_type = response.headers.get("content-type", "").split(";")[0]
        said = MockResponse(response.body, response.status, dict(response.headers), content_type)
        self._spec.validate_response(asked, said)
        self.checked += 1

    def _asked(self, request: Request) -> MockRequest:
        url = urlsplit(request.url)
        headers = dict(request.headers)
        return MockRequest(
            f"{url.scheme}://{url.netloc}",
            request.method.lower(),
            url.path,
            args=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers=headers,
            data=request.body or None,
            content_type=headers.get("Content-Type", ""),
        )


async def ask(session: aiohttp.ClientSession, request: Request) -> Response:
    """Send a request exactly as it is given."""
    async with session.request(
        request.method, URL(request.url, encoded=True), data=request.body or None, headers=request.headers
    ) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, await answer.read())


async def drive(exchange: Exchange[T], session: aiohttp.ClientSession, specification: Specification) -> T:
    """Carry an exchange over real HTTP, each call and answer checked, and return its result."""
    try:
        request = next(exchange)
        while True:
            response = await ask(session, request)
            specification.check(request, response)
            request = exchange.send(response)
    except StopIteration as done:
        result: T = done.value
        return result

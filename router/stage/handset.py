"""A handset of the simulated network, through the control API of a running demo."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from router.stage.signpost import NoDemoError

_PATIENCE = 20.0
_FICTIONAL = "+3363998"


class NotTexted(ValueError):
    """The simulated network does not take the text; the message says why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A text that was handed to its carrier.

    Args:
        carrier: Who owns the published number.
        provider_id: The carrier's id of the text.
        webhook_status: What the router's door answered, None for nothing.
    """

    carrier: str
    provider_id: str
    webhook_status: int | None


@dataclass(frozen=True, slots=True)
class Got:
    """A text that reached the handset."""

    carrier: str
    text: str = field(repr=False)
    sender: str = field(repr=False)
    notice: bool


def fictional_numbers(count: int) -> list[str]:
    """French mobile numbers that nobody has: 06 39 98 is kept for fiction. There are ten thousand."""
    return [f"{_FICTIONAL}{secrets.randbelow(10_000):04}" for _ in range(count)]


class Handset:
    """One number.

    Args:
        control_url: Of the simulation's control API.
        number: Its own, E.164.
    """

    def __init__(self, control_url: str, number: str) -> None:
        self._control_url = control_url
        self._number = number
        # Proxies are for other machines.
        self._opener = build_opener(ProxyHandler({}))

    async def text(self, to: str, words: str) -> Sent:
        """Text a published number.

        Raises:
            NotTexted: Nobody has this number.
            NoDemoError: The simulation does not answer.
        """
        asked = {"to": to, "from": self._number, "text": words}
        return Sent(**await self._ask("/texts", asked))

    async def got(self) -> Sequence[Got]:
        """What reached it, oldest first. Raises `NoDemoError` as `text` does."""
        found = await self._ask(f"/handsets/{quote(self._number)}")
        return [
            Got(each["carrier"], each["text"], each["with"], each["notice"])
            for each in found["conversation"]
            if each["direction"] == "received"
        ]

    async def _ask(self, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(self._ask_now, path, body)

    def _ask_now(self, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._control_url + path, data, {"Content-Type": "application/json"})  # noqa: S310 -- always http://127.0.0.1
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                said = json.load(error).get("error", "it is refused")
            raise NotTexted(f"The simulated network does not take this: {said}.") from None
        except OSError as error:
            raise NoDemoError(
                "The demo does not answer; it may have been killed. Start `paravent demo`, and leave it open."
            ) from error

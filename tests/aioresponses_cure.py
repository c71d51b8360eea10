"""Makes aioresponses work with aiohttp >= 3.14, whose responses ask for a `stream_writer`.

Upstream: https://github.com/pnuckowski/aioresponses/issues/289.
`test_aioresponses_cure.py` says when this can go.
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import aiohttp
import aioresponses.core


class CuredResponse(aiohttp.ClientResponse):
    """A response that needs no writer, since nothing was written."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **({"stream_writer": SimpleNamespace(output_size=0)} | named))


def cure() -> None:
    """Let aioresponses build its responses from the cured class, where aiohttp asks for it."""
    if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
        aioresponses.core.ClientResponse = CuredResponse  # type: ignore[attr-defined] # it imports the name

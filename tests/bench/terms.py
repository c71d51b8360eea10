"""What every process of the bench is told alike: account, secrets, numbers, paths, reply, place."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ACCOUNT: Final = "AC" + "0b" * 16
TOKEN: Final = "b3" * 16
OUR_NUMBER: Final = "+33199000001"
REPLY: Final = "Bonjour. Cette personne ne souhaite pas continuer cette conversation. Un non est un non."

INBOUND: Final = "/hooks/twilio/inbound"
RECEIPT: Final = "/hooks/twilio/receipt"
MESSAGES: Final = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

# 06 39 belongs to Mayotte, which is dialled +262: under +33 no line has these numbers, and the block of
# fictional ones (06 39 98) lies among them. A million distinct texters, and nobody's telephone.
TEXTERS: Final = 1_000_000
PREFIX: Final = "+33639"


def texter(index: int) -> str:
    """The fictional number of texter `index` (0 to 999,999), E.164."""
    return f"{PREFIX}{index:06d}"


def basic() -> str:
    """The Authorization header's value that the carrier accepts."""
    return "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


def sign(url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature of a form without repeated keys."""
    signed = url + "".join(key + form[key] for key in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it is installed, for every process of the bench alike."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


@dataclass(frozen=True)
class Place:
    """Where one system runs for one round.

    Attributes:
        folder: Its own empty folder, for settings and logs.
        database: DSN of its own fresh, durable database; None for the HTTP-only variant.
        carrier: Base URL of the fake carrier.
        port: Port on 127.0.0.1 to take webhooks on; also the public URL's.
        processes: How many processes share that port.
    """

    folder: Path
    database: str | None
    carrier: str
    port: int
    processes: int

    @property
    def public(self) -> str:
        """The URL that webhooks are signed for, without a path."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class System:
    """One competitor.

    Attributes:
        name: Its name in the table.
        command: Writes what it needs into the place's folder and gives the arguments and the additions to
            the environment that start it; SIGTERM must stop it and all its processes.
    """

    name: str
    command: Callable[[Place], tuple[list[str], dict[str, str]]]

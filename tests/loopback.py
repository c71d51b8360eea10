"""Nothing leaves 127.0.0.1: a test that connects, sends or asks a name server elsewhere fails."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator

import pytest

_attempts: list[str] = []


class LeftLoopbackError(OSError):
    """A test reached for the network."""


def is_here(host: object, *, literal_is_enough: bool = False) -> bool:
    """Whether a host is this machine; looking up an address that is a number asks nobody."""
    if not isinstance(host, str | bytes) or host in {"", b"", "localhost", b"localhost"}:
        return True
    text = host.decode() if isinstance(host, bytes) else host
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return literal_is_enough or inner.is_loopback or inner.is_unspecified


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    match event, arguments:
        case (("socket.connect" | "socket.sendto" | "socket.sendmsg"), (_, tuple() as address)):
            here = not address or is_here(address[0])
        case (("socket.getaddrinfo" | "socket.gethostbyname" | "socket.gethostbyaddr"), (host, *_)):
            here = is_here(host, literal_is_enough=True)
        case _:
            return
    if not here:
        _attempts.append(event)
        raise LeftLoopbackError(f"{event} to another machine: {arguments[1:] or arguments}")


# An audit hook sees every socket of Python's, whoever opens it (uvloop's own it does not see).
sys.addaudithook(_watch)


def taken() -> list[str]:
    """The attempts since the last call."""
    attempts, _attempts[:] = _attempts[:], []
    return attempts


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    yield
    # The code under test may well have swallowed the error.
    attempts = taken()
    assert not attempts, f"the test reached for the network: {attempts}"

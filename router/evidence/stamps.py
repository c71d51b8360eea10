"""Timestamps of an authority over a root (RFC 3161): what is asked, and whether the answer is one to it.

The signature in an answer is not verified here: whoever doubts it does so with ``openssl ts -verify``.
"""

from __future__ import annotations

import os

from providers import Request, Response, Wire
from router.rules.evidence import Root

_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_TRUE = b"\x01\x01\xff"
_GRANTED = (0, 1)


class StampError(Exception):
    """There is no timestamp; the message says why."""


async def stamp(wire: Wire, url: str, root: Root) -> bytes:
    """Ask for a timestamp over a root.

    Raises:
        StampError: The authority gave none.
    """
    nonce = os.urandom(8)
    headers = {"Content-Type": "application/timestamp-query"}
    answer = await wire(Request("POST", url, headers, query(root.root, nonce)))
    if not isinstance(answer, Response):
        raise StampError(answer.code)
    if not answer.ok:
        raise StampError(f"status {answer.status}")
    check(answer.body, root.root, nonce)
    return answer.body


def query(digest: bytes, nonce: bytes) -> bytes:
    """A TimeStampReq in DER: version 1, this SHA-256 digest, a nonce, certificates wanted."""
    imprint = _wrapped(0x30, _SHA256 + _wrapped(0x04, digest))
    return _wrapped(0x30, b"\x02\x01\x01" + imprint + _number(nonce) + _TRUE)


def check(answer: bytes, digest: bytes, nonce: bytes) -> None:
    """Whether a TimeStampResp says granted, and speaks of what was asked.

    Raises:
        StampError: It does not.
    """
    try:
        _, body, rest = _read(answer)
        _, status, token = _read(body)
        kind, number, _ = _read(status)
    except IndexError:
        raise StampError("what it answered is no timestamp") from None
    if kind != 0x02 or rest or int.from_bytes(number, "big") not in _GRANTED or not token:  # noqa: PLR2004 -- INTEGER
        raise StampError("the authority refused")
    if _wrapped(0x04, digest) not in token or _number(nonce) not in token:
        raise StampError("the timestamp is for something else")


def _number(raw: bytes) -> bytes:
    """A positive INTEGER."""
    clean = raw.lstrip(b"\0") or b"\0"
    return _wrapped(0x02, b"\0" * (clean[0] >> 7) + clean)


def _wrapped(tag: int, inside: bytes) -> bytes:
    """One DER element."""
    size = len(inside)
    if size < 0x80:  # noqa: PLR2004 -- the short form of a length
        return bytes([tag, size]) + inside
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(long)]) + long + inside


def _read(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag and inside of the first element, and what follows it. Raises `IndexError` where it is cut off."""
    tag, size, start = der[0], der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start], "big")
    if len(der) < start + size:
        raise IndexError(start)
    return tag, der[start : start + size], der[start + size :]

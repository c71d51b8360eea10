"""The offline key: whoever has its public half seals, and only the private half, kept elsewhere, opens."""

from __future__ import annotations

import base64
import os
import time
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = 0
"""First byte of what is sealed so; the vault's own keys count from 1."""

LIFE = 600.0
"""Seconds that a key of one's own seals before it is forgotten: a machine that is taken over while it runs
gives away no more than that."""

_KEY, _NONCE, _WRAPPED = 32, 12, 48
_INFO = b"paravent offline key"


class OfflineKeyError(Exception):
    """This is no such key, or not the one that opens this."""


class PublicKey:
    """Seals. A key of a few minutes does the work and travels along, wrapped: the private one unwraps it.

    Args:
        written: As `make` writes it.

    Raises:
        OfflineKeyError: It is none.
    """

    def __init__(self, written: str) -> None:
        self._public = X25519PublicKey.from_public_bytes(_read(written, "pvpub_"))
        self._made = -LIFE
        self._cipher: AESGCM
        self._head: bytes

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Encrypt, bound to `about`."""
        if time.monotonic() - self._made >= LIFE:
            self._renew()
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, about)

    def _renew(self) -> None:
        key = AESGCM.generate_key(256)
        passing = X25519PrivateKey.generate()
        shown = passing.public_key().public_bytes_raw()
        wrap = _wrapping(passing.exchange(self._public), shown, self._public.public_bytes_raw())
        self._head = bytes([MARK]) + shown + wrap.encrypt(bytes(_NONCE), key, shown)
        self._cipher = AESGCM(key)
        self._made = time.monotonic()


class PrivateKey:
    """Opens what was sealed to it; or to any of several, where a new pair took an old one's place.

    Args:
        written: As `make` writes it; of several a line each.

    Raises:
        OfflineKeyError: There is none in it.
    """

    def __init__(self, written: str) -> None:
        keys = written.split() or [""]
        self._privates = [X25519PrivateKey.from_private_bytes(_read(key, "pvkey_")) for key in keys]
        self._unwrapped: dict[bytes, AESGCM] = {}

    @property
    def publics(self) -> list[str]:
        """The public half of each, as the settings take it."""
        return [_write("pvpub_", private.public_key().public_bytes_raw()) for private in self._privates]

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Decrypt.

        Raises:
            OfflineKeyError: Changed, moved, or sealed to another key.
        """
        head, rest = sealed[: 1 + _KEY + _WRAPPED], sealed[1 + _KEY + _WRAPPED :]
        try:
            if head not in self._unwrapped:
                self._unwrapped[head] = self._unwrap(head[1 : 1 + _KEY], head[1 + _KEY :])
            return self._unwrapped[head].decrypt(rest[:_NONCE], rest[_NONCE:], about)
        except (InvalidTag, ValueError) as error:
            raise OfflineKeyError("this was changed, or sealed to another key") from error

    def _unwrap(self, shown: bytes, wrapped: bytes) -> AESGCM:
        for private in self._privates:
            secret = private.exchange(X25519PublicKey.from_public_bytes(shown))
            wrap = _wrapping(secret, shown, private.public_key().public_bytes_raw())
            with suppress(InvalidTag):
                return AESGCM(wrap.decrypt(bytes(_NONCE), wrapped, shown))
        raise InvalidTag


def make() -> tuple[str, str]:
    """A new pair: the private key, and the public one."""
    private = _write("pvkey_", X25519PrivateKey.generate().private_bytes_raw())
    return private, PrivateKey(private).publics[0]


def _wrapping(secret: bytes, shown: bytes, public: bytes) -> AESGCM:
    """A key that wraps once, so that its nonce may be zero."""
    return AESGCM(HKDF(SHA256(), _KEY, salt=None, info=_INFO + shown + public).derive(secret))


def _write(prefix: str, raw: bytes) -> str:
    return prefix + base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _read(written: str, prefix: str) -> bytes:
    try:
        raw = base64.b64decode(written.strip().removeprefix(prefix) + "=", altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if not written.strip().startswith(prefix) or len(raw) != _KEY:
        raise OfflineKeyError(f"it must begin with {prefix} and be written as `paravent evidence key` does")
    return raw

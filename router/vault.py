"""The keys: what is stored is sealed, who texted is a keyed pseudonym, references cannot be guessed."""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from router import offline
from router.rules.evidence import SALT, commitment

_KEY_BYTES = 32
_NONCE_BYTES = 12

COMMITMENT = 32
"""Bytes of a sealed record that may be read without opening it."""


class VaultError(Exception):
    """The keys are missing, damaged, or not the ones that sealed this."""


class Vault:
    """Seals bytes with AES-256-GCM under the newest key; opens what any known key sealed.

    The first key also makes pseudonyms and references, so it is never taken out of the file.

    Args:
        keys: 32 bytes each, oldest first; a key's number is its place, from 1.
        offline_key: What is put away is sealed to it, and no key of this vault opens that.
    """

    def __init__(self, keys: list[bytes], offline_key: offline.PublicKey | None = None) -> None:
        if not keys or len(keys) > 255 or any(len(key) != _KEY_BYTES for key in keys):  # noqa: PLR2004 - one byte
            raise VaultError("a vault holds 1 to 255 keys of 32 bytes each")
        self._ciphers = [AESGCM(key) for key in keys]
        self._pseudonyms = _keyed(hmac.digest(keys[0], b"pseudonym", "sha256"))
        self._references = _keyed(hmac.digest(keys[0], b"reference", "sha256"))
        self._offline_key = offline_key

    def __repr__(self) -> str:
        return f"Vault(keys={len(self._ciphers)})"

    @classmethod
    def in_folder(cls, folder: Path, offline_key: offline.PublicKey | None = None) -> Vault:
        """Open the key file of a data folder, and make it at the first start (mode 0600).

        Raises:
            VaultError: The file is there but holds no keys.
        """
        path = folder / "keys"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_keys(path)
        try:
            keys = [bytes.fromhex(line) for line in path.read_text("ascii").split()]
        except ValueError:
            keys = []
        if not keys:
            raise VaultError(f"{path} holds no keys: put its backup back, nothing stored opens without it")
        return cls(keys, offline_key)

    @property
    def fingerprint(self) -> str:
        """Names the keys without giving them away: processes of one fleet must agree on it."""
        return _digest(self._pseudonyms, b"fingerprint").hex()[:16]

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Encrypt. `about` binds it to its row: moved to another row it no longer opens."""
        nonce = os.urandom(_NONCE_BYTES)
        number = len(self._ciphers)
        return bytes([number]) + nonce + self._ciphers[number - 1].encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Decrypt.

        Raises:
            VaultError: Changed, moved, or sealed with a key that is not in the file.
        """
        try:
            cipher = self._ciphers[sealed[0] - 1]
            return cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], about)
        except (InvalidTag, IndexError, ValueError) as error:
            raise VaultError("this was changed, or sealed with a key that is not here") from error

    def put_away(self, plain: bytes, about: bytes) -> bytes:
        """Seal what is only proof: to the offline key, or as `seal` does where there is none."""
        return self.seal(plain, about) if self._offline_key is None else self._offline_key.seal(plain, about)

    def take_out(self, sealed: bytes, about: bytes, key: offline.PrivateKey | None = None) -> bytes:
        """Open what was put away.

        Raises:
            VaultError: As `open` does, also where it takes the private key and that is not here.
        """
        if sealed[:1] != bytes([offline.MARK]):
            return self.open(sealed, about)
        if key is None:
            raise VaultError("this was sealed to the offline key: only its private half opens it")
        try:
            return key.open(sealed, about)
        except offline.OfflineKeyError as error:
            raise VaultError(str(error)) from error

    def put_record_away(self, record: bytes, about: bytes) -> bytes:
        """Seal a request as received. A commitment to it goes before, so that it can be proved unopened."""
        salt = os.urandom(SALT)
        return commitment(salt, record) + self.put_away(salt + record, about)

    def take_record_out(
        self, sealed: bytes, about: bytes, key: offline.PrivateKey | None = None
    ) -> tuple[bytes, bytes]:
        """Salt and record, as they were committed to. Raises `VaultError` as `take_out` does."""
        plain = self.take_out(sealed[COMMITMENT:], about, key)
        return plain[:SALT], plain[SALT:]

    def seal_letter(self, text_id: UUID, sender: str, body: str) -> bytes:
        """Seal who wrote and what, bound to the text's id. Lone surrogates survive."""
        return self.seal(f"[{quoted(sender)}, {quoted(body)}]".encode("ascii"), text_id.bytes)

    def open_letter(self, text_id: UUID, letter: bytes) -> tuple[str, str]:
        """Sender and body of a sealed letter. Raises `VaultError` as `open` does."""
        sender, body = json.loads(self.open(letter, text_id.bytes).decode("ascii"))
        return sender, body

    def read(self, letters: Iterable[tuple[UUID, bytes]]) -> tuple[str, str]:
        """Sender and body of a text from its sealed pieces, in order. Raises `VaultError` as `open` does."""
        opened = [self.open_letter(text_id, letter) for text_id, letter in letters]
        return opened[0][0], "".join(body for _, body in opened)

    def pseudonym(self, number: str) -> bytes:
        """16 bytes that stand for a phone number everywhere but in sealed rows."""
        return _digest(self._pseudonyms, number.encode("utf-8", "surrogatepass"))[:16]

    def cluster(self, wording: tuple[int, ...]) -> str:
        """The name of a wording: keyed, so that no word can be guessed from it; empty for no words."""
        if not wording:
            return ""
        return _digest(self._pseudonyms, f"wording {wording}".encode()).hex()[:12]

    def reference(self, reply: UUID, fence: int) -> str:
        """20 characters of base32 for one attempt: the same for the same attempt, also after a crash."""
        return _base32(_digest(self._references, reply.bytes + fence.to_bytes(8, "big")))


def _keyed(key: bytes) -> hmac.HMAC:
    """Taking a key in costs more than a short message: it is done once, and `_digest` copies it."""
    return hmac.new(key, digestmod="sha256")


def _digest(keyed: hmac.HMAC, message: bytes) -> bytes:
    said = keyed.copy()
    said.update(message)
    return said.digest()


def _make_keys(path: Path) -> None:
    """Whole or not at all: other processes start at the same moment, and any may be killed at any."""
    descriptor, draft = tempfile.mkstemp(prefix=".keys-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)
    finally:
        os.unlink(draft)  # noqa: PTH108 -- a name, not a path


def misfit(folder: Path, letter: tuple[UUID, bytes, bytes] | None) -> str:
    """Why the keys of a data folder are not those that sealed what is stored; empty where nothing says so.

    Other keys know nobody again: who was answered before would be answered anew. Makes no keys.

    Args:
        folder: The data folder.
        letter: Id, sealed letter and pseudonym of a text that is stored, None for none.
    """
    path = folder / "keys"
    if not path.exists():
        return "" if letter is None else "gone"
    try:
        vault = Vault.in_folder(folder)
        known = letter is None or vault.pseudonym(vault.open_letter(*letter[:2])[0]) == letter[2]
    except VaultError:
        return "did not seal what is stored" if letter else "cannot be read"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if known else "the first of them is another one"


def random_reference() -> str:
    """A reference for a job of several texts: random, committed before the job leaves."""
    return _base32(secrets.token_bytes(16))


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw[:15])[:20].decode("ascii").lower()

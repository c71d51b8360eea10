"""One line of a segment: a text or a receipt, sealed by the vault, with a checksum."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from router.postgres.inbox import Arrival
from router.postgres.receipts import Notice
from router.vault import Vault, VaultError

Item: TypeAlias = Arrival | Notice
_KINDS: dict[bytes, type[Item]] = {b"t": Arrival, b"r": Notice}
_NAMES = {kind: letter for letter, kind in _KINDS.items()}


def seal_line(item: Item, vault: Vault, segment: str) -> bytes:
    """Write an item as a line, line end included; it opens in the segment of that name alone."""
    said = {column.name: getattr(item, column.name) for column in fields(item)}
    kind = _NAMES[type(item)]
    sealed = base64.b64encode(vault.seal(json.dumps(said, default=_spell).encode(), _about(kind, segment)))
    return b"%b %08x %b\n" % (kind, zlib.crc32(kind + sealed), sealed)


def open_line(line: bytes, vault: Vault, segment: str) -> Item | None:
    """What a line holds; None where it is damaged, or sealed with a key that is not here."""
    kind, _, rest = line.partition(b" ")
    checksum, _, sealed = rest.partition(b" ")
    try:
        if kind not in _KINDS or int(checksum, 16) != zlib.crc32(kind + sealed):
            return None
        plain = vault.open(base64.b64decode(sealed, validate=True), _about(kind, segment))
        said = json.loads(plain, object_hook=_read)
        known = {column.name for column in fields(_KINDS[kind])}
        return _KINDS[kind](**{name: _value(said[name]) for name in said.keys() & known})
    except (VaultError, ValueError, TypeError, AttributeError, ArithmeticError):
        return None


def _about(kind: bytes, segment: str) -> bytes:
    return b"spool " + kind + segment.encode()


def _spell(value: Any) -> dict[str, str]:
    match value:
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"at": value.isoformat()}
        case UUID():
            return {"uuid": str(value)}
        case Decimal():
            return {"decimal": str(value)}
    raise TypeError(f"a {type(value).__name__} cannot be spooled")


def _read(found: dict[str, Any]) -> Any:
    match found:
        case {"bytes": str(value), **rest} if not rest:
            return base64.b64decode(value)
        case {"at": str(value), **rest} if not rest:
            return datetime.fromisoformat(value)
        case {"uuid": str(value), **rest} if not rest:
            return UUID(value)
        case {"decimal": str(value), **rest} if not rest:
            return Decimal(value)
    return found


def _value(found: Any) -> Any:
    return tuple(found) if isinstance(found, list) else found

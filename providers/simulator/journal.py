"""The truth: what every carrier accepted, charged, delivered and posted, in the order it happened."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

_ZERO = Decimal(0)


class Kind(StrEnum):
    """What happened."""

    ACCEPTED = "accepted"
    """The carrier took a text from the router and will carry it."""
    REFUSED = "refused"
    """The carrier turned a send down; nothing was taken."""
    CHARGED = "charged"
    """Money or credits were taken for a text, either way."""
    RETURNED = "returned"
    """What had been taken was given back."""
    DELIVERED = "delivered"
    """A text reached its handset."""
    UNDELIVERED = "undelivered"
    """A text ended without reaching its handset."""
    NOTICE = "notice"
    """The carrier itself texted a handset, e.g. to confirm a STOP."""
    INBOUND = "inbound"
    """A handset texted a published number."""
    WEBHOOK = "webhook"
    """An inbound text was posted to the router; `status` is its HTTP answer, None for no answer."""
    RECEIPT = "receipt"
    """A receipt was posted to the router; `code` is what it said, `status` the HTTP answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened.

    Args:
        number: Position in the journal, from 1.
        provider_id: The carrier's id of the text.
        reference: What the router handed over to know the text again, empty where it gave none.
        price: For all parts together, never negative, in `unit`.
        unit: An ISO 4217 code or ``credit``.
        code: The carrier's code or status word, empty where all is well.
        status: The HTTP status a webhook was answered, None where it was not answered.
    """

    number: int
    kind: Kind
    carrier: str
    at: datetime
    provider_id: str = ""
    reference: str = ""
    to: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    parts: int = 0
    price: Decimal = _ZERO
    unit: str = ""
    code: str = ""
    status: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON values: time in ISO 8601, price as a decimal string."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return plain | {"at": self.at.isoformat(), "price": str(self.price), "kind": self.kind.value}


class Journal:
    """An append-only list of entries, indexed by number and by reference.

    Judges read sends and charges from here, never from the router.

    Args:
        path: Also written here, one JSON object a line, where given.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._by_number: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_reference: defaultdict[str, list[Entry]] = defaultdict(list)
        self._spent: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._file: TextIO | None = path.open("a", buffering=1, encoding="utf-8") if path else None

    def append(self, kind: Kind, carrier: str, at: datetime, **what: Any) -> Entry:
        """Write down that something happened. `what` are further fields of `Entry`."""
        entry = Entry(number=len(self._entries) + 1, kind=kind, carrier=carrier, at=at, **what)
        self._entries.append(entry)
        for number in {entry.to, entry.sender} - {""}:
            self._by_number[number].append(entry)
        if entry.reference:
            self._by_reference[entry.reference].append(entry)
        if kind is Kind.CHARGED:
            self._spent[carrier] += entry.price
        elif kind is Kind.RETURNED:
            self._spent[carrier] -= entry.price
        if self._file:
            self._file.write(json.dumps(entry.as_json()) + "\n")
        return entry

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def since(self, number: int = 0, limit: int | None = None) -> Sequence[Entry]:
        """Entries after `number`, oldest first, at most `limit`."""
        return self._entries[number : None if limit is None else number + limit]

    def of(self, kind: Kind, carrier: str | None = None) -> list[Entry]:
        """Entries of one kind, of one carrier or of all."""
        return [e for e in self._entries if e.kind is kind and carrier in {None, e.carrier}]

    def sends(self, *, to: str | None = None, carrier: str | None = None) -> list[Entry]:
        """Texts a carrier accepted, to one number or to all: what "sent" means to a judge."""
        found = self._entries if to is None else self._by_number.get(to, [])
        return [
            e
            for e in found
            if e.kind is Kind.ACCEPTED and to in {None, e.to} and carrier in {None, e.carrier}
        ]

    def by_reference(self, reference: str) -> Sequence[Entry]:
        """Entries of the texts that carry the router's `reference`."""
        return self._by_reference.get(reference, [])

    def about(self, number: str) -> Sequence[Entry]:
        """Entries to or from a number, oldest first."""
        return self._by_number.get(number, [])

    def spent(self, carrier: str) -> Decimal:
        """What a carrier has taken and not given back, in its own unit."""
        return self._spent[carrier]

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file:
            self._file.close()
            self._file = None

"""Rows as leaves: what is said of a text, a decision, an act, a change of mode, and how that is sealed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import Any, NamedTuple
from uuid import UUID

from router.postgres.evidence import Due, Leaf
from router.rules import abuse
from router.rules.evidence import SALT, canonical, leaf
from router.vault import Vault, VaultError

PERSONAL = frozenset({"text", "proof"})
"""Kinds of leaves that hold a texter's number and words; all others the vault's own keys open."""


@dataclass(frozen=True, slots=True)
class Seals:
    """What sealing needs to know of the house.

    Args:
        vault: Opens letters, seals records.
        numbers: The published numbers by name, E.164.
        providers: The provider of each account.
    """

    vault: Vault
    numbers: Mapping[str, str] = field(repr=False)
    providers: Mapping[str, str]


class _Said(NamedTuple):
    """A payload before it has its place."""

    kind: str
    item: UUID
    number: str
    at: datetime
    payload: dict[str, object]
    flagged: bool = False


def leaves(due: Due, seals: Seals) -> list[Leaf]:
    """A leaf for each row, texts first, each kind in the order of its time."""
    found = [
        *_texts("text", due.texts, seals),
        *_texts("proof", due.proofs, seals),
        *_decisions(due.decisions),
        *_acts(due.acts),
        *_changes(due.changes),
    ]
    return [_leaf(said, due.root, place, seals.vault) for place, said in enumerate(found)]


def opened(plain: bytes) -> tuple[bytes, dict[str, Any]]:
    """Salt and payload of a record that was taken out."""
    return plain[:SALT], json.loads(plain[SALT:])


def about(kind: str, item: UUID) -> bytes:
    """What a sealed record is bound to."""
    return b"evidence " + kind.encode() + item.bytes


def _leaf(said: _Said, root: int, place: int, vault: Vault) -> Leaf:
    """Its place stands in it, so that a record that was moved says where it belongs."""
    whole = {**said.payload, "kind": said.kind, "id": str(said.item), "root": root, "place": place}
    salt, payload = os.urandom(SALT), canonical(whole)
    seal = vault.put_away if said.kind in PERSONAL else vault.seal
    record = seal(salt + payload, about(said.kind, said.item))
    return Leaf(said.kind, said.item, said.number, said.at, said.flagged, leaf(salt, payload), record)


def _texts(kind: str, rows: Any, seals: Seals) -> Iterator[_Said]:
    for row in sorted(rows, key=lambda row: (row["received_at"], row["id"])):
        flagged = row["tier"] != "none"
        yield _Said(kind, row["id"], row["number"], row["received_at"], of_text(row, seals), flagged)


def of_text(row: Mapping[str, Any], seals: Seals) -> dict[str, object]:
    """All that is said of a text: what is not personal, and what is."""
    sender, words = _letter(row, seals.vault)
    return {
        **impersonal(row, seals),
        "to": seals.numbers.get(row["number"]),
        "from": sender,
        "text": words,
        "record": row["record"].hex(),
    }


def impersonal(row: Mapping[str, Any], seals: Seals) -> dict[str, object]:
    """What may be said of a text outside its sealed record."""
    return {
        "account": row["account"],
        "provider": seals.providers.get(row["account"]),
        "provider_id": row["provider_id"],
        "number": row["number"],
        "part": [row["part_reference"], row["part_index"], row["part_total"]] if row["part_index"] else None,
        "provider_at": _moment(row["provider_at"]),
        "received_at": _moment(row["received_at"]),
        "stored_at": _moment(row["stored_at"]),
        "source": row["source"],
        "verified": row["verified"],
        "score": f"{row['score']:.6f}",
        "tier": row["tier"],
        "detector": _detector(),
    }


@cache
def _detector() -> str:
    """Which version of the score this is: the release, and the weights it ships."""
    return f"paravent {version('paravent')}, weights {sha256(abuse.shipped().packed()).hexdigest()[:16]}"


def _letter(row: Mapping[str, Any], vault: Vault) -> tuple[str | None, str | None]:
    """What cannot be opened is sealed as that: one damaged row must not keep the others from being sealed."""
    try:
        return vault.open_letter(row["id"], row["letter"])
    except VaultError:
        return None, None


def _decisions(rows: Any) -> Iterator[_Said]:
    for row in sorted(rows, key=lambda row: (row["changed_at"], row["id"])):
        said = {
            "state": row["state"],
            "reason": row["reason"],
            "priority": row["priority"],
            "decided_at": _moment(row["changed_at"]),
            "attempts": json.loads(row["attempts"]),
            "judgement": None if row["judgement"] is None else json.loads(row["judgement"]),
        }
        yield _Said("decision", row["id"], row["number"], row["received_at"], said)


def _acts(rows: Any) -> Iterator[_Said]:
    for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
        said = {
            "what": row["what"],
            "by": row["by"],
            "why": row["why"],
            "detail": json.loads(row["detail"]),
            "at": _moment(row["at"]),
        }
        yield _Said("act", row["id"], "", row["at"], said)


def _changes(rows: Any) -> Iterator[_Said]:
    for row in sorted(rows, key=lambda row: (row["at"], row["version"])):
        said = {
            **{name: row[name] for name in _OF_A_CHANGE},
            "at": _moment(row["at"]),
            "began": _moment(row["began"]),
            "policy": json.loads(row["policy"]),
            "explanation": json.loads(row["explanation"]),
        }
        yield _Said("change", row["id"], "", row["at"], said)


_OF_A_CHANGE = (
    "mode", "cause", "by", "version", "statistic", "limit", "baseline", "raided", "texts", "flagged"
)  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")

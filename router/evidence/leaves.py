"""Rows as leaves: what is said of texts, of what became of them and of what was done, and how that is sealed.

A text's leaf has two sections under hashes of their own: facts, which give neither number nor words away, and
the words. That it came, and when, is shown to everybody; the facts in every folder, the words in a full one.
"""

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
from router.rules.clusters import wording
from router.rules.evidence import SALT, canonical, leaf, section
from router.rules.memory import seen
from router.vault import Vault, VaultError

PERSONAL = frozenset({"text", "proof"})
"""Kinds of leaves that hold a texter's number and words."""


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


class Said(NamedTuple):
    """A payload before it has its place; of a text its two sections beside it."""

    kind: str
    item: UUID
    number: str
    at: datetime
    payload: dict[str, object]
    flagged: bool = False
    facts: dict[str, object] | None = None
    words: dict[str, object] | None = None


class Section(NamedTuple):
    """A part of a payload that is opened by itself."""

    salt: bytes
    said: dict[str, Any]

    def spelled(self) -> dict[str, object]:
        """As a line of leaves.jsonl has it."""
        return {"salt": self.salt.hex(), "said": self.said}


class Record(NamedTuple):
    """What was taken out: a payload and, of a text that was sealed apart, its facts."""

    salt: bytes
    payload: dict[str, Any]
    facts: Section | None


def leaves(due: Due, seals: Seals) -> list[Leaf]:
    """A leaf for each row, texts first, each kind in the order of its time."""
    return [_leaf(one, due.root, place, seals.vault) for place, one in enumerate(said(due, seals))]


def said(due: Due, seals: Seals) -> list[Said]:
    """What leaves would say of these rows."""
    return [
        *_texts("text", due.texts, seals),
        *_texts("proof", due.proofs, seals),
        *_judgements(due.judgements),
        *_decisions(due.decisions),
        *_acts(due.acts),
        *_changes(due.changes),
        *_labels(due.labels),
        *_orders(due.orders),
    ]


def opened(plain: bytes) -> Record:
    """A record that was taken out."""
    salt, (payload, _, facts) = plain[:SALT], plain[SALT:].partition(b"\n")
    return Record(salt, json.loads(payload), opened_section(facts) if facts else None)


def opened_section(plain: bytes) -> Section:
    """A section that was taken out."""
    return Section(plain[:SALT], json.loads(plain[SALT:]))


def about(kind: str, item: UUID) -> bytes:
    """What a sealed record is bound to."""
    return b"evidence " + kind.encode() + item.bytes


def about_words(kind: str, item: UUID) -> bytes:
    """What sealed words are bound to."""
    return b"words " + about(kind, item)


def _leaf(one: Said, root: int, place: int, vault: Vault) -> Leaf:
    """Its place stands in it, so that a record that was moved says where it belongs."""
    whole = {**one.payload, "kind": one.kind, "id": str(one.item), "root": root, "place": place}
    facts, words = (_sealed(part) for part in (one.facts, one.words))
    for name, part in (("facts", facts), ("words", words)):
        if part:
            whole[name] = section(part[:SALT], part[SALT:]).hex()
    salt, payload = os.urandom(SALT), canonical(whole)
    record = vault.seal(salt + payload + (b"\n" + facts if facts else b""), about(one.kind, one.item))
    away = vault.put_away(words, about_words(one.kind, one.item)) if words else None
    return Leaf(one.kind, one.item, one.number, one.at, one.flagged, leaf(salt, payload), record, away)


def _sealed(part: dict[str, object] | None) -> bytes:
    """Canonical JSON has no line break of its own: one ends the payload."""
    return b"" if part is None else os.urandom(SALT) + canonical(part)


def _texts(kind: str, rows: Any, seals: Seals) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["received_at"], row["id"])):
        sender, body = _letter(row, seals.vault)
        yield Said(
            kind,
            row["id"],
            row["number"],
            row["received_at"],
            {"received_at": _moment(row["received_at"])},
            flagged=row["tier"] != "none",
            facts={**_facts(row, seals), **_together(row, sender or "", body or "", seals.vault)},
            words={"to": seals.numbers.get(row["number"]), "from": sender, "text": body},
        )


def _facts(row: Mapping[str, Any], seals: Seals) -> dict[str, object]:
    """What may be said of a text to anybody; `record` is the hash of the request as received."""
    return {
        "account": row["account"],
        "provider": seals.providers.get(row["account"]),
        "provider_id": row["provider_id"],
        "number": row["number"],
        "part": [row["part_reference"], row["part_index"], row["part_total"]] if row["part_index"] else None,
        "provider_at": _moment(row["provider_at"]),
        "stored_at": _moment(row["stored_at"]),
        "source": row["source"],
        "verified": row["verified"],
        "score": f"{row['score']:.6f}",
        "tier": row["tier"],
        "detector": _detector(),
        "record": row["record"].hex(),
    }


def _together(row: Mapping[str, Any], sender: str, body: str, vault: Vault) -> dict[str, object]:
    """What shows which texts belong together, and gives no number and no word away."""
    sighting = seen(body, row["score"], sender, row["texter"], row["number"]).sighting
    return {
        "texter": sighting.sender,
        "prefix": sighting.prefix if sender else "",
        "wording": vault.cluster(wording(sighting.terms)),
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


def _decisions(rows: Any) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["changed_at"], row["id"])):
        what = {
            "state": row["state"],
            "reason": row["reason"],
            "priority": row["priority"],
            "decided_at": _moment(row["changed_at"]),
            "attempts": json.loads(row["attempts"]),
            "judgement": None if row["judgement"] is None else json.loads(row["judgement"]),
        }
        yield Said("decision", row["id"], row["number"], row["received_at"], what)


def _judgements(rows: Any) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
        what = {name: row[name] for name in ("version", "rank", "line", "held", "cluster")}
        what["at"] = _moment(row["at"])
        yield Said("judgement", row["id"], row["number"], row["received_at"], what)


def _labels(rows: Any) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["labelled_at"], row["id"])):
        what = {name: row[name] for name in ("mode", "flagged", "label", "by")}
        what |= {name: _moment(row[name]) for name in ("received_at", "labelled_at")}
        yield Said("label", row["id"], "", row["received_at"], what)


def _orders(rows: Any) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
        what = {"what": row["what"], "by": row["by"], "detail": json.loads(row["detail"])}
        yield Said("order", row["id"], "", row["at"], {**what, "at": _moment(row["at"])})


def _acts(rows: Any) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
        what = {
            "what": row["what"],
            "by": row["by"],
            "why": row["why"],
            "detail": json.loads(row["detail"]),
            "at": _moment(row["at"]),
        }
        yield Said("act", row["id"], "", row["at"], what)


def _changes(rows: Any) -> Iterator[Said]:
    for row in sorted(rows, key=lambda row: (row["at"], row["version"])):
        what = {
            **{name: row[name] for name in _OF_A_CHANGE},
            "at": _moment(row["at"]),
            "began": _moment(row["began"]),
            "policy": json.loads(row["policy"]),
            "explanation": json.loads(row["explanation"]),
        }
        yield Said("change", row["id"], "", row["at"], what)


_OF_A_CHANGE = (
    "mode", "cause", "by", "version", "statistic", "limit", "baseline", "raided", "texts", "flagged"
)  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")

"""What the router works with, held against what was sealed of it: which columns say something else by now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from router.evidence.leaves import PERSONAL, Said
from router.evidence.verify import Said as Sentence
from router.evidence.verify import stands
from router.rules.evidence import canonical

_ADDED = frozenset({"kind", "id", "root", "place", "facts", "words"})
_BY_SETTINGS = frozenset({"detector", "provider", "to"})
_OF_THE_LETTER = frozenset({"from", "text", "texter", "prefix", "wording"})
_PROVED = _OF_THE_LETTER | {"verified", "provider_at"}
_OF_AN_ATTEMPT = ("reference", "purpose", "account", "sender", "passed_over", "at", "armed_at")
"""What is settled once an attempt is armed; its price, its receipt and its state come in later."""


@dataclass(slots=True)
class Ends:
    """Decisions of replies that were decided more than once, leaf by leaf in the order of the chain."""

    _stood: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def wrong(self, reply: UUID, sealed: dict[str, Any], now: Said | None, *, last: bool) -> Sentence:
        """What is wrong with a decision, or with what is stored now; empty for nothing.

        Args:
            reply: Of which.
            sealed: Payload of the next leaf that decides it.
            now: What waits to be sealed anew, None for nothing.
            last: Whether no other leaf of it follows.
        """
        stood, wrong = stands(self._stood.pop(reply, None), sealed)
        if not last:
            self._stood[reply] = stood
        elif not wrong and now is not None:
            _, wrong = stands(stood, json.loads(canonical(now.payload)))
        return wrong


def differs(sealed: Mapping[str, Any], now: Said, *, erased: bool, proved: bool) -> list[str]:
    """Columns that are not as they were sealed.

    Args:
        sealed: The payload, of a text with all of its sections that could be opened.
        now: What would be sealed of what is stored.
        erased: Whether the words are gone, and with them what is made of them.
        proved: Whether a leaf of its own says, or is about to, what the carrier said of this text.
    """
    here = json.loads(canonical({**now.payload, **(now.facts or {}), **(now.words or {})}))
    spared = _ADDED
    if now.kind in PERSONAL:
        spared = _spared(sealed, here, erased=erased, proved=proved and now.kind == "text")
    if now.kind == "decision":
        spared |= {"decided_at", "attempts"}
    wrong = [name for name in sorted(sealed.keys() - spared) if here.get(name) != sealed[name]]
    if now.kind == "decision" and _attempts(sealed) != _attempts(here):
        wrong.append("attempts")
    return wrong


def leaf_differs(row: Mapping[str, Any], sealed: Mapping[str, Any], now: Said) -> Iterator[str]:
    """What stands beside a leaf in its own row, for finding it; nothing of that is in a hash."""
    at = sealed.get("received_at")
    if row["at"] != now.at or (at is not None and row["at"].isoformat(timespec="microseconds") != at):
        yield "time of its leaf"
    if row["number"] != now.number:
        yield "number of its leaf"
    if row["flagged"] != now.flagged:
        yield "flag of its leaf"


def _spared(
    sealed: Mapping[str, Any], here: Mapping[str, Any], *, erased: bool, proved: bool
) -> frozenset[str]:
    spared = _ADDED | _BY_SETTINGS
    if proved and here["verified"] and not sealed["verified"]:
        spared |= _PROVED
    if erased:
        spared |= {"prefix", "wording", "record"}
    if sealed.get("detector") != here["detector"]:
        spared |= {"wording"}  # another release may tell wordings apart otherwise
    return spared


def _attempts(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{name: attempt[name] for name in _OF_AN_ATTEMPT} for attempt in said["attempts"]]

"""A leaf as a folder shows it: opened as far as its reader may see, and why not where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from router.evidence.leaves import PERSONAL, Record, about, about_words, opened, opened_section
from router.evidence.picture import Picture
from router.offline import PrivateKey
from router.vault import Vault


@dataclass(slots=True)
class Shown:
    """Opens leaves, and counts what it opened.

    Args:
        picture: Its period is what is asked for; told what is withheld, and when the mode changed.
        full: Whether words are shown too.
        key: Opens what was sealed to the offline key.
        opened: Words that were opened.
    """

    vault: Vault
    picture: Picture
    full: bool
    key: PrivateKey | None = field(default=None, repr=False)
    opened: int = 0

    def line(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What leaves.jsonl says of a leaf. Raises `VaultError` where the key is not the right one."""
        line = {name: row[name] for name in ("root", "place", "kind")}
        line |= {"id": str(row["item"]), "leaf": row["leaf"].hex()}
        if row["kind"] in PERSONAL and not row["apart"]:
            return line | self._whole(row)
        record = self.open(row["kind"], row["item"], row["sealed"])
        line |= {"salt": record.salt.hex(), "payload": record.payload}
        if row["kind"] in PERSONAL:
            return line | self._sections(row, record)
        if row["kind"] == "change" and self._is_asked(datetime.fromisoformat(record.payload["at"])):
            self.picture.changes.append(record.payload)
        return line

    def open(self, kind: str, item: UUID, record: bytes) -> Record:
        """A sealed record. Raises `VaultError` as `line` does."""
        return opened(self.vault.take_out(record, about(kind, item), self.key))

    def _sections(self, row: Mapping[str, Any], record: Record) -> dict[str, Any]:
        """Of a text: nothing but its time, its facts, or its words too."""
        assert record.facts is not None  # noqa: S101 -- it was sealed apart
        if not self._is_asked(datetime.fromisoformat(record.payload["received_at"])):
            self.picture.elsewhere += 1
            return {"withheld": "of another time"}
        shown: dict[str, Any] = {"facts": record.facts.spelled()}
        if row["words"] is None or not self.full:
            reason = "erased" if row["words"] is None else "sealed"
            self.picture.withheld[reason] += row["kind"] == "text"
            return shown | {"withheld": reason}
        self.opened += 1
        bound = about_words(row["kind"], row["item"])
        words = opened_section(self.vault.take_out(row["words"], bound, self.key))
        return shown | {"words": words.spelled()}

    def _whole(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Of a text whose words an earlier release sealed together with the rest."""
        if not self._is_asked(row["at"]):
            return {"withheld": "of another time"}
        if row["sealed"] is None:
            return {"withheld": "erased"}
        if not self.full:
            return {"withheld": "sealed"}
        self.opened += 1
        record = self.open(row["kind"], row["item"], row["sealed"])
        return {"salt": record.salt.hex(), "payload": record.payload}

    def _is_asked(self, at: datetime) -> bool:
        return self.picture.from_at <= at < self.picture.to_at

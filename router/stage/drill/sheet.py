"""What became of each text of a drill, a line each: whoever doubts a figure of the report can count again."""

from __future__ import annotations

import csv
import io

from router.stage.drill.tale import Tale

_HEADS = (
    "texter", "raider", "received_at", "state", "reason", "held", "released_at", "account", "answered_at",
    "millionths", "reference", "wording", "sealed",
)  # fmt: skip


def sheet(tale: Tale) -> str:
    """CSV with a head; texters by pseudonym, money in millionths of the ledger's currency."""
    people, lines = tale.played.people, io.StringIO()
    out = csv.writer(lines)
    out.writerow(_HEADS)
    for row in tale.played.rows.texts:
        out.writerow(
            [
                row.texter.hex(), int(people[row.texter]), row.received_at.isoformat(), row.state, row.reason,
                int(row.held), row.released_at and row.released_at.isoformat(), row.account,
                row.answered_at and row.answered_at.isoformat(), row.spent, row.reference,
                row.wording, int(row.sealed),
            ]
        )  # fmt: skip
    return lines.getvalue()

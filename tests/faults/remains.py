"""What a round leaves behind in which something did not hold: to find out why, after it is torn down."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy

from tests.faults.chaos import Round

# No text and no number: letters and raw requests stay out, texters are pseudonyms.
ROWS = {
    "health": "SELECT * FROM health",
    "duties": "SELECT *, clock_timestamp() AS now FROM duty",
    "watermarks": "SELECT *, clock_timestamp() AS now FROM watermark",
    "doubts": "SELECT * FROM attempt WHERE state IN ('open', 'unknown')",
    "unproved": """
        SELECT i.id, i.account, i.provider_id, i.source, i.received_at, i.reread_after, r.state, r.reason
        FROM inbound i LEFT JOIN reply r USING (id) WHERE NOT i.verified""",
    "replies": "SELECT state, reason, count(*) FROM reply GROUP BY 1, 2 ORDER BY 1, 2",
    "receipts": "SELECT account, count(*) FROM receipt WHERE applied_at IS NULL GROUP BY 1",
}


async def keep(one: Round, folder: Path) -> Path:
    """Copy logs, rows that tell where things stand, and what carriers took in and nobody stored.

    Args:
        one: A round that still runs.
        folder: Where to; a folder for each seed.
    """
    place = folder / f"seed-{one.order.seed}"
    place.mkdir(parents=True, exist_ok=True)
    for serve in one.routers.serves:
        copy(serve.log, place)
    rows = {name: [dict(row) for row in await one.database.fetch(query)] for name, query in ROWS.items()}
    stored = {
        (row["account"], row["provider_id"])
        for row in await one.database.fetch("SELECT account, provider_id FROM inbound")
    }
    rows["not stored"] = [
        {"account": entry.carrier, "provider_id": entry.provider_id, "at": entry.at}
        for entry in one.carriers.journal["inbound"]
        if (entry.carrier, entry.provider_id) not in stored
    ]
    (place / "rows.json").write_text(json.dumps(rows, indent=1, default=str) + "\n")
    return place

"""`python -m tests.bench.backlog`: claim, arm and settle beside a million waiting texts, and beside none."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

import asyncpg

from router.postgres.inbox import Arrival, Claimed, Inbox
from router.postgres.ledger import Intent, Ledger, Proof
from router.postgres.migrate import migrate
from router.postgres.pool import Line, Pool
from router.vault import random_reference
from tests.bench.database import durable

STEPS = ("claim", "arm", "settle")
DAY = datetime(2017, 11, 18, tzinfo=UTC)
NOW = DAY + timedelta(hours=12)
LEASE = timedelta(minutes=5)

# Of every ten texts that wait, four are queued in a lane that is closed, three held and three delayed.
_FILL = """
WITH made AS (
    INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, received_at, verified, source)
    SELECT md5(n::text || $1)::uuid, 'acme', n::text, 'front', decode(md5(n::text), 'hex'), '\\x00', '\\x00',
           $2::timestamptz + n * interval '1 ms', true, 'webhook'
    FROM generate_series(1, $3::integer) AS n RETURNING id, texter, received_at, provider_id::integer AS n
)
INSERT INTO reply (id, account, number, texter, lane, state, priority, received_at, not_before, expires_at)
SELECT id, 'acme', 'front', texter, 'closed',
       CASE WHEN n % 10 < 4 THEN 'queued' WHEN n % 10 < 7 THEN 'held' ELSE 'delayed' END, 1, received_at,
       CASE WHEN n % 10 >= 7 THEN received_at + interval '1 day' END, received_at + interval '2 days'
FROM made
"""
_PURSES = """
INSERT INTO purse (name, period, cap, unlimited, origin, file_says)
VALUES ('acme', 'day', 9000000000000, false, 'file', ''), ('total', 'day', 9000000000000, false, 'file', '')
"""


async def prepare(dsn: str, waiting: int) -> None:
    """Make the tables and fill them with texts that wait."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(_PURSES)
    if waiting:
        await connection.execute(_FILL, dsn, NOW - timedelta(hours=1), waiting)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def measure(line: Line, texts: int, batch: int) -> dict[str, float]:
    """Store so many ready texts, then claim, arm and settle them: texts a second of each step."""
    owner = uuid4()
    inbox, ledger = Inbox(owner, LEASE), Ledger(owner, LEASE)
    for _ in range(texts // batch):
        await inbox.store(line, [_arrival() for _ in range(batch)])
    spent = dict.fromkeys(STEPS, 0.0)
    done = 0
    while done < texts:
        began = perf_counter()
        claims = await inbox.claim(line, ["front"], batch)
        claimed = perf_counter()
        intents = [_intent(claim) for claim in claims]
        ready = perf_counter()
        verdicts = await ledger.arm(line, intents, NOW)
        armed = perf_counter()
        proofs = [_proof(intent) for intent in intents]
        proved = perf_counter()
        states = await ledger.settle(line, proofs, NOW)
        spent["settle"] += perf_counter() - proved
        spent["arm"] += armed - ready
        spent["claim"] += claimed - began
        if set(verdicts) != {"armed"} or set(states) != {"accepted"}:
            raise RuntimeError("a text of the bench was not armed and settled")
        done += len(claims)
    return {step: done / spent[step] for step in STEPS}


def _arrival() -> Arrival:
    which = uuid4()
    return Arrival(
        id=which, account="acme", provider_id=which.hex, number="front", texter=which.bytes, letter=b"-",
        raw=b"-", received_at=NOW, expires_at=NOW + timedelta(hours=6), lane="front",
    )  # fmt: skip


def _intent(claim: Claimed) -> Intent:
    return Intent(
        reply=claim.id, fence=claim.fence, reference=random_reference(), account="acme", sender="ACME",
        estimate=70_000, account_window=DAY, total_window=DAY, next_allowed=NOW + timedelta(days=1),
        ceiling=3, in_flight=10_000,
    )  # fmt: skip


def _proof(intent: Intent) -> Proof:
    return Proof(
        reference=intent.reference, outcome="accepted", source="send", provider_id=UUID(int=0).hex, parts=1
    )


async def run(asked: argparse.Namespace, folder: Path) -> dict[str, dict[str, list[float]]]:
    """Interleave rounds on an empty and on a full database of one durable server."""
    found: dict[str, dict[str, list[float]]] = {}
    async with durable(folder) as database:
        print(await database.describe(), flush=True)
        places = {}
        for name, waiting in (("empty", 0), ("full", asked.waiting)):
            places[name] = await database.create()
            await prepare(places[name], waiting)
            found[name] = {step: [] for step in STEPS}
        for number in range(asked.rounds + 1):
            for name, dsn in places.items():
                async with Pool(dsn, application="bench") as pool:
                    speeds = await measure(pool.line(), asked.texts, asked.batch)
                if number:  # the first round warms up
                    for step, speed in speeds.items():
                        found[name][step].append(speed)
    return found


def report(found: dict[str, dict[str, list[float]]]) -> str:
    """A line a step: medians, and the ratio of full to empty."""
    lines = [f"{'step':8}{'empty/s':>10}{'full/s':>10}{'full/empty':>12}"]
    for step in STEPS:
        empty, full = (statistics.median(found[name][step]) for name in ("empty", "full"))
        lines.append(f"{step:8}{empty:10,.0f}{full:10,.0f}{full / empty:12.2f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print the table, write the JSON."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backlog", description=__doc__)
    parser.add_argument("--waiting", type=int, default=1_000_000, help="texts that wait (%(default)s)")
    parser.add_argument("--texts", type=int, default=2_000, help="texts a round (%(default)s)")
    parser.add_argument("--batch", type=int, default=50, help="texts a call (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds to a file")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder:
        Path(folder).chmod(0o711)
        found = asyncio.run(run(asked, Path(folder)))
    print(report(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

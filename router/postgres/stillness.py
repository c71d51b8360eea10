"""Whether anything is due at this moment of business time: drills move their clock only when nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from router.postgres.held import HELD, WORTHLESS
from router.postgres.pool import Pool

_LEFT = f"""
SELECT (SELECT count(*) FROM reply WHERE state IN ('claimed', 'sending')) AS under_way,
    (SELECT count(*) FROM reply WHERE state = 'queued' AND lane = ANY ($2::text[])) AS ready,
    (SELECT count(*) FROM reply WHERE state = 'queued' AND lane <> ALL ($2::text[])) AS shut_out,
    (SELECT count(*) FROM reply WHERE state = 'held') AS held,
    (SELECT count(*) FROM reply WHERE state = 'held' AND reason = '{HELD}') AS held_till_calm,
    (SELECT count(*) FROM reply r JOIN judgement j ON j.reply = r.id CROSS JOIN raid_state s
     WHERE {WORTHLESS}) AS forgone,
    (SELECT count(*) FROM reply WHERE state = 'delayed' AND not_before <= $1) AS due,
    (SELECT count(*) FROM reply WHERE state IN ('queued', 'delayed') AND expires_at <= $1) AS expired,
    (SELECT count(*) FROM receipt WHERE applied_at IS NULL) AS receipts,
    (SELECT count(*) FROM inbound WHERE cost_due) AS costs
"""  # noqa: S608 -- our own words


class Left(NamedTuple):
    """What is not done.

    Args:
        under_way: Replies that a worker has.
        ready: Replies that wait in open lanes.
        shut_out: Replies that wait in lanes that nobody can carry.
        held: Texts that a raid holds or held; `held_till_calm`: those that calm lets go, and `forgone`: those
            that waited for the operator until they were worthless.
        held_till_calm: See `held`.
        forgone: See `held`.
        due: Delayed replies whose time has come.
        expired: Waiting replies that are worthless by now.
        receipts: Receipts that are not applied.
        costs: Texts whose receiving is not booked.
    """

    under_way: int = 0
    ready: int = 0
    shut_out: int = 0
    held: int = 0
    held_till_calm: int = 0
    forgone: int = 0
    due: int = 0
    expired: int = 0
    receipts: int = 0
    costs: int = 0


@dataclass(frozen=True, slots=True)
class Stillness:
    """Looks."""

    pool: Pool

    async def left(self, lanes: Sequence[str], now: datetime) -> Left:
        """What is not done yet.

        Args:
            lanes: Those that are open.
            now: Business time.
        """
        async with self.pool.connection() as connection:
            row = await connection.fetchrow(_LEFT, now, list(lanes))
        assert row is not None  # noqa: S101 -- counts always have a row
        return Left(**dict(row))

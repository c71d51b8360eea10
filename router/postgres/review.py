"""The texts that people look at, what they said of them, and what the detector had said: by SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from router.postgres.inbox import letters
from router.postgres.keeping import act
from router.postgres.orders import record
from router.postgres.pool import Connection, Pool
from router.rules.campaign import Mode
from router.rules.estimate import WINDOW, Label, Labels, Share, known

# At random, and the same for whoever asks: by a hash of an id that is a hash already.
_SAMPLE = """
SELECT i.id, i.number, i.received_at, i.letter, i.part_reference, v.label
FROM inbound i JOIN reply r USING (id) LEFT JOIN review v ON v.inbound = i.id
WHERE i.received_at > $1 AND i.received_at <= $2 AND octet_length(i.letter) > 0
ORDER BY md5(i.id::text) LIMIT $3
"""

# A text is drawn while fewer than `most` of those beside it, a day before and after, stand before it.
_WAS_DRAWN = """
WITH one AS (
    SELECT id, received_at AS came, md5(id::text) AS place FROM inbound
    WHERE id = $1 AND octet_length(letter) > 0
), before AS (
    SELECT i.received_at FROM one, inbound i JOIN reply r USING (id)
    WHERE i.received_at > one.came - $4::interval AND i.received_at <= $2
        AND i.received_at < one.came + $4::interval AND md5(i.id::text) < one.place
        AND octet_length(i.letter) > 0
), turn AS (
    SELECT came AS at, 0 AS step FROM one
    UNION ALL SELECT greatest(received_at, came), 1 FROM before, one
    UNION ALL SELECT received_at + $4::interval, -1 FROM before, one
    WHERE received_at + $4::interval <= $2 AND received_at < came
)
SELECT min(standing) < $3 FROM (SELECT sum(step) OVER (ORDER BY at) AS standing FROM turn) t
"""

_ONE = """
SELECT i.id, i.number, i.received_at, i.letter, i.part_reference, v.label, r.state = 'held' AS held
FROM inbound i JOIN reply r USING (id) LEFT JOIN review v ON v.inbound = i.id
WHERE i.id = $1 AND octet_length(i.letter) > 0
"""

_LABEL = """
INSERT INTO review (inbound, received_at, mode, flagged, label, by)
SELECT i.id, i.received_at, coalesce((SELECT c.mode FROM raid_change c WHERE c.at <= i.received_at
    ORDER BY c.id DESC LIMIT 1), 'calm'), i.tier <> 'none', $2, $3
FROM inbound i WHERE i.id = $1 AND octet_length(i.letter) > 0
ON CONFLICT (inbound) DO UPDATE SET label = $2, by = $3, labelled_at = clock_timestamp()
RETURNING inbound
"""

_MODE = "SELECT mode, since FROM raid_state"

_COUNTED = """
SELECT count(*) AS texts, count(*) FILTER (WHERE tier <> 'none') AS flagged
FROM inbound WHERE received_at > $1 AND received_at <= $2
"""

_LABELLED = """
SELECT mode, received_at > $1 AS here,
    count(*) FILTER (WHERE label = 'abusive' AND flagged) AS caught,
    count(*) FILTER (WHERE label = 'abusive' AND NOT flagged) AS missed,
    count(*) FILTER (WHERE label = 'fine' AND flagged) AS wronged,
    count(*) FILTER (WHERE label = 'fine' AND NOT flagged) AS passed
FROM review WHERE received_at <= $2 GROUP BY 1, 2
"""


class UnknownTextError(LookupError):
    """No text has that id, or it was erased."""


class NotDrawnError(LookupError):
    """The text was not drawn at random: a label of it would say nothing of the others."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A text that somebody should look at.

    Args:
        letters: Its sealed pieces, in order.
        label: What was said of it, None as long as nothing was.
    """

    id: UUID
    number: str
    received_at: datetime
    letters: tuple[tuple[UUID, bytes], ...] = field(repr=False)
    label: Label | None

    @property
    def whole(self) -> bool:
        """Whether none of its pieces was erased."""
        return all(letter for _, letter in self.letters)


class Sample(NamedTuple):
    """What the abusive share is estimated from; see `router.rules.estimate.estimate`.

    Args:
        mode: Calm or raid: labels of the other mode say nothing of this one.
        texts: Texts of the window.
        flagged: Flagged ones of them.
        here: Labels of texts of the window.
        elsewhere: Labels of earlier texts of the same mode.
        other: Labels of texts of the other mode, by which this share does not go.
    """

    mode: Mode = Mode.CALM
    texts: int = 0
    flagged: int = 0
    here: Labels = Labels()
    elsewhere: Labels = Labels()
    other: Labels = Labels()

    def count(self, mode: Mode) -> int:
        """Labels of texts of a mode."""
        return (self.here + self.elsewhere if mode is self.mode else self.other).count

    @property
    def share(self) -> Share | None:
        """The share of abusive texts, None as long as it cannot be told."""
        return known(self.flagged, self.texts, self.here, self.elsewhere)


class Reviews:
    """Reads and keeps them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def drawn(self, now: datetime, most: int) -> list[Drawn]:
        """The random texts of the last day, those with a label too.

        Args:
            now: Business time.
            most: How many are drawn.
        """
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_SAMPLE, now - WINDOW, now, most)
            drawn = [await _drawn(connection, row) for row in rows]
        return [text for text in drawn if text.whole]

    async def open(self, text: UUID, *, by: str) -> Drawn:
        """One text, for a person's eyes: it is written down who asked. Raises `UnknownTextError`."""
        async with self._pool.connection() as connection, connection.transaction():
            row = await connection.fetchrow(_ONE, text)
            drawn = None if row is None else await _drawn(connection, row)
            if row is None or drawn is None or not drawn.whole:
                raise UnknownTextError("no text has that id")
            what = "raid held opened" if row["held"] else "review opened"
            await record(connection, what, {"text": str(text)}, by)
            await act(connection, "opened", by, "review", {"text": str(text)})
        return drawn

    async def label(self, text: UUID, label: Label, now: datetime, most: int, *, by: str) -> None:
        """Keep what somebody said of a text that was drawn at any time: it is written down, the last counts.

        Args:
            text: Which.
            label: What was said.
            now: Business time.
            most: How many are drawn.
            by: Who said it.

        Raises:
            UnknownTextError: No text has that id, or it was erased.
            NotDrawnError: Whoever chose it, chance did not.
        """
        async with self._pool.connection() as connection, connection.transaction():
            was_drawn = await connection.fetchval(_WAS_DRAWN, text, now, most, WINDOW)
            if was_drawn is False:
                raise NotDrawnError("that text was not drawn at random")
            if was_drawn is None or await connection.fetchval(_LABEL, text, label.value, by) is None:
                raise UnknownTextError("no text has that id, or it was erased")
            await record(connection, "review labelled", {"text": str(text), "label": label.value}, by)

    async def sample(self, now: datetime) -> Sample:
        """Counts and labels of the last day, or of the present raid if it began since."""
        async with self._pool.connection() as connection:
            return await sample(connection, now)


async def sample(connection: Connection, now: datetime) -> Sample:
    """`Reviews.sample` for who has a connection already."""
    state = await connection.fetchrow(_MODE)
    mode = Mode(state["mode"]) if state else Mode.CALM
    began = max(now - WINDOW, state["since"]) if state and state["since"] else now - WINDOW
    counted = await connection.fetchrow(_COUNTED, began, now)
    assert counted is not None  # noqa: S101 -- an aggregate always has a row
    here = elsewhere = other = Labels()
    for row in await connection.fetch(_LABELLED, began, now):
        labels = Labels(**{name: row[name] for name in _CELLS})
        if row["mode"] != mode:
            other += labels
        elif row["here"]:
            here = labels
        else:
            elsewhere = labels
    return Sample(mode, counted["texts"], counted["flagged"], here, elsewhere, other)


_CELLS = ("caught", "missed", "wronged", "passed")


async def _drawn(connection: Connection, row: asyncpg.Record) -> Drawn:
    label = row["label"]
    return Drawn(
        id=row["id"],
        number=row["number"],
        received_at=row["received_at"],
        letters=await letters(connection, row),
        label=None if label is None else Label(label),
    )

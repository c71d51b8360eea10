"""What the duties of evidence go by, and these three: sealing, telling roots, forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from router.evidence.leaves import Seals
from router.evidence.sinks import Sink
from router.office import Office
from router.postgres.evidence import Evidence
from router.postgres.keeping import Keeping
from router.postgres.pool import Pool
from router.postgres.roots import Roots
from router.sweep.duty import Duty
from router.sweep.forgetting import Forgetting
from router.sweep.roots import Telling
from router.sweep.sealing import Sealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """Out of the settings.

    Args:
        sinks: Where roots go.
        roots_every: Between two tellings.
        stamps_from: A timestamping authority; None for none.
        keep: Ordinary texts are erased after this, `keep_flagged` those that look abusive.
        keep_flagged: See `keep`.
    """

    seals: Seals
    sinks: Sequence[Sink]
    roots_every: timedelta
    stamps_from: str | None = field(repr=False)
    keep: timedelta
    keep_flagged: timedelta

    def duties(self, office: Office, pool: Pool) -> tuple[Duty, ...]:
        """The three of them. Sealing is once a minute, and at once where more is due than one tree takes."""
        telling = Telling(office.wire, Roots(pool), self.sinks, self.roots_every, self.stamps_from)
        forgetting = Forgetting(Keeping(pool), self.keep, self.keep_flagged, office.now)
        return (
            Duty("sealing", 60.0, Sealing(self.seals, Evidence(pool)), again=5.0),
            Duty("roots", 10.0, telling, longest=120.0),
            Duty("forgetting", 600.0, forgetting),
        )

"""Whom a raid holds: a text's place beside the line.

House rule: a hold is no silence. Held texts wait, unpaid; calm or the operator lets them go, the gravest the
operator alone, and only the operator drops them. Outside a raid nobody is held.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

import numpy as np
from numpy.typing import NDArray

from router.rules.abuse import judge, logit
from router.rules.answer import Purpose
from router.rules.campaign import Mode
from router.rules.clusters import Wording, wording
from router.rules.contrast import rank, terms
from router.rules.spelling import spell


@dataclass(frozen=True, slots=True)
class Stance:
    """What texts are judged by; replaced whole. `Stance()` judges nobody.

    Args:
        mode: Calm or raid.
        version: Of the memory that it was made from.
        line: The rank above which a text is held.
        grave: The rank above which calm does not let a held text go.
        table: The contrast of each term; None in calm.
    """

    mode: Mode = Mode.CALM
    version: int = 0
    line: float = inf
    grave: float = inf
    table: NDArray[np.float32] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A text beside the line, in a raid.

    Args:
        version: Of the memory that rank and line came from.
        rank: How suspicious it is beside others.
        line: Above it, a text is held.
        held: It waits, unpaid.
        grave: If it is held, for the operator's word: calm alone does not let it go.
        wording: Near-duplicates share it.
    """

    version: int
    rank: float
    line: float
    held: bool
    grave: bool
    wording: Wording


def judged(body: str, purpose: Purpose, stance: Stance, *, let_go: bool = False) -> Judgement | None:
    """Where a text stands that is about to be answered; None in calm, and for a STOP's confirmation.

    Args:
        body: As received.
        purpose: What the reply is for.
        stance: What it is judged by.
        let_go: The operator let it go: it is judged, not held.
    """
    if stance.table is None or purpose is not Purpose.ANSWER:
        return None
    spelt = spell(body)
    found = terms(spelt)
    place = rank(logit(judge(spelt).value), found, stance.table)
    held = place > stance.line and not let_go
    grave = held and place > stance.grave
    return Judgement(stance.version, place, stance.line, held, grave, wording(found))


def worthless_at(expires_at: datetime, since: datetime, calm_since: datetime) -> datetime:
    """From when on, in calm, the reply to a held text is worthless: what the raid took does not count.

    Args:
        expires_at: When it would have been, had it not been held.
        since: When it was held.
        calm_since: When the raid was over.
    """
    return expires_at + max(calm_since - since, timedelta(0))

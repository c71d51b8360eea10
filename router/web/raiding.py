"""What the operator's API answers and takes about raids, as models."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Wording(BaseModel):
    """Texts of one wording; the words themselves are not shown."""

    id: str = Field(description="A name; empty for texts without words.")
    texts: int
    senders: int


class HeldWording(Wording):
    """Held texts of one wording."""

    first: AwareDatetime = Field(description="When the first of them came in.")
    last: AwareDatetime
    sample: UUID = Field(description="One of them: POST /api/v1/review/{id}/open gives its words.")
    blurred: str = Field(description="Its shape without its words; empty where it cannot be opened.")


class Explanation(BaseModel):
    """What the texts were that changed the mode."""

    texts: int
    senders: int
    clusters: list[Wording] = Field(description="The largest; evidence, never the trigger.")
    numbers: dict[str, int] = Field(description="Texts by number.")
    prefixes: dict[str, int] = Field(description="Texts by country and first digit of who texted.")
    until: AwareDatetime | None = Field(default=None, description="Of an order of calm: until when.")


class Change(BaseModel):
    """A change of mode that explains itself."""

    at: AwareDatetime
    mode: Literal["calm", "raid"] = Field(description="What it changed to.")
    cause: Literal["statistic", "operator"]
    by: str = Field(description="Which operator's door, empty for the statistic.")
    version: int = Field(description="Of the last bucket of texts counted before it.")
    statistic: float
    limit: float = Field(description="What the statistic had to reach.")
    baseline: float = Field(description="The usual share of suspicious texts by then.")
    raided: float = Field(description="The share that a raid would have.")
    began: AwareDatetime = Field(description="The change is owed to what came from then on, until `at`.")
    texts: int = Field(description="Texts since it began.")
    flagged: int = Field(description="Suspicious ones of these.")
    explanation: Explanation


class Released(BaseModel):
    """Held texts that were let go, ever."""

    calm: int
    operator: int


class Raid(BaseModel):
    """Whether a raid is on, why, and who is held."""

    mode: Literal["calm", "raid"]
    since: AwareDatetime | None = Field(description="null: it has always been calm.")
    by_hand: bool = Field(description="It was declared: only the operator ends it.")
    calm_until: AwareDatetime | None = Field(
        description="The operator said that it is none: until then none is seen. null: not said, or over."
    )
    statistic: float = Field(description="In calm towards an alarm, in a raid towards its end.")
    limit: float = Field(description="What the statistic has to reach.")
    baseline: float = Field(description="The usual share of suspicious texts.")
    learnt: int = Field(description="Texts that the baseline was learnt from.")
    version: int = Field(description="Of the last bucket of texts counted.")
    line: float | None = Field(description="The rank above which a text is held; null: nobody is.")
    counted_to: AwareDatetime | None = Field(description="Texts are counted up to then.")
    share_wanted: float = Field(description="Share of ordinary texts that may be held: `raids.held`.")
    judged: int = Field(description="Texts judged in this raid.")
    judged_held: int = Field(description="Those of them that were held.")
    held: int = Field(description="Texts that wait now, unpaid.")
    grave: int = Field(description="Those of them that only the operator lets go; in calm they expire.")
    phones: int = Field(description="From how many phones they are: one answer a period each, at most.")
    phones_till_calm: int = Field(description="From how many phones those are that calm lets go.")
    released: Released
    dropped: int = Field(description="Held texts that the operator dropped, ever.")
    clusters: list[HeldWording] = Field(description="What is held, the largest first.")
    changes: list[Change] = Field(description="The last changes of mode, the newest first.")


LONGEST = 24 * 3_600
"""Seconds of calm that may be ordered at once."""


class CalmOrder(BaseModel):
    """How long no raid is to be seen."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    seconds: int = Field(default=2 * 3_600, ge=60, le=LONGEST, description="It ends by itself after these.")


class HeldOrder(BaseModel):
    """Which held texts are meant."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cluster: str | None = Field(
        default=None, pattern="^([0-9a-f]{12})?$", description="Left out or null: all."
    )


class Moved(BaseModel):
    """How many held texts were let go or dropped."""

    texts: int

"""How long each step of answering may take, and how much is done at once."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from router.rules.ramp import Slope
from router.rules.span import Span


class Workers(BaseModel):
    """Section ``[workers]``: how long each step may take."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    lease: Span = Field(
        default=timedelta(seconds=30), gt=timedelta(0), description="A claimed text is one worker's."
    )
    call_deadline: Span = Field(
        default=timedelta(seconds=10), gt=timedelta(0), description="For one call to a provider."
    )
    write_off: Span = Field(
        default=timedelta(hours=72),
        gt=timedelta(0),
        description="A send in doubt for so long is booked as spent.",
    )
    max_in_doubt: int = Field(default=64, ge=1, description="Sends in doubt that one account may have.")
    batch: int = Field(default=50, ge=1, le=1_000, description="Texts claimed at once.")
    ramp_first: int = Field(
        default=5, ge=1, description="Replies a second that begin to leave once money or an account is back."
    )
    ramp_doubles: Span = Field(
        default=timedelta(seconds=5),
        gt=timedelta(0),
        description="After so long it is twice as many, and again; all of them after eight times.",
    )
    poll_every: Span = Field(
        default=timedelta(minutes=1),
        gt=timedelta(0),
        description="Between two looks into inbound logs and balances.",
    )
    prove_within: Span = Field(
        default=timedelta(minutes=1),
        gt=timedelta(0),
        description="A text that is not proved so long, for want of calls, is answered unproved.",
    )

    @property
    def slope(self) -> Slope:
        """How fast what waited is let out."""
        return Slope(self.ramp_first, self.ramp_doubles.total_seconds())

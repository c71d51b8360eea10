"""The story of an alert: what Prometheus sees, when it fires and what it says, when it clears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alert's story.

    Args:
        alert: Its name.
        sees: Values by series, in promtool's notation: one each time.
        fires: Minutes at which it fires.
        clears: Minutes at which it does not: before, and after its cause is over.
        labels: What it carries besides its severity.
        says: Its summary, as it is read.
        every: Minutes between two looks.
    """

    alert: str
    sees: Mapping[str, str]
    fires: tuple[int, ...]
    clears: tuple[int, ...]
    says: str
    labels: Mapping[str, str] = field(default_factory=dict)
    every: int = 1

"""What /metrics and /metrics/state said during a drill, kept with its business time as OpenMetrics.

``promtool tsdb create-blocks-from openmetrics FILE FOLDER`` makes of it what Prometheus would hold, had it
looked all night.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp

_EVERY = timedelta(minutes=1)
_LATEST = timedelta(minutes=4)
"""Dashboards look back five minutes for a value."""

_PATHS = ("/metrics", "/metrics/state")
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_BOUND = re.compile(r',?le="[^"]*"')
_NOTHING = math.nan


@dataclass(slots=True)
class _Family:
    kind: str
    says: str
    series: dict[str, dict[str, array[float]]] = field(default_factory=dict)
    """By the labels that make a metric, then by the sample's own name and labels; a value for each look."""


@dataclass(slots=True)
class Record:
    """Looks at a door again and again, and writes down what it saw.

    Args:
        url: Of the door.
    """

    url: str
    session: aiohttp.ClientSession
    _times: list[datetime] = field(default_factory=list)
    _families: dict[str, _Family] = field(default_factory=dict)

    async def look(self, now: datetime) -> None:
        """Look, unless it did within the last minute of business time."""
        if self._times and now - self._times[-1] < _EVERY:
            return
        while self._times and now - self._times[-1] > _LATEST:
            self._stand()
        pages = []
        for path in _PATHS:
            async with self.session.get(self.url + path) as answer:
                answer.raise_for_status()
                pages.append(await answer.text())
        for page in pages:
            self._read(page)
        self._times.append(now)

    def _stand(self) -> None:
        """Business time stood at the last look until now: what was seen then held on."""
        self._times.append(self._times[-1] + _LATEST)
        for family in self._families.values():
            for metric in family.series.values():
                for values in metric.values():
                    values.append(values[-1] if len(values) == len(self._times) - 1 else _NOTHING)

    def _read(self, page: str) -> None:
        says, family = "", None
        for line in page.splitlines():
            if line.startswith("# HELP "):
                says = line.split(" ", 3)[3]
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                family = self._families.setdefault(
                    name.removesuffix("_total") if kind == "counter" else name, _Family(kind, says)
                )
            elif family is not None and (found := _SAMPLE.fullmatch(line)):
                self._keep(family, found[1], found[2] or "", float(found[3]))

    def _keep(self, family: _Family, name: str, labels: str, value: float) -> None:
        metric = _BOUND.sub("", labels) if family.kind == "histogram" else labels
        values = family.series.setdefault(metric, {}).setdefault(f"{name}{{{labels}}}", array("d"))
        values.extend([_NOTHING] * (len(self._times) - len(values)))
        values.append(value)

    def write(self, path: Path) -> None:
        """Write it down, families one after the other, each series in the order of time."""
        with path.open("w", encoding="utf-8") as file:
            for line in self._lines():
                file.write(line + "\n")

    def _lines(self) -> Iterator[str]:
        stamps = [f"{at.timestamp():.3f}" for at in self._times]
        for name, family in self._families.items():
            yield f"# TYPE {name} {family.kind}"
            yield f"# HELP {name} {family.says}"
            for metric in family.series.values():
                for place, stamp in enumerate(stamps):
                    for sample, values in metric.items():
                        if place < len(values) and not math.isnan(values[place]):
                            yield f"{sample} {_spelled(values[place])} {stamp}"
        yield "# EOF"


@asynccontextmanager
async def recording(url: str) -> AsyncIterator[Record]:
    """A record of the door at this URL."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        yield Record(url, session)


def _spelled(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() else repr(value)

"""Charts as inline SVG: stacked bars and lines over the hours of a drill, coloured by the page's classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from math import ceil, isclose, log10

from router.stage.drill.traffic import PARIS
from router.stage.drill.wording import Wording

_WIDTH, _HEIGHT = 920, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 26, 34
_ROUND = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
"""Tops whose quarters are round as well."""

_LINES = 4
_NIGHTS_TOO = 30


@dataclass(frozen=True, slots=True)
class Series:
    """One thing over the hours: its name, the class that colours it, and a value for each hour."""

    name: str
    look: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: at which hour, counted from 0, and what."""

    hour: float
    says: str


@dataclass(frozen=True, slots=True)
class Paper:
    """What all charts of a page are drawn on: its hours, what happened in them, and its language."""

    hours: Sequence[datetime]
    marks: Sequence[Mark]
    say: Wording

    def bars(self, series: Sequence[Series], label: str) -> str:
        """Stacked bars, an hour each."""
        columns = [*zip(*(each.values for each in series), strict=True)]
        top = _top(max((sum(values) for values in columns), default=0))
        parts = []
        for place, values in enumerate(columns):
            below = 0.0
            for each, value in zip(series, values, strict=True):
                if value:
                    height = _tall(value, top)
                    y = _y(below + value, top)
                    parts.append(
                        f'<rect class="{each.look}" x="{_LEFT + place * self._step:.1f}" y="{y:.1f}"'
                        f' width="{max(0.8, self._step - 0.8):.1f}" height="{height:.1f}"/>'
                    )
                below += value
        return self._chart(series, top, "".join(parts), label)

    def lines(self, series: Sequence[Series], label: str) -> str:
        """A line each."""
        top = _top(max((max(each.values, default=0) for each in series), default=0))
        drawn = []
        for each in series:
            points = " ".join(
                f"{_LEFT + (place + 1) * self._step:.1f},{_y(value, top):.1f}"
                for place, value in enumerate(each.values)
            )
            drawn.append(f'<polyline class="line {each.look}" points="{points}"/>')
        return self._chart(series, top, "".join(drawn), label)

    @property
    def _step(self) -> float:
        return (_WIDTH - _LEFT - _RIGHT) / max(1, len(self.hours))

    def _chart(self, series: Sequence[Series], top: float, drawn: str, label: str) -> str:
        legend = "".join(f'<span><i class="{each.look}"></i>{escape(each.name)}</span>' for each in series)
        return (
            f'<p class="legend">{legend}</p>'
            f'<p class="swipe">{escape(self.say.say("chart.swipe"))}</p>'
            '<div class="scroll" tabindex="0">'
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
            f"{''.join(self._grid(top))}{''.join(self._days())}{drawn}{''.join(self._marked())}</svg></div>"
        )

    def _grid(self, top: float) -> Iterator[str]:
        digits = digits_of(top)
        for part in range(_LINES + 1):
            value = top * part / _LINES
            y = _y(value, top)
            yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            text = f'<text class="axis" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            yield f"{text}{self.say.number(value, digits)}</text>"

    def _days(self) -> Iterator[str]:
        every = 12 if len(self.hours) > _NIGHTS_TOO else 6
        for place, at in enumerate(self.hours):
            if at.astimezone(PARIS).hour % every:
                continue
            x = _LEFT + place * self._step
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
            yield (
                f'<text class="axis" x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">'
                f"{self.say.hour(at)}</text>"
            )

    def _marked(self) -> Iterator[str]:
        """Numbered flags; those that would lie over each other stand a little apart."""
        shown = [(min(_WIDTH - 20.0, _LEFT + mark.hour * self._step), mark) for mark in self.marks]
        places = [shown[0][0]] if shown else []
        for (_, _), (x, _) in pairwise(shown):
            places.append(max(x, places[-1] + 16))
        for number, (x, (line, mark)) in enumerate(zip(places, shown, strict=True), 1):
            yield (
                f'<g class="mark"><title>{escape(mark.says)}</title>'
                f'<line x1="{line:.1f}" x2="{line:.1f}" y1="{_TOP - 6}" y2="{_HEIGHT - _BOTTOM}"/>'
                f'<circle cx="{x:.1f}" cy="{_TOP - 13}" r="8"/>'
                f'<text x="{x:.1f}" y="{_TOP - 9}" text-anchor="middle">{number}</text></g>'
            )


def _tall(value: float, top: float) -> float:
    return (_HEIGHT - _TOP - _BOTTOM) * value / top


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - _tall(value, top)


def digits_of(top: float) -> int:
    """Digits behind the point that every line of a chart needs, so that none is rounded."""
    exact = (few for few in range(4) if isclose(round(top / _LINES, few), top / _LINES))
    return next(exact, 4)


def _top(most: float) -> float:
    """A round number that is not below."""
    if most <= 0:
        return float(_LINES)
    power = 10.0 ** ceil(log10(most) - 1)
    return next(power * each for each in _ROUND if power * each >= most)

"""How a panel of Grafana is written down: one question, its queries, how the answer is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = (
    "green", "yellow", "orange", "red", "blue", "purple", "#8e8e8e",
)  # fmt: skip
CLEAR = "transparent"
"""What is below the first limit of lines, or above the last: they keep their own colours."""
A = 'account=~"$account"'
N = 'number=~"$number"'
PER_MINUTE = "suffix:/min"
COUNTS = frozenset({"short", PER_MINUTE})
"""Units of which nothing at all is drawn as a line at the ground, and not in the middle of nowhere."""
MONEY = "currencyEUR"
"""Of another ledger currency, Grafana has `currencyGBP`, `currency:CHF` and so on: see the README there."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and what its series are called; `instant`: as it is now; `table`: in columns."""

    expr: str
    legend: str = ""
    instant: bool = False
    table: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question, which is its title, and how the answer is drawn.

    Args:
        kind: Grafana's name of the panel.
        title: The question.
        says: How the answer is read, and what to do about a bad one.
        queries: What Prometheus is asked.
        unit: Grafana's name of the unit.
        steps: Colours by threshold; the first has no threshold.
        words: Values that are shown as a word and a colour.
        ranges: Likewise every value from this one on.
        size: Columns and rows of the grid.
        options: Of this kind of panel.
        custom: Of its fields.
        named: Colour of series by their name; more properties by name in `overrides`.
    """

    kind: str
    title: str
    says: str
    queries: Sequence[Query]
    unit: str
    steps: Sequence[tuple[float | None, str]] = ((None, GREEN),)
    words: Mapping[float, tuple[str, str]] = field(default_factory=dict)
    ranges: Mapping[float, tuple[str, str]] = field(default_factory=dict)
    size: tuple[int, int] = (8, 8)
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    defaults: Json = field(default_factory=dict)
    changes: Sequence[Json] = ()

    def written(self, number: int, x: int, y: int) -> Json:
        """The panel as JSON, at its place in the grid."""
        width, height = self.size
        found: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.says,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": width, "h": height},
            "fieldConfig": {"defaults": self._defaults(), "overrides": self._overrides()},
            "options": self.options,
            "targets": [_target(place, query) for place, query in enumerate(self.queries)],
        }
        if self.changes:
            found["transformations"] = list(self.changes)
        return found

    def _defaults(self) -> Json:
        words = [
            {"type": "value", "options": {f"{value:.15g}": {"text": text, "color": color, "index": place}}}
            for place, (value, (text, color)) in enumerate(self.words.items())
        ]
        ranges = [
            {
                "type": "range",
                "options": {
                    "from": least,
                    "to": None,
                    "result": {"text": text, "color": color, "index": place},
                },
            }
            for place, (least, (text, color)) in enumerate(self.ranges.items(), start=len(words))
        ]
        steps = [{"value": value, "color": color} for value, color in self.steps]
        return {
            "unit": self.unit,
            "thresholds": {"mode": "absolute", "steps": steps},
            "mappings": words + ranges,
            "color": {"mode": "palette-classic"},
            "custom": self.custom,
            **self.defaults,
        }

    def _overrides(self) -> list[Json]:
        return [
            override(name, color={"mode": "fixed", "fixedColor": color}) for name, color in self.named.items()
        ] + list(self.overrides)


def override(name: str, **properties: Any) -> Json:
    """Properties of one series or column, by its name; `__` in a property's name stands for a dot."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def _target(place: int, query: Query) -> Json:
    return {
        "refId": "ABCDEFGHIJ"[place],
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": query.instant,
        "range": not query.instant,
        "format": "table" if query.table else "time_series",
    }


# Kinds of panels


def stat(
    title: str, says: str, query: Query, *, unit: str, size: tuple[int, int] = (4, 3), **more: Any
) -> Panel:
    """One value, large, as it is now and not as it was before the router fell silent; `name`: whose it is.

    `nothing` says what it means that there is no value, in the first colour; else it is not known, and grey.
    """
    if "nothing" not in more:
        (_, first), *further = more.pop("steps", ((None, GREEN),))
        more["steps"] = ((None, GREY), (0, first), *further)
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if more.pop("name", False) else "value",
        "colorMode": "background",
        "graphMode": more.pop("graph", "none"),
        "justifyMode": "center",
        "orientation": "auto",
        "wideLayout": True,
    }
    defaults = {
        "color": {"mode": "thresholds"},
        "noValue": more.pop("nothing", "no data"),
        **more.pop("defaults", {}),
    }
    asked = Query(query.expr, query.legend, instant=True)
    return Panel(
        kind="stat", title=title, says=says, queries=[asked], unit=unit, size=size, options=options,
        defaults=defaults, **more,
    )  # fmt: skip


def trend(
    title: str, says: str, *queries: Query, unit: str, stacked: bool = False, bars: bool = False, **more: Any
) -> Panel:
    """Lines, areas or bars over time; `nothing`: what is said where there is no series."""
    if "nothing" in more:
        more["defaults"] = {"noValue": more.pop("nothing"), **more.get("defaults", {})}
    custom = {
        "drawStyle": "bars" if bars else "line",
        "lineWidth": 0 if bars or stacked else 2,
        "fillOpacity": 80 if bars or stacked else 8,
        "gradientMode": "none",
        "lineInterpolation": "linear",
        "showPoints": "never",
        "spanNulls": not stacked and not bars,
        "stacking": {"mode": "normal" if stacked or bars else "none", "group": "A"},
        "axisSoftMin": 0,
        **({"axisSoftMax": 1} if unit in COUNTS else {}),
        "thresholdsStyle": {"mode": "dashed" if more.get("steps") else "off"},
    } | more.pop("custom", {})
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel(
        kind="timeseries", title=title, says=says, queries=queries, unit=unit, custom=custom, options=options,
        **more,
    )  # fmt: skip


def timeline(
    title: str, says: str, query: Query, *, words: Mapping[float, tuple[str, str]], **more: Any
) -> Panel:
    """A bar for each series, coloured by its word at the time."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Panel(
        kind="state-timeline", title=title, says=says, queries=[query], unit="none", words=words,
        options=options, custom={"lineWidth": 0, "fillOpacity": 85},
        defaults={"color": {"mode": "thresholds"}}, **more,
    )  # fmt: skip


def gauges(
    title: str, says: str, query: Query, *, unit: str, most: float | None = None, **more: Any
) -> Panel:
    """A bar for each series, as long as its last value; `nothing`: what is said where there is none."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "color",
        "showUnfilled": True,
        "minVizHeight": 16,
        "maxVizHeight": 48,
        "minVizWidth": 8,
        "namePlacement": "left",
        "sizing": "manual",
        "text": {"titleSize": 14, "valueSize": 18},
    }
    limits = {"min": 0, "noValue": more.pop("nothing", "nothing yet")}
    limits |= {"max": most} if most is not None else {}
    return Panel(
        kind="bargauge", title=title, says=says, queries=[query], unit=unit, options=options,
        defaults={"color": {"mode": "thresholds"}, **limits}, **more,
    )  # fmt: skip


def table(
    title: str, says: str, *queries: Query, unit: str, columns: Mapping[str, str], **more: Any
) -> Panel:
    """A row for each series; `columns` are shown in this order under these names, the others not at all."""
    asked = [Query(query.expr, query.legend, instant=True, table=True) for query in queries]
    order = {name: place for place, name in enumerate(columns)}
    hidden = dict.fromkeys(sorted({"Time", *more.pop("hidden", ())}), True)
    organize = {"excludeByName": hidden, "indexByName": order, "renameByName": dict(columns)}
    return Panel(
        kind="table", title=title, says=says, queries=asked, unit=unit,
        options={"showHeader": True, "cellHeight": "sm"},
        custom={"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "minWidth": 70},
        changes=[{"id": "merge", "options": {}}, {"id": "organize", "options": organize}],
        defaults={"noValue": "none", "color": {"mode": "thresholds"}, **more.pop("defaults", {})}, **more,
    )  # fmt: skip

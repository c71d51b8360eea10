"""How a dashboard of Grafana is written down: panels laid out from left to right, variables, marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.grafana.drawing import ORANGE, RED, SOURCE, Json, Panel

WIDTH = 24
"""Columns of Grafana's grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard: its panels are laid out in their order, a new line where the next one does not fit."""

    uid: str
    title: str
    says: str
    panels: Sequence[Panel]
    variables: Sequence[str] = ("account",)
    span: str = "now-6h"
    refresh: str = "15s"

    def written(self) -> Json:
        """The dashboard as JSON."""
        return {
            "uid": f"paravent-{self.uid}",
            "title": f"Paravent: {self.title}",
            "description": self.says,
            "tags": ["paravent"],
            "schemaVersion": 41,
            "editable": True,
            "graphTooltip": 1,
            "refresh": self.refresh,
            "time": {"from": self.span, "to": "now"},
            "timezone": "browser",
            "links": [_LINKS],
            "annotations": {"list": [_note(*note) for note in NOTES]},
            "templating": {"list": [_SOURCES, *self._variables()]},
            "panels": self._laid_out(),
        }

    def _variables(self) -> list[Json]:
        return [_variable(name, name.capitalize(), _VALUES[name]) for name in self.variables]

    def _laid_out(self) -> list[Json]:
        found: list[Json] = []
        x = y = line = 0
        for number, panel in enumerate(self.panels, start=1):
            width, height = panel.size
            if x + width > WIDTH:
                x, y, line = 0, y + line, 0
            found.append(panel.written(number, x, y) | {"description": self._read(panel)})
            x, line = x + width, max(line, height)
        return found

    def _read(self, panel: Panel) -> str:
        """How a panel is read, and which of the chosen names it does not obey: then it is of all of them."""
        asked = " ".join(query.expr for query in panel.queries)
        all_of = [f"{name}s" for name in self.variables if f"${name}" not in asked]
        return f"{panel.says} Of all {' and all '.join(all_of)}." if all_of else panel.says


_VALUES = {
    "account": "label_values(paravent_account_state, account)",
    "number": "label_values(paravent_texts_received_total, number)",
}
_LINKS = {
    "type": "dashboards", "tags": ["paravent"], "title": "", "icon": "external link", "tooltip": "",
    "asDropdown": False, "includeVars": True, "keepTime": True, "targetBlank": False, "url": "",
}  # fmt: skip
_SOURCES = {
    "type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus", "hide": 0,
    "includeAll": False, "multi": False, "refresh": 1, "regex": "", "options": [],
}  # fmt: skip

NOTES = (
    ("Raids", "max(paravent_raid_active) == 1", "raid", "", RED),
    (
        "Cut off",
        'max by (account) (paravent_account_state{state=~"cut_off|operator_cut"}) == 1',
        "{{account}} is cut off",
        "account",
        ORANGE,
    ),
)
"""What is marked on every graph: name, expression, words, label, colour."""


def _note(name: str, expr: str, words: str, labels: str, color: str) -> Json:
    return {
        "name": name, "datasource": SOURCE, "enable": True, "hide": False, "iconColor": color,
        "expr": expr, "titleFormat": words, "tagKeys": labels, "step": "30s", "useValueForTime": False,
    }  # fmt: skip


def _variable(name: str, label: str, query: str) -> Json:
    return {
        "type": "query", "name": name, "label": label, "datasource": SOURCE,
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "includeAll": True, "allValue": ".*", "multi": True, "refresh": 2, "regex": "", "sort": 1, "hide": 0,
        "current": {"text": ["All"], "value": ["$__all"]}, "options": [],
    }  # fmt: skip

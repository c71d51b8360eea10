"""`python -m tests.grafana.pictures` ends as it should: a title that is cut is no success."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from tests.grafana.pictures import __main__ as pictures


def drawn(folder: Path, monkeypatch: pytest.MonkeyPatch, cut: list[str]) -> None:
    """Draw, with these titles found cut."""
    monkeypatch.setattr(pictures, "draw", AsyncMock(return_value=cut))
    monkeypatch.setattr(sys, "argv", ["pictures", str(folder), "--openmetrics", "played.om"])
    pictures.main()


def test_a_title_that_is_cut_is_said_and_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(tmp_path, monkeypatch, [])
    with pytest.raises(SystemExit) as ended:
        drawn(tmp_path, monkeypatch, ["grafana-now.png: Are all answered?"])
    assert ended.value.code == "titles that are cut:\ngrafana-now.png: Are all answered?"  # so it ends with 1

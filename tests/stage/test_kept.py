"""The same evening once more: decided the same, text by text, and kept in a folder to be counted again."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.stage.drill.counting import tell
from router.stage.drill.keeping import ENVIRONMENT, TakenError
from router.stage.drill.tale import Tale
from tests.cli.paravent import COMMAND
from tests.stage.conftest import KeptEvening
from tests.stage.evening import QUICK, told

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("evening")]


def test_the_same_seed_decides_the_same_text_by_text_whatever_is_under_way_at_once(
    evening: Tale, kept: KeptEvening
) -> None:
    assert _decisions(kept.tale) == _decisions(evening)
    assert kept.tale.digest == evening.digest
    assert kept.tale.money == evening.money


def _decisions(tale: Tale) -> dict[tuple[bytes, datetime], tuple[Any, ...]]:
    """What became of each text: who wrote it and when tells it from all others."""
    rows = tale.played.rows.texts
    found = {
        (row.texter, row.received_at): (row.state, row.reason, row.account, row.held, row.answered_at)
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def test_the_digest_tells_which_of_a_texters_texts_was_answered(evening: Tale) -> None:
    rows = evening.played.rows
    other = [
        row._replace(received_at=row.received_at + timedelta(seconds=1)) if not place else row
        for place, row in enumerate(rows.texts)
    ]
    assert tell(replace(evening.played, rows=replace(rows, texts=other))).digest != evening.digest


def test_kept_its_rows_are_there_to_be_counted_and_its_chain_to_be_verified(kept: KeptEvening) -> None:
    with (kept.folder / "rows" / "texts.csv").open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    assert len(texts) == 510
    assert sum(int(text["spent"]) for text in texts) == kept.tale.money.spent
    assert not any("+33" in file.read_text(encoding="utf-8") for file in (kept.folder / "rows").iterdir())
    asked = f". ./{ENVIRONMENT} && exec {shlex.join(COMMAND)} evidence verify"
    done = subprocess.run(
        ["sh", "-c", asked], cwd=kept.folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Nothing was changed" in done.stdout


async def test_a_folder_with_something_in_it_is_not_taken_to_keep_a_drill_in(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x", encoding="utf-8")
    with pytest.raises(TakenError, match="not empty"):
        await told(QUICK, keep=tmp_path)
    assert os.listdir(tmp_path) == ["mine"]  # noqa: PTH208 -- once

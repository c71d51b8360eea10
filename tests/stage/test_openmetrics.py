"""What /metrics said in a drill, as OpenMetrics: whole, in order, and what promtool takes."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from router.stage.drill.openmetrics import Record
from tests.stage.conftest import Seen

pytestmark = pytest.mark.xdist_group("evening")

NOW = datetime(2017, 11, 24, 17, tzinfo=UTC)
PAGE = """# HELP paravent_parts_total Parts.
# TYPE paravent_parts_total counter
paravent_parts_total{account="ovh"} 3.0
# HELP paravent_reply_duration_seconds Wait.
# TYPE paravent_reply_duration_seconds histogram
paravent_reply_duration_seconds_bucket{le="0.5"} 1.0
paravent_reply_duration_seconds_bucket{le="+Inf"} 1.0
paravent_reply_duration_seconds_count 1.0
paravent_reply_duration_seconds_sum 0.25
"""


class Pages(Record):
    """Sees what it is given."""

    def given(self, page: str, now: datetime) -> None:
        self._read(page)
        self._times.append(now)


async def test_families_samples_and_times_are_in_order(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        record = Pages("", session)
        record.given(PAGE, NOW)
        record.given(PAGE.replace("3.0", "4.0"), NOW + timedelta(minutes=1))
    record.write(tmp_path / "night.om")
    lines = (tmp_path / "night.om").read_text().splitlines()
    assert lines[:4] == [
        "# TYPE paravent_parts counter",
        "# HELP paravent_parts Parts.",
        'paravent_parts_total{account="ovh"} 3 1511542800.000',
        'paravent_parts_total{account="ovh"} 4 1511542860.000',
    ]
    assert lines[6].startswith('paravent_reply_duration_seconds_bucket{le="0.5"} 1 1511542800')
    assert lines[-1] == "# EOF"


@pytest.mark.require("promtool")
@pytest.mark.timeout(240)
def test_promtool_makes_blocks_of_a_drill(tmp_path: Path, seen: Seen) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    done = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", str(seen.metrics), str(tmp_path / "blocks")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "blocks").iterdir())) >= 4
